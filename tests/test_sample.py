"""The sample academy: loaded like a user's own material, proved like any other ledger, and living on."""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import sample
from app.base.db import Database
from app.base.settings import SettingError, Settings, load
from app.classes import service as classes
from app.classes.models import CourseOffer, VirtualClass
from app.credits import service as credits
from app.credits import verify
from app.credits.books import traced
from app.credits.heads import export
from app.credits.models import Evidence, LearnerPeriod
from app.people import passwords
from app.people import queries as people_queries
from app.people import service as people
from app.people.models import Person, Unit
from app.rules.access import ROLES
from app.rules.viewing import spans
from app.rules.viewing.trace import replay
from app.sample import CONTENT
from app.tickets.models import Ticket
from app.viewing import replay as replaying
from app.viewing.models import Coverage, Viewing
from app.viewing.traces import trace_of
from tests.services import DatabaseUrls, PostgresServer, copy_sqlite

QUIET = Console(quiet=True)
PLAN = tomllib.loads((CONTENT / "sample" / "academy.toml").read_text(encoding="utf-8"))
with (CONTENT / "sample" / PLAN["learners"]).open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))
STAFF, NEW = len(PLAN["staff"]), len(PLAN["newcomers"])
LOADED = datetime(2026, 11, 16, 20, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
LATER = datetime(2026, 11, 26, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
A_WHILE = timedelta(minutes=10)  # the clock runs on while a sample loads


@dataclass(frozen=True, slots=True)
class Loaded:
    """A sample academy that was loaded on `LOADED`; `shown`: the accounts that the start printed."""

    settings: Settings
    db: Database
    shown: list[dict[str, str]]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("sqlite", marks=pytest.mark.xdist_group("sample-sqlite")),
        pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.xdist_group("sample-postgresql")]),
    ],
)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Loading takes a while: once for each database, and the tests of this file come in their order."""
    folder = tmp_path_factory.mktemp("sample")
    postgres: PostgresServer | None = None
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'duxue.sqlite'}"
        copy_sqlite(request.getfixturevalue("sqlite_template"), folder / "duxue.sqlite")
    else:
        postgres = request.getfixturevalue("postgres")
        assert postgres is not None
        url = postgres.new_database("t_sample_loaded").app_url
    settings = load({"DUXUE_DATA_DIR": str(folder), "DUXUE_DATABASE_URL": url})
    with time_machine.travel(LOADED):
        shown = sample.ensure(settings, QUIET)
    db = Database(settings.database_url)
    yield Loaded(settings, db, shown)
    db.engine.dispose()
    if postgres is not None:
        postgres.drop("t_sample_loaded")


def test_it_loads_once_and_its_ledger_is_proved(loaded: Loaded) -> None:
    with loaded.db.reading() as session:
        before = export(session)
    with time_machine.travel(LOADED):
        assert sample.ensure(loaded.settings, QUIET) == loaded.shown
        with loaded.db.reading() as session:
            assert export(session) == before
            assert session.scalar(select(func.count()).select_from(Person)) == len(ROWS) + STAFF + NEW
            found = verify.verify(session)
            sums = list(session.scalars(select(LearnerPeriod.countable)))
    assert found.differences == []
    assert (found.learners, found.evidence > 9000, found.transactions > 8000) == (len(ROWS), True, True)
    assert min(sums) == 0
    assert len(set(sums)) > 300


def test_everybody_has_an_account_of_their_own(loaded: Loaded) -> None:
    path = loaded.settings.data_dir / "accounts.json"
    accounts = json.loads(path.read_text(encoding="utf-8"))
    assert {each["role"] for each in accounts} == {each["role"] for each in loaded.shown} == set(ROLES)
    assert len({each["password"] for each in accounts}) == len(accounts) == len(ROWS) + STAFF
    assert path.stat().st_mode & 0o077 == 0
    assert [each["username"] for each in loaded.shown] == PLAN["shown"]
    known = {each["username"]: each["password"] for each in accounts}
    with loaded.db.reading() as session:
        for login in ("l001", "l600", "head3", "auditadmin"):
            assert passwords.matches(people_queries.known(session, login).password_hash, known[login]), login
        for each in PLAN["newcomers"]:
            assert people_queries.known(session, each["login"]).password_hash is None, "they begin with a slip"


def test_every_trace_replays_its_coverage(loaded: Loaded) -> None:
    """And time was long enough for all of it: nobody's viewings overlap, none counts more than it lasted."""
    with loaded.db.reading() as session:
        viewings = session.scalars(select(Viewing).order_by(Viewing.learner_id, Viewing.id)).all()
        traces: dict[tuple[int, int], list[bytes]] = {}
        for each in viewings:
            traces.setdefault((each.learner_id, each.media_version_id), []).append(trace_of(session, each))
        rows = session.scalars(select(Coverage)).all()
        assert len(rows) > 2000
        for row in rows:
            told = replay(traces[row.learner_id, row.media_version_id])
            assert (told.spans, told.pending) == (spans.unpack(row.spans), spans.unpack(row.pending))
            assert told.counted_ms == row.counted_ms > 0
        for old, new in pairwise(viewings):
            assert old.learner_id != new.learner_id or (old.ended_ms or 0) <= new.opened_ms
        lasted = sum((each.ended_ms or 0) - each.opened_ms for each in viewings)
        assert sum(row.counted_ms + row.pending_ms for row in rows) <= lasted
        assert 5 < sum(row.pending_ms > 0 for row in rows) < 60, "some wait for an answer to a presence check"


