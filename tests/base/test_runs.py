"""Long computations: begun, told, stopped, come back to, taken up again after a kill; and who may look."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text, update

from app.base import clock, runs, tasks
from app.base.db import Database
from app.base.errors import Refused
from app.base.runs import RunRow
from app.base.settings import Settings
from app.base.tasks import Task
from app.factory import Academy
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.services import DatabaseUrls

__all__ = ["academy_app", "traveller", "web_db"]


@runs.work("tests.count")
def count(db: Database, settings: Settings, progress: runs.Progress, upto: int, word: str = "") -> dict[str, Any]:
    """Counts, and does what the word says."""
    for number in range(upto):
        progress(number, upto)
    if word == "refuse":
        raise Refused("这个草稿读不出来")
    if word == "break":
        raise ZeroDivisionError("told to")
    if word == "again":
        raise tasks.Again
    return {"counted": upto, "word": word}


began, may_go = threading.Event(), threading.Event()


@runs.work("tests.held")
def held(db: Database, settings: Settings, progress: runs.Progress) -> dict[str, Any]:
    """Goes on until the test lets it, telling all the time."""
    progress(1, 4)
    began.set()
    until = time.monotonic() + 30
    while not may_go.wait(0.02) and time.monotonic() < until:
        progress(2, 4)
    return {"held": True}


@pytest.fixture
def db(any_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(runs, "TELL_EVERY", 0.0)
    began.clear()
    may_go.clear()
    made = Database(any_database.app_url)
    yield made
    made.engine.dispose()


def _begin(db: Database, kind: str = "tests.count", asked_by: int | None = 1, **parameters: object) -> int:
    with db.writing() as session:
        return runs.begin(session, kind, asked_by, **parameters)


def _one(db: Database, run_id: int) -> runs.Run:
    with db.reading() as session:
        found = runs.one(session, run_id)
    assert found is not None
    return found


def _make_due(db: Database) -> None:
    before = clock.now() - timedelta(seconds=1)
    with db.writing() as session:
        if db.sqlite:
            session.execute(update(Task).values(due_at=before))
        else:
            session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = :at"), {"at": before})


def test_it_waits_runs_and_keeps_what_came_of_it(db: Database) -> None:
    run_id = _begin(db, upto=3, word="三")
    waiting = _one(db, run_id)
    assert (waiting.state, waiting.is_open, waiting.started_at, waiting.result) == ("waiting", True, None, None)
    assert waiting.parameters == {"upto": 3, "word": "三"}
    assert tasks.run_one(db, tasks.RUNS) is True
    done = _one(db, run_id)
    assert (done.state, done.result, done.error) == ("done", {"counted": 3, "word": "三"}, None)
    assert (done.done, done.total) == (2, 3)
    assert done.started_at is not None
    assert done.finished_at is not None
    assert done.asked_at <= done.started_at <= done.finished_at
    assert tasks.run_one(db, tasks.RUNS) is False


def test_what_is_asked_with_a_rollback_was_never_asked(db: Database) -> None:
    with db.reading() as session:
        runs.begin(session, "tests.count", 1, upto=1)
        session.rollback()
    assert tasks.run_one(db, tasks.RUNS) is False
    with db.reading() as session:
        assert runs.latest(session, "tests.count") is None


def test_who_asks_again_comes_back_to_the_same(db: Database) -> None:
    first = _begin(db, upto=1)
    assert _begin(db, upto=1) == first
    assert _begin(db, upto=2) != first
    assert _begin(db, upto=1, asked_by=2) != first
    while tasks.run_one(db, tasks.RUNS):
        pass
    fresh = _begin(db, upto=1)
    assert fresh > first, "what is over is begun anew"


def test_the_latest_by_kind_state_and_parameters(db: Database) -> None:
    one, two = _begin(db, upto=1), _begin(db, upto=2)
    assert tasks.run_one(db, tasks.RUNS) is True
    with db.reading() as session:
        latest = {
            "any": runs.latest(session, "tests.count"),
            "done": runs.latest(session, "tests.count", state="done"),
            "of": runs.latest(session, "tests.count", upto=1),
            "none": runs.latest(session, "tests.count", upto=3),
            "other": runs.latest(session, "tests.held"),
        }
    assert {name: found and found.id for name, found in latest.items()} == {
        "any": two, "done": one, "of": one, "none": None, "other": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "error"), [("refuse", "这个草稿读不出来"), ("break", "ZeroDivisionError: told to")]
)  # fmt: skip
def test_a_failure_is_kept_and_not_tried_again(db: Database, word: str, error: str) -> None:
    run_id = _begin(db, upto=1, word=word)
    assert tasks.run_one(db, tasks.RUNS) is True
    assert tasks.run_one(db, tasks.RUNS) is False
    failed = _one(db, run_id)
    assert (failed.state, failed.error, failed.result, failed.is_open) == ("failed", error, None, False)


def test_one_that_waits_and_is_stopped_never_begins(db: Database) -> None:
    run_id = _begin(db, upto=1)
    with db.writing() as session:
        runs.cancel(session, run_id)
    assert _one(db, run_id).state == "cancelled"
    assert tasks.run_one(db, tasks.RUNS) is True
    stopped = _one(db, run_id)
    assert (stopped.state, stopped.started_at, stopped.result) == ("cancelled", None, None)


@pytest.fixture
def at_work(db: Database) -> Iterator[int]:
    """A run in the middle of its work, in a thread."""
    run_id = _begin(db, "tests.held")
    thread = threading.Thread(target=tasks.run_one, args=(db, tasks.RUNS))
    thread.start()
    assert began.wait(20)
    yield run_id
    may_go.set()
    thread.join(20)


def _until(db: Database, run_id: int, state: str) -> runs.Run:
    until = time.monotonic() + 20
    while (found := _one(db, run_id)).state != state and time.monotonic() < until:
        time.sleep(0.02)
    return found


def test_one_that_runs_tells_how_far_it_is_and_stops_when_asked(db: Database, at_work: int) -> None:
    running = _until(db, at_work, "running")
    assert (running.state, running.total) == ("running", 4)
    with db.writing() as session:
        runs.cancel(session, at_work)
    stopped = _until(db, at_work, "cancelled")
    assert (stopped.state, stopped.result, stopped.error) == ("cancelled", None, None)
    assert stopped.finished_at is not None
    with db.writing() as session:
        runs.cancel(session, at_work)
    assert _one(db, at_work) == stopped, "what is over cannot be stopped again"


def test_of_a_kind_one_runs_at_a_time(db: Database, at_work: int) -> None:
    other = _begin(db, "tests.held", asked_by=2)
    quick = _begin(db, upto=1)
    assert tasks.run_one(db, tasks.RUNS) is True
    assert _one(db, other).state == "waiting", "it was put back"
    assert tasks.run_one(db, tasks.RUNS) is True
    assert _one(db, quick).state == "done", "another kind does not wait for it"
    may_go.set()
    assert _until(db, at_work, "done").result == {"held": True}
    _make_due(db)
    assert tasks.run_one(db, tasks.RUNS) is True
    assert _one(db, other).state == "done"


def test_what_its_process_must_put_back_waits_untried(db: Database) -> None:
    run_id = _begin(db, upto=1, word="again")
    assert tasks.run_one(db, tasks.RUNS) is True
    assert _one(db, run_id).state == "waiting"
    with db.reading() as session:
        assert session.scalar(select(RunRow.tries)) == 0


def test_a_process_that_ends_puts_its_run_back(db: Database, at_work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr(tasks, "_stop", stop)
    stop.set()
    assert _until(db, at_work, "waiting").state == "waiting"


KILLED = """
import os, sys
from app.base import runs, tasks
from app.base.db import Database

