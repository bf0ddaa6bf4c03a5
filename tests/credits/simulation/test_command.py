"""`duxue rules simulate`: as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli
from app.base.db import Database
from app.credits import service
from tests.credits import samples
from tests.services import DatabaseUrls


@pytest.fixture
def draft(
    db: Database, any_database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:  # fmt: skip
    """A file with a draft; the academy has two learners, one with eight hours that count."""
    monkeypatch.setenv("DUXUE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DUXUE_DATABASE_URL", any_database.app_url)
    with db.writing() as session:
        service.publish_rules(session, samples.RULES, None)
        for number in (1, 2):
            learner = samples.new_learner(session, number)
            if number == 1:
                samples.watch(session, learner, 1, hours=9)
            service.settle(session, learner)
    path = tmp_path / "draft.toml"
    path.write_text(samples.RULES.replace("version = 1", "version = 2").replace("2026-01-01", "2027-01-01"), "utf-8")
    return path


def simulate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, ["rules", "simulate", *map(str, arguments)])


def change(draft: Path, old: str, new: str) -> None:
    text = draft.read_text("utf-8")
    assert old in text
    draft.write_text(text.replace(old, new), "utf-8")


def test_who_gains_who_loses_and_by_what(draft: Path) -> None:
    change(draft, "limit = 8", "limit = 5")
    found = simulate(draft, "--as-if", "2026-01-01")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[0] == (
        "yunting version 2, taken to hold from 2026-01-01; period 2026-01-01 to 2026-12-31, as far as it is known today"
    )
    assert lines[1] == "learners 2  changed 1  gain 0  lose 1"
    assert lines[2] == "duty met 0 of 2 before, 0 of 2 after"
    assert lines[3].split() == ["day", "gain", "0", "lose", "1", "−3.0"]
    assert lines[4] == f"  {'01LEARNER' + '1'.zfill(17)} 学员1: 8.0 → 5.0, missing 42.0 → 45.0 (day)"


def test_as_json(draft: Path) -> None:
    found = simulate(draft, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["learners"], told["changed"], told["as_if"], told["effective"]) == (2, 0, None, "2027-01-01")


def test_every_mistake_with_its_line_and_nothing_else(draft: Path) -> None:
    change(draft, "limit = 8", "limit = 8.5")
    change(draft, 'unit = "hours"', "unit = 3")
    found = simulate(draft)
    assert (found.exit_code, found.stdout) == (2, "")
    lines = found.stderr.strip().splitlines()
    assert [line.split(":")[0] for line in lines] == ["line 7", "line 44"]


def test_what_cannot_be_used_is_said(draft: Path, tmp_path: Path) -> None:
    found = simulate(draft, "--as-if", "tomorrow")
    assert (found.exit_code, "--as-if" in found.stderr) == (2, True)
    change(draft, 'id = "yunting"', 'id = "elsewhere"')
    found = simulate(draft)
    assert (found.exit_code, "keep this id" in found.stderr) == (2, True)
    draft.write_bytes(b"\xff\xfe")
    found = simulate(draft)
    assert (found.exit_code, str(draft) in found.stderr) == (2, True)
