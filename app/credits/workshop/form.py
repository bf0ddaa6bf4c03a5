"""The form of a draft: made from the text, and what was changed in it cut back into the text."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.credits.workshop import surgery, widgets
from app.credits.workshop.document import Found, Lines, Place, find, judge, place_of, places, row_of
from app.credits.workshop.fields import BY_NAME, ID, TEXT, Field, Table
from app.credits.workshop.inputs import ABSENT, Inputs
from app.credits.workshop.widgets import RAW
from app.rules.credit.errors import RuleError

MOST_MISTAKES = 100


@dataclass(slots=True)
class Mistake:
    """What is wrong, in the reader's language (`whole`: with its line and row): its line, the place of its row on
    the page ("" where none) and the key that it is about."""

    line: int
    said: str
    whole: str
    excerpt: str
    anchor: str
    key: str


@dataclass(slots=True)
class FieldView:
    """One key of a row with its inputs. `name` is the beginning of their names. `raw`: edited as TOML."""

    field: Field
    name: str
    inputs: Inputs
    raw: bool
    written: bool
    line: int
    mistakes: list[Mistake] = dataclasses.field(default_factory=list)
    refused: str = ""

    @property
    def conditions(self) -> list[str]:
        """The fields that a selector names."""
        return [name for name in self.field.selects if f":{name}" in self.inputs]

    @property
    def steps(self) -> list[int]:
        """The places of the rows of steps, the last one empty."""
        return [place for place in range(len(self.inputs)) if f":{place}:at" in self.inputs]


@dataclass(slots=True)
class RowView:
    """A row of the document. `index` None: a single table."""

    table: str
    index: int | None
    id: str
    text: Mapping[str, str]
    data: dict[str, Any]
    lines: Lines
    fields: list[FieldView]
    last: bool
    mistakes: list[Mistake] = dataclasses.field(default_factory=list)

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return anchor((self.table, self.index))

    @property
    def wrong(self) -> int:
        """How many mistakes it has, those of its fields included."""
        return len(self.mistakes) + sum(len(each.mistakes) + bool(each.refused) for each in self.fields)


def anchor(place: Place) -> str:
    """`row-cap-0`; `row-period`."""
    return f"row-{place[0]}" if place[1] is None else f"row-{place[0]}-{place[1]}"


def fields_of(table: str, row: Mapping[str, Any], index: int | None) -> list[Field]:
    """The fields of a row: those of the language, then what stands in the text besides."""
    known: Table | None = BY_NAME.get(table)
    own = list(known.fields) if known else []
    if index is not None:
        own = [ID, *own, TEXT]
    names = {each.key for each in own}
    return own + [Field(key, "raw", key) for key in row if key not in names]


def inputs_of(kind: Field, value: Any) -> tuple[Inputs, bool]:
    """The inputs of a value, and whether they hold it as TOML."""
    found = widgets.shown(kind, value)
    return ({RAW: widgets.as_toml(value)}, True) if found is None else (found, False)


def name_of(place: Place, key: str) -> str:
    """The beginning of the names of a field's inputs: `f|cap|0|limit`."""
    return f"f|{place[0]}|{'' if place[1] is None else place[1]}|{key}"


def rows(found: Found, mistakes: list[Mistake]) -> list[RowView]:
    """Every row with its fields and mistakes; none where the text is no TOML, or too long for a form."""
    if found.data is None or found.many:
        return []
    counts = {place: len(found.data[place[0]]) for place in places(found.data) if place[1] is not None}
    return [
        _row(place, row, found.where[place], mistakes, place[1] is None or place[1] == counts[place] - 1)
        for place, row in found.rows()
    ]


def _row(place: Place, row: dict[str, Any], at: Lines, mistakes: list[Mistake], last: bool) -> RowView:
    mine = [each for each in mistakes if each.anchor == anchor(place)]
    fields = []
    for kind in fields_of(place[0], row, place[1]):
        inputs, raw = inputs_of(kind, row.get(kind.key, ABSENT))
        line = at.keys.get(kind.key, (at.first, 0))[0]
        wrong = [each for each in mine if each.key == kind.key]
        fields.append(FieldView(kind, name_of(place, kind.key), inputs, raw, kind.key in row, line, wrong))
    shown = {each.field.key for each in fields}
    rest = [each for each in mine if each.key not in shown]
    text = row.get("text", row.get("title"))
    printed = {str(language): str(words) for language, words in text.items()} if isinstance(text, dict) else {}
    return RowView(place[0], place[1], str(row.get("id", "")), printed, row, at, fields, last, rest)


