"""A draft's text as a document: its rows, the lines on which they stand, and what is wrong with them."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.credits.workshop.fields import BY_NAME, SINGLES, TABLES
from app.credits.workshop.spans import Block, Rows, Statement, Value, read
from app.rules.credit.clauses import RuleSet
from app.rules.credit.document import load
from app.rules.credit.errors import RuleError, RuleErrors

Place = tuple[str, int | None]  # a table and a row; None: a single table
MOST_FIELDS = 5000
_HEAD = 12  # what a row has besides its own keys, about


@dataclass(slots=True)
class Lines:
    """On which lines (from 1, both ends included) a row stands, and each of its keys."""

    first: int
    last: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """A text that was read. `data` is None where it is no TOML: then there is no form of it. `rules`: it loads."""

    text: str
    data: dict[str, Any] | None
    rules: RuleSet | None
    errors: tuple[RuleError, ...]

    @property
    def many(self) -> bool:
        """More than a form can show: nobody's rules are so long, and a page of a million fields helps nobody."""
        return sum(_HEAD + len(row) for _place, row in self.rows()) > MOST_FIELDS

    @cached_property
    def where(self) -> dict[Place, Lines]:
        """The lines of every row; none where it is no TOML."""
        return lines(self.text) if self.data is not None else {}

    def rows(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Every table that can be edited in the form: the two single ones, then the rows of each kind."""
        for place in places(self.data or {}):
            yield place, row_of(self.data or {}, place)


def judge(text: str) -> Found:
    """Load it: what it says, and everything that is wrong with it."""
    text = text.removeprefix("\ufeff")  # `load` reads a text with such a beginning, `tomllib` does not
    try:
        rules = load(text)
    except RuleErrors as wrong:
        unread = any(not error.table for error in wrong.errors)
        return Found(text, None if unread else tomllib.loads(text), None, tuple(wrong.errors))
    return Found(text, tomllib.loads(text), rules, ())


def places(data: dict[str, Any]) -> list[Place]:
    """The single tables that are there and tables, then every row, in the order of the form; unknown tables last."""
    known = [name for name in data if name not in BY_NAME]
    singles = [name for name in (*(t.name for t in SINGLES), *known) if isinstance(data.get(name), dict)]
    found: list[Place] = [(name, None) for name in singles]
    for name in (*(table.name for table in TABLES), *known):
        rows = data.get(name)
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            found += [(name, index) for index in range(len(rows))]
    return found


def row_of(data: dict[str, Any], place: Place) -> dict[str, Any]:
    """The row at a place."""
    table, index = place
    found: dict[str, Any] = data[table] if index is None else data[table][index]
    return found


def find(data: dict[str, Any], place: Place, wanted: dict[str, Any]) -> Place | None:
    """Where a row is in another text: the one with its id, else what stands at its place without an id."""
    table, index = place
    there = [each for each in places(data) if each[0] == table and (each[1] is None) == (index is None)]
    if index is None:
        return place if place in there else None
    alike = [each for each in there if row_of(data, each).get("id") == wanted.get("id")]
    return alike[0] if len(alike) == 1 else (place if place in alike else None)


def lines(text: str) -> dict[Place, Lines]:
    """The lines of every row. Only for a text that is TOML."""
    count = _Counter(text)
    found: dict[Place, Lines] = {}
    for name, part in read(text).entries.items():
        if isinstance(part, Rows):
            found |= {(name, index): count.block(block) for index, block in enumerate(part.blocks)}
        elif isinstance(part, Block):
            found[name, None] = count.block(part)
        elif part.value.items is not None:
            items = enumerate(part.value.items)
            found |= {(name, index): count.inline(item) for index, item in items if item.keys is not None}
        elif part.value.keys is not None:
            found[name, None] = count.inline(part.value)
    return found


class _Counter:
    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(place + 1 for place, sign in enumerate(text) if sign == "\n")]

    def _line(self, place: int) -> int:
        return bisect_right(self._starts, place)

    def block(self, block: Block) -> Lines:
        """A table under a header: from its header on, without the comments above it."""
        head = block.start
        while head < block.end and self._text[head : self._text.find("\n", head) + 1].lstrip().startswith("#"):
            head = self._text.find("\n", head) + 1
        found = Lines(self._line(head), self._line(max(head, block.end - 1)))
        for key, part in block.entries.items():
            if isinstance(part, Statement):
                found.keys[key] = self._line(part.start), self._line(part.end - 1)
            elif isinstance(part, Block):
                found.keys[key] = self._line(part.start), self._line(max(part.start, part.end - 1))
        return found

    def inline(self, value: Value) -> Lines:
        """A table between braces."""
        found = Lines(self._line(value.start), self._line(value.end - 1))
        for key, (start, each) in (value.keys or {}).items():
            found.keys[key] = self._line(start), self._line(max(start, each.end - 1))
        return found


def place_of(error: RuleError, where: dict[Place, Lines], data: dict[str, Any]) -> tuple[Place | None, str]:
    """The row that a mistake is in, and its key; "" where it is about the row as a whole."""
    inside = [
        place for place, at in where.items() if at.first <= error.line <= at.last and error.table in ("", place[0])
    ]
    named = [place for place in inside if place[1] is not None and row_of(data, place).get("id") == error.id]
    if not inside:
        return None, ""
    place = (named or inside)[0]
    keys = [key for key, (first, last) in where[place].keys.items() if first <= error.line <= last]
    return place, keys[0] if len(keys) == 1 else ""
