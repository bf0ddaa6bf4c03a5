"""`duxue classes assign`, as an operator runs it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from app.base.db import Database
from app.classes.models import ClassMembership, ClassRule
from app.cli import main
from tests import factories
from tests.classes import crowds
from tests.services import DatabaseUrls


@pytest.fixture
def academy(any_database: DatabaseUrls, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Database:
    """250 learners of schools in no class; the command's settings lead to it."""
    monkeypatch.setenv("DUXUE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DUXUE_DATABASE_URL", any_database.app_url)
    db = Database(any_database.app_url)
    with db.writing() as session:
        crowds.learners(session, crowds.unit(session, "s1"), 250)
        crowds.learners(session, crowds.unit(session, "h1", "hospital"), 10, first=1000)
    return db


def told(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(main, ["classes", "assign", "--json", *arguments])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_dry_run_says_what_would_change_and_changes_nothing(academy: Database) -> None:
    found = told("--dry-run")
    assert {name: found[name] for name in ("classes", "made", "joined", "moved", "stay", "left", "unplaced")} == {
        "classes": 1, "made": 1, "joined": 260, "moved": 0, "stay": 0, "left": 0, "unplaced": [],
    }  # fmt: skip
    assert list(found["sizes"].values()) == [260]  # ten are too few for a class of their own
    with academy.reading() as session:
        assert factories.count(session, ClassRule) == factories.count(session, ClassMembership) == 0
    academy.engine.dispose()


def test_a_run_keeps_the_first_rules_and_a_second_one_moves_nobody(academy: Database) -> None:
    assert told()["joined"] == 260
    found = told()
    assert (found["made"], found["joined"], found["moved"], found["stay"]) == (0, 0, 0, 260)
    with academy.reading() as session:
        assert factories.count(session, ClassRule) == 2
    academy.engine.dispose()


def test_the_plain_form_names_classes_and_who_has_none(academy: Database) -> None:
    with academy.writing() as session:
        crowds.rule(session, "school", sizes=(200, 400, 600))
    done = CliRunner().invoke(main, ["classes", "assign"])
    assert done.exit_code == 0, done.output
    assert "joined 250" in done.stdout
    assert "school" in done.stdout
    assert "unplaced: p01000 学员p01000: fits no rule" in done.stdout
    academy.engine.dispose()


def test_a_year_that_cannot_be_is_refused_with_its_reason(academy: Database) -> None:
    done = CliRunner().invoke(main, ["classes", "assign", "--year", "1999"])
    assert done.exit_code == 1
    assert "Classes are made for" in done.stderr
    academy.engine.dispose()
