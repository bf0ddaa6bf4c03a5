"""Every example under content/rules/examples comes out as its expectation says, and prints in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.rules.credit import document
from tests.rules.credit.spec.case import judge, tell

FOLDER = Path(__file__).parents[4] / "content" / "rules" / "examples"
CASES = sorted(path.name.removesuffix(".evidence.json") for path in FOLDER.glob("*.evidence.json"))
WANTED = [f"e{n:02}" for n in (1, 2, 3, 4, 5, 7, 9, 10, 12, 13, 15, 16, 17, 18, 23)]
WANTED += [f"row{n:02}" for n in range(1, 28)]


def rule_sets(case: str) -> list[str]:
    """The texts of all versions of the rule set that a case belongs to."""
    name = case.split(".")[0]
    paths = [FOLDER / f"{name}.toml", *sorted(FOLDER.glob(f"{name}.v*.toml"))]
    return [path.read_text(encoding="utf-8") for path in paths if path.exists()]


def expected(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{case}.expected.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("case", CASES)
def test_example(case: str) -> None:
    data = json.loads((FOLDER / f"{case}.evidence.json").read_text(encoding="utf-8"))
    wanted = expected(case)
    told = tell(
        rule_sets(case),
        data["evidence"],
        seals=data.get("seals"),
        until=wanted.get("until"),
        as_known=wanted.get("as_known"),
    )
    assert judge(told, wanted) == []


def test_no_example_is_missing_and_each_expects_something() -> None:
    names = {case.split(".")[0] for case in CASES}
    assert [name for name in WANTED if not any(each.startswith(name) for each in names)] == []
    assert all(set(expected(case)) - {"says", "until", "as_known"} for case in CASES)
    assert {path.name.removesuffix(".expected.json") for path in FOLDER.glob("*.expected.json")} == set(CASES)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_clause_has_its_text_in_both_languages(path: Path) -> None:
    assert document.load(path.read_text(encoding="utf-8")).without_text() == ()
