"""`duxue credits verify` and `heads`: what they print and how they exit, whatever the database or the file holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import cli
from app.base.db import Database
from tests.credits.test_tampering import unlocked

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

Run = Callable[..., Result]


@pytest.fixture
def any_database(sqlite_database: DatabaseUrls) -> DatabaseUrls:
    """Commands say the same on both databases; nonsense can be written on SQLite only."""
    return sqlite_database


@pytest.fixture
def run(kept: Session, any_database: DatabaseUrls, tmp_path: Path) -> Run:
    """`duxue credits …` on an academy of two learners."""

    def duxue(*arguments: str | Path) -> Result:
        env = {"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url}
        found = CliRunner().invoke(cli.main, ["credits", *map(str, arguments)], env=env)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return duxue


def test_heads_that_were_exported_verify(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    assert run("heads", "--out", file).exit_code == 0
    said = json.loads(file.read_text(encoding="utf-8"))
    assert said == json.loads(run("heads").stdout)
    assert set(said) == {"learners", "rules", "rows"}
    assert set(said["learners"]["01LEARNER00000000000000001"]) == {"seq", "hash", "evidence", "digest", "numbers"}
    assert set(said["rules"]["yunting 1"]) == {"effective", "hash"}
    found = run("verify", "--json", "--heads", file)
    assert (found.exit_code, json.loads(found.stdout)["differences"]) == (0, 0)


@pytest.mark.parametrize(
    "data", [b"[]", b"{}", b"\xff", b"", b'{"01LEARNER00000000000000001": {"seq": "one", "hash": "x"}}']
)
def test_a_heads_file_of_another_shape_is_refused(run: Run, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "heads.json"
    file.write_bytes(data)
    found = run("verify", "--json", "--heads", file)
    assert (found.exit_code, found.stdout) == (2, "")
    assert "heads.json: not an export of `duxue credits heads`" in found.stderr


def test_a_word_for_a_number_in_the_heads_file_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    file.write_text(run("heads").stdout.replace('"seq": 7', '"seq": "7"'), encoding="utf-8")
    assert run("verify", "--heads", file).exit_code == 2


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("evidence SET happened_at = 'garbage' WHERE id = 2", "evidence 2.happened_at"),
        ("ledger_entry SET amount = 'abc' WHERE learner_id = 1 AND seq = 2 AND line = 0", "ledger_entry 2 0.amount"),
        ("learner_period SET period = 'nope' WHERE learner_id = 1", "learner_period nope.period"),
    ],
)
def test_nonsense_is_printed_and_not_fallen_over(run: Run, kept: Session, change: str, row: str) -> None:
    unlocked(kept)
    kept.execute(text(f"UPDATE {change}"))
    kept.commit()
    found = run("verify", "--json")
    assert found.exit_code == 1
    said = json.loads(found.stdout)
    assert (said["learners"], said["differences"]) == (2, len(said["found"]))
    assert row in [each["row"] for each in said["found"]]
    assert row in run("verify").stdout


def test_heads_of_nonsense_are_not_exported(run: Run, kept: Session, db: Database) -> None:
    kept.execute(text("UPDATE chain_head SET seq = 'x' WHERE learner_id = 1"))
    kept.commit()
    found = run("heads")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "duxue credits verify" in found.stderr


@pytest.mark.parametrize(
    ("setting", "value", "command"),
    [("PORT", "x", ["credits", "heads"]), ("DUXUE_TIMEZONE", "Mars/Base", ["migrate"]),
     ("DUXUE_HOST", "0.0.0.0", ["serve", "--sample"])],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, setting: str, value: str, command: list[str]) -> None:
    env = {"DUXUE_DATA_DIR": str(tmp_path), "PORT": "8460", setting: value}
    found = CliRunner().invoke(cli.main, command, env=env)
    assert (found.exit_code, type(found.exception)) == (1, SystemExit)
    assert setting in found.output


@pytest.mark.parametrize("command", [["credits", "verify"], ["credits", "heads"], ["backup", "x.tar.gz"], ["jobs"]])
def test_where_there_is_no_academy_none_is_made(tmp_path: Path, command: list[str]) -> None:
    found = CliRunner().invoke(cli.main, command, env={"DUXUE_DATA_DIR": str(tmp_path / "nowhere")})
    assert (found.exit_code, "there is no academy at" in found.output) == (1, True)
    assert not (tmp_path / "nowhere" / "duxue.sqlite").exists()