def mistakes(found: Found, more: tuple[RuleError, ...] = ()) -> list[Mistake]:
    """What is wrong, by line, the first `MOST_MISTAKES`; `more`: what only keeps it from being published."""
    written = found.text.split("\n")
    told = []
    for error in sorted({*found.errors, *more})[:MOST_MISTAKES]:
        place, key = place_of(error, found.where, found.data or {})
        excerpt = written[error.line - 1].strip() if 0 < error.line <= len(written) else ""
        told.append(
            Mistake(
                error.line, error.message.told(_), error.said().told(_), excerpt, anchor(place) if place else "", key
            )
        )
    return told


class Clash(Exception):
    """The form and the text were both changed, and not to the same. `rows`: where."""

    def __init__(self, rows: list[str]) -> None:
        super().__init__(", ".join(rows))
        self.rows = rows


@dataclass(slots=True)
class Typed:
    """What a form sent back: the text that it was made from, that text as it is now, and its inputs by name."""

    base: str
    text: str
    inputs: Mapping[str, str]
    refused: dict[str, str] = dataclasses.field(default_factory=dict)  # the field's name → "toml" or "line N"

    def merged(self) -> str:
        """The text with the form's changes; what cannot be cut in is named in `refused` and left out. Clash."""
        changes = list(self._changes())
        if not changes:
            return self.text
        data = judge(self.text).data
        if data is None:
            raise Clash(sorted({place[0] for place, *_rest in changes}))
        text, clashes = self.text, []
        for place, row, key, value in changes:
            there = find(data, place, row)
            old = row.get(key, ABSENT)
            if there is None or not _same(row_of(data, there).get(key, ABSENT), old):
                clashes.append(f"[{place[0]}] {row.get('id', '')} {key}")
                continue
            text = self._cut(text, there, key, value, name_of(place, key))
        if clashes:
            raise Clash(clashes)
        return text

    def _changes(self) -> Iterator[tuple[Place, dict[str, Any], str, Any]]:
        """(place, row, key, new value) of everything that was typed. Ids last: rows are found by them."""
        found = judge(self.base)
        if not any(name.startswith("f|") for name in self.inputs):
            return
        given: dict[str, Inputs] = {}
        for name, text in self.inputs.items():
            head, part = _split_name(name)
            given.setdefault(head, {})[part] = text
        late = []
        for place, row in found.rows():
            for kind in fields_of(place[0], row, place[1]):
                name, old = name_of(place, kind.key), row.get(kind.key, ABSENT)
                inputs = given.get(name)
                if inputs is None or inputs == inputs_of(kind, old)[0]:
                    continue
                try:
                    value = _like(old, widgets.typed(kind, inputs))
                except widgets.NotToml:
                    self.refused[name] = "toml"
                    continue
                if not _same(value, old):
                    change = place, row, kind.key, value
                    if kind.key == "id":
                        late.append(change)
                    else:
                        yield change
        yield from late

    def _cut(self, text: str, place: Place, key: str, value: Any, name: str) -> str:
        table, index = place
        path: surgery.Path = (table,) if index is None else (table, index)
        row = dict(row_of(tomllib.loads(text), place))
        if value is ABSENT:
            row.pop(key, None)
        else:
            row[key] = value
        try:
            return surgery.rewrite(text, path, row)
        except surgery.Unwritable as error:
            self.refused[name] = str(error.line)
            return text


def _split_name(name: str) -> tuple[str, str]:
    """`f|test|0|over:months` → (`f|test|0|over`, `:months`); `f|cap|0|when+:is` → (…, `+:is`)."""
    parts = name.split("|", 3)
    if len(parts) < 4:
        return name, ""
    cut = min((found for found in (parts[3].find(sign) for sign in ":+") if found >= 0), default=len(parts[3]))
    return "|".join((*parts[:3], parts[3][:cut])), parts[3][cut:]


def _same(one: Any, other: Any) -> bool:
    return one is other or (one is not ABSENT and other is not ABSENT and surgery.same(one, other))


def _like(old: Any, new: Any) -> Any:
    """The new value, with every part that means what the old one did written as that was."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: _like(old.get(key, ABSENT), value) for key, value in new.items()}
    if isinstance(old, list) and (old == [new] or old == new):
        return old
    if isinstance(old, list) and isinstance(new, list):
        return [_like(old[place] if place < len(old) else ABSENT, value) for place, value in enumerate(new)]
    return old if isinstance(old, str | int) and type(old) is not bool and str(old) == str(new) else new