def test_evidence_of_lessons_agrees_with_their_traces(loaded: Loaded) -> None:
    traced.wire(replaying.replayed)
    with loaded.db.reading() as session:
        found = traced.sample(session, 0.1)
    assert found.differences == []
    assert found.drawn == found.replayed > 100


def test_it_has_units_of_all_natures_and_classes_of_all_sizes(loaded: Loaded) -> None:
    with loaded.db.reading() as session:
        natures = Counter(session.scalars(select(Unit.nature)))
        groups = session.scalar(select(func.count()).select_from(VirtualClass))
        tickets = Counter(session.scalars(select(Ticket.state)))
    assert sum(natures.values()) == 60
    assert set(natures) == set(PLAN["labels"]["nature"])
    assert groups == 8
    assert max(Counter(row["class"] for row in ROWS).values()) == 300
    assert len({row["name"] for row in ROWS}) == len(ROWS) == 600
    assert (tickets["open"] > 3, tickets["answered"] > 1) == (True, True)


def _sums(session: Session) -> dict[str, LearnerPeriod]:
    wanted = select(Person.login, LearnerPeriod).join(LearnerPeriod, LearnerPeriod.learner_id == Person.id)
    return dict(session.execute(wanted.where(LearnerPeriod.period == date(2026, 1, 1))).tuples().all())


def test_years_differ_as_people_do(loaded: Loaded) -> None:
    with loaded.db.reading() as session:
        sums = _sums(session)
        last = session.execute(
            select(Person.login, func.max(Evidence.happened_at))
            .join(Evidence, Evidence.learner_id == Person.id)
            .where(Evidence.kind.in_(("watched", "watched_elsewhere")))
            .group_by(Person.login)
        )
        active = dict(last.tuples().all())
    kinds: dict[str, list[str]] = {}
    for row in ROWS:
        kinds.setdefault(row["year"], []).append(row["login"])
    assert all(sums[login].met for login in kinds["early"])
    assert all(sums[login].countable == 0 and login not in active for login in kinds["never"])
    assert max(active[login] for login in kinds["stopped"]) < datetime(2026, 8, 1, tzinfo=UTC)
    assert not any(sums[login].met for login in (*kinds["rush"], *kinds["slow"], *kinds["stopped"]))
    assert 0.2 < sum(sums[login].met for login in kinds["steady"]) / len(kinds["steady"]) < 0.8
    assert max(active.values()) <= LOADED + A_WHILE


def test_started_again_days_later_its_learners_have_gone_on(loaded: Loaded) -> None:
    """Nothing that was there changes; who has left or may not sign in does nothing; a second start adds nothing."""
    db, [gone, barred] = loaded.db, [row["login"] for row in ROWS if row["year"] == "catching"][:2]
    with time_machine.travel(LOADED), db.writing() as session:
        wanted = select(Person.login, Person.id).where(Person.login.in_((gone, barred)))
        ids = dict(session.execute(wanted).tuples().all())
        classes.leave_class(session, ids[gone], LOADED.date(), None)
        people.disable(session, ids[barred], None)
        offer = session.scalars(select(CourseOffer).where(CourseOffer.due.is_not(None)).limit(1)).one()
        offer.due = LATER.date()
        before = {each.id: each.payload_hash for each in session.scalars(select(Evidence))}
    with time_machine.travel(LATER):
        sample.ensure(loaded.settings, QUIET)
        with db.reading() as session:
            after = {each.id: each for each in session.scalars(select(Evidence))}
            found, heads = verify.verify(session), export(session)
            offers = list(session.scalars(select(CourseOffer.due).where(CourseOffer.withdrawn_at.is_(None))))
        sample.ensure(loaded.settings, QUIET)
        with db.reading() as session:
            assert export(session) == heads
    assert all(after[number].payload_hash == each for number, each in before.items())
    new = [each for number, each in after.items() if number not in before]
    assert 100 < len(new) < 1000
    assert all(LOADED < each.happened_at <= LATER + A_WHILE for each in new)
    assert not {each.learner_id for each in new} & set(ids.values())
    assert found.differences == []
    assert all(due is None or due > LATER.date() for due in offers)


@pytest.fixture
def settings(any_database: DatabaseUrls, tmp_path: Path) -> Settings:
    return load({"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url})


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    made = Database(settings.database_url)
    yield made
    made.engine.dispose()


def test_an_interrupted_load_leaves_nothing(settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(credits, "settle", broken)
        with pytest.raises(KeyboardInterrupt):
            sample.ensure(settings, QUIET)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0


def test_somebody_elses_academy_is_left_alone(settings: Settings, db: Database) -> None:
    with db.writing() as session:
        people.create_person(session, "somebody", "某人")
    assert sample.ensure(settings, QUIET) == []
    assert not (settings.data_dir / "accounts.json").exists()


def test_it_is_served_on_loopback_only(tmp_path: Path) -> None:
    settings = load({"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_HOST": "0.0.0.0"})
    with pytest.raises(SettingError, match=r"127\.0\.0\.1 only"):
        sample.ensure(settings, QUIET)