@runs.work("tests.count")
def count(db, settings, progress, upto, word=""):
    progress(1, upto)
    os._exit(9)

tasks.run_one(Database(sys.argv[1]), tasks.RUNS)
"""


def test_a_killed_one_is_taken_up_from_its_start(db: Database, any_database: DatabaseUrls) -> None:
    run_id = _begin(db, upto=3)
    killed = subprocess.run([sys.executable, "-c", KILLED, any_database.app_url], check=False, timeout=60)
    assert killed.returncode == 9
    left = _one(db, run_id)
    assert (left.state, left.done, left.total) == ("running", 1, 3)
    _taken_for_dead(db)
    assert tasks.run_one(db, tasks.RUNS) is True
    done = _one(db, run_id)
    assert (done.state, done.result) == ("done", {"counted": 3, "word": ""})


def _taken_for_dead(db: Database) -> None:
    """As time would have it: nobody gives a sign of life."""
    with db.writing() as session:
        if not db.sqlite:
            session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 min'"))
            tasks.take_up_killed(session)
    if db.sqlite:
        _make_due(db)


def test_one_that_always_takes_its_process_with_it_ends(db: Database) -> None:
    run_id = _begin(db, upto=3)
    with db.writing() as session:
        session.execute(update(RunRow).values(tries=runs.MOST_TRIES, state="running", token="dead"))
    assert tasks.run_one(db, tasks.RUNS) is True
    ended = _one(db, run_id)
    assert (ended.state, ended.error) == ("failed", "its process died 3 times")


def test_one_that_was_taken_for_dead_and_lives_writes_nothing(db: Database, at_work: int) -> None:
    with db.writing() as session:
        session.execute(update(RunRow).values(token="another", done=3))
    time.sleep(0.2)
    may_go.set()
    time.sleep(0.2)
    left = _one(db, at_work)
    assert (left.state, left.done, left.result) == ("running", 3, None)


def test_an_open_one_without_a_task_gets_one_and_old_results_go(db: Database) -> None:
    lost, old = _begin(db, upto=2), _begin(db, upto=1)
    with db.writing() as session:
        session.execute(text("DELETE FROM task" if db.sqlite else "DELETE FROM procrastinate_jobs"))
        session.execute(
            update(RunRow)
            .where(RunRow.id == old)
            .values(state="done", result="{}", finished_at=clock.now() - timedelta(days=100))
        )
    for _again in range(2):
        with db.writing() as session:
            runs.sweep(session)
    assert _one(db, old).state == "done", "the newest result of a kind stays"
    assert tasks.run_one(db, tasks.RUNS) is True
    assert tasks.run_one(db, tasks.RUNS) is False, "one task, however often it is swept"
    assert _one(db, lost).state == "done"
    newer = _begin(db, upto=7)
    tasks.run_one(db, tasks.RUNS)
    with db.writing() as session:
        session.execute(update(RunRow).where(RunRow.id == lost).values(finished_at=clock.now() - timedelta(days=89)))
        runs.sweep(session)
        assert runs.one(session, old) is None
        assert {row.id for row in session.scalars(select(RunRow))} == {lost, newer}


def test_an_unknown_kind_is_refused_at_once_and_fails_where_it_is_not_known(db: Database) -> None:
    with db.reading() as session, pytest.raises(KeyError, match="no run of kind"):
        runs.begin(session, "tests.unknown", None)
    with db.writing() as session:
        run_id = factories.run(session, None, "tests.unknown", "waiting")
        runs.sweep(session)
    assert tasks.run_one(db, tasks.RUNS) is True
    assert _one(db, run_id).error == "KeyError: \"no run of kind 'tests.unknown' is registered\""


@pytest.fixture
def run_id(academy_app: Academy, web_db: Database, traveller: time_machine.Traveller) -> int:
    """A run that the credit reviewer asked for."""
    with web_db.writing() as session:
        factories.academy(session)
        reviewer = factories.person(session, "reviewer", "顾审", "credit_reviewer", "academy")
        factories.person(session, "auditor", "审计", "audit_admin", "academy")
        return runs.begin(session, "tests.count", reviewer.id, upto=5)


SEE = {"reviewer": 200, "academy": 200, "auditor": 200, "l001": 404, "head1": 404, "editor": 404}


def test_who_asked_and_who_looks_after_the_rules_see_how_far_it_is(academy_app: Academy, run_id: int) -> None:
    """Security: progress is not told to others; the answer holds no results, which name learners."""
    for login, status in SEE.items():
        answer = web.browser(academy_app, login).get(f"/runs/{run_id}")
        assert answer.status_code == status, login
        if status == 200:
            assert answer.json == {
                "id": run_id, "kind": "tests.count", "state": "waiting", "done": 0, "total": 0, "open": True,
                "stopping": False,
            }  # fmt: skip
            assert answer.headers["Cache-Control"] == "no-store"
    assert web.browser(academy_app, "academy").get(f"/runs/{run_id + 1}").status_code == 404


def test_who_asked_and_who_publishes_may_stop_it(academy_app: Academy, web_db: Database, run_id: int) -> None:
    for login in ("l001", "head1"):
        answer = web.send(web.browser(academy_app, login), "/account", f"/runs/{run_id}/stop")
        assert answer.status_code == 404, login
    assert _one(web_db, run_id).state == "waiting"
    answer = web.send(web.browser(academy_app, "academy"), "/account", f"/runs/{run_id}/stop")
    assert answer.status_code == 302
    assert _one(web_db, run_id).state == "cancelled"
