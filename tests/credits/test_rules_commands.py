"""`duxue rules check`: line and cause of every mistake, before anything is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli

RULES = Path(__file__).resolve().parents[2] / "content" / "rules"


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, ["rules", "check", *map(str, arguments)])


@pytest.mark.parametrize("file", sorted(RULES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_rule_pack_loads_and_could_be_published(file: Path) -> None:
    found = check(file)
    assert (found.exit_code, found.output.count("\n")) == (0, 1), found.output


def test_every_mistake_is_told_with_file_line_and_cause(tmp_path: Path) -> None:
    text = (RULES / "yunting-2026.toml").read_text("utf-8")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace('at_least = "0.9"', "at_least = 0.9").replace('unit = "hours"', "unit = 3"), "utf-8")
    found = check(wrong, RULES / "yunting-2026.toml")
    lines = found.output.splitlines()
    assert found.exit_code == 2
    assert [line.split(": ")[0] for line in lines] == [str(wrong)] * 2
    unit, place = (text[: text.index(word)].count("\n") + 1 for word in ("unit =", "at_least"))
    assert f"line {place}: [[mark]] 'ninety': 'at_least': a float is not exact" in lines[1]
    told = json.loads(check("--json", wrong).output)
    assert [each["line"] for each in told["mistakes"]] == [unit, place]


def test_files_are_versions_of_one_rule_set(tmp_path: Path) -> None:
    text = (RULES / "yunting-2026.toml").read_text("utf-8")
    later = tmp_path / "later.toml"
    later.write_text(text.replace("version = 1", "version = 2").replace("2026-01-01", "2027-01-01"), "utf-8")
    assert check(RULES / "yunting-2026.toml", later).exit_code == 0
    later.write_text(text.replace("version = 1", "version = 2"), "utf-8")
    found = check(RULES / "yunting-2026.toml", later)
    assert found.exit_code == 2
    assert "version and effective date must both rise" in found.output


def test_a_clause_without_its_text_is_told_and_no_mistake(tmp_path: Path) -> None:
    text = (RULES / "yunting-2026.toml").read_text("utf-8")
    bare = tmp_path / "bare.toml"
    bare.write_text("\n".join(line for line in text.split("\n") if "学满全长九成" not in line), "utf-8")
    found = check(bare)
    assert found.exit_code == 0
    assert "clause 'ninety' lacks its text" in found.output


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    found = check(tmp_path / "x.toml")
    assert (found.exit_code, "not UTF-8" in found.output) == (2, True)
