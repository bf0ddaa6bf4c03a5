"""The sample academy: loaded like a user's own material, proved like any other ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import func, select

from app import sample
from app.base.db import Database
from app.base.settings import SettingError, Settings, load
from app.credits import service as credits
from app.credits import verify
from app.credits.models import LearnerPeriod
from app.people.models import Person
from app.rules.access import ROLES
from app.rules.viewing import spans
from app.rules.viewing.trace import replay
from app.viewing.models import Coverage, Viewing
from app.viewing.traces import trace_of
from tests.services import DatabaseUrls

QUIET = Console(quiet=True)


@pytest.fixture
def settings(any_database: DatabaseUrls, tmp_path: Path) -> Settings:
    return load({"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url})


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    made = Database(settings.database_url)
    yield made
    made.engine.dispose()


def test_it_loads_once_and_its_ledger_is_proved(settings: Settings, db: Database) -> None:
    shown = sample.ensure(settings, QUIET)
    assert sample.ensure(settings, QUIET) == shown
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 74
        found = verify.verify(session)
        sums = list(session.scalars(select(LearnerPeriod.countable)))
    assert found.differences == []
    assert (found.learners, found.evidence > 180, found.transactions > 100) == (60, True, True)
    assert min(sums) == 0
    assert len(set(sums)) > 20
    accounts = json.loads((settings.data_dir / "accounts.json").read_text(encoding="utf-8"))
    assert {each["role"] for each in accounts} == set(ROLES)
    assert len({each["password"] for each in accounts}) == len(accounts) == 74
    assert (settings.data_dir / "accounts.json").stat().st_mode & 0o077 == 0


def test_every_trace_replays_its_coverage(settings: Settings, db: Database) -> None:
    """And time was long enough for all of it: nobody's viewings overlap, none counts more than it lasted."""
    sample.ensure(settings, QUIET)
    with db.reading() as session:
        viewings = session.scalars(select(Viewing).order_by(Viewing.learner_id, Viewing.id)).all()
        traces: dict[tuple[int, int], list[bytes]] = {}
        for each in viewings:
            traces.setdefault((each.learner_id, each.media_version_id), []).append(trace_of(session, each))
        rows = session.scalars(select(Coverage)).all()
        assert len(rows) > 50
        for row in rows:
            told = replay(traces[row.learner_id, row.media_version_id])
            assert (told.spans, told.pending) == (spans.unpack(row.spans), spans.unpack(row.pending))
            assert told.counted_ms == row.counted_ms > 0
        for old, new in pairwise(viewings):
            assert old.learner_id != new.learner_id or (old.ended_ms or 0) <= new.opened_ms
        lasted = sum((each.ended_ms or 0) - each.opened_ms for each in viewings)
        assert sum(row.counted_ms for row in rows) <= lasted


def test_an_interrupted_load_leaves_nothing(settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(credits, "settle", broken)
        with pytest.raises(KeyboardInterrupt):
            sample.ensure(settings, QUIET)
    db = Database(settings.database_url)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0
    db.engine.dispose()


def test_somebody_elses_academy_is_left_alone(settings: Settings, db: Database) -> None:
    from app.people import service as people

    with db.writing() as session:
        people.create_person(session, "somebody", "某人")
    assert sample.ensure(settings, QUIET) == []
    assert not (settings.data_dir / "accounts.json").exists()


def test_it_is_served_on_loopback_only(tmp_path: Path) -> None:
    settings = load({"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_HOST": "0.0.0.0"})
    with pytest.raises(SettingError, match=r"127\.0\.0\.1 only"):
        sample.ensure(settings, QUIET)
