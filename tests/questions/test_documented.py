"""What docs/questions.md shows is read as it says."""

from __future__ import annotations

import re
from pathlib import Path

from app.rules.questions.gift import NotTaken, Taken, parse

TEXT = (Path(__file__).parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")


def test_every_example_that_is_taken() -> None:
    examples = re.findall(r"(?s)```\n(.*?)```", TEXT)
    assert len(examples) >= 8
    for example in examples:
        found = list(parse(example))
        assert [type(each) for each in found] == [Taken], example


def test_every_example_that_is_not_taken() -> None:
    rows = re.findall(r"(?m)^\| ([\w ]+) \| `(.+?)` \|", TEXT)
    kinds = []
    for _name, example in rows:
        (found,) = parse(example)
        assert isinstance(found, NotTaken), example
        kinds.append(found.kind)
    assert kinds == ["essay", "short", "numerical", "matching", "description", "picture"]
