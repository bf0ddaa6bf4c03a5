"""What the import desk shows of a look: the difference page by page, masked where nobody needs the whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.base import labels
from app.base.cells import safe_cell
from app.base.numbers import hours
from app.roster import words
from app.roster.importing import OPENING
from app.roster.looking import field_word
from app.rules.roster.model import Fault
from app.rules.roster.opening import HALF, PAPER

PAGE = 50
KINDS = ("new", "changed", "moved", "leaving", "wrong", "duplicates", "units", "held")
_MIDDLE = re.compile(r"(?<=\d{3})\d{4}(?=\d{4}$)")


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A person and what changes: (column, old, new) each; `note` says what follows."""

    staff_number: str
    name: str
    row: int | None
    fields: tuple[tuple[str, str, str], ...]
    note: str


@dataclass(frozen=True, slots=True)
class Lines:
    """One page of one kind. `rows` are `ChangeLine`s, or dicts as `words.wrong` makes them, or tuples."""

    kind: str
    rows: list[Any]
    page: int
    pages: int
    total: int

    @property
    def first(self) -> int:
        """The number of the first row on this page, from 1."""
        return (self.page - 1) * PAGE + 1


def masked(field: str, value: object) -> str:
    """A value as a page shows it: a phone number without its middle, codes by their words."""
    if value is None or value == "":
        return str(_("(empty)"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if field == "phone":
        return _MIDDLE.sub("****", str(value))
    return labels.label(field, str(value))


def tabs(result: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """(kind, word, count) of everything that there is something of; the four main kinds always."""
    counts = result["counts"]
    if result.get("what") == OPENING:
        entries = [
            ("new", _("New"), counts["new"]), ("changed", _("Differs"), counts["changed"]),
            ("leaving", _("Not in the file"), counts["leaving"]), ("wrong", _("Wrong"), counts["wrong"]),
            ("held", _("Kept back"), result["held"]),
        ]  # fmt: skip
        return [(kind, str(word), count) for kind, word, count in entries if count or kind != "held"]
    found = [
        ("new", _("New"), counts["new"]), ("changed", _("Differs"), counts["changed"]),
        ("moved", _("Moved"), counts["moved"]), ("leaving", _("Leaving"), counts["leaving"]),
        ("wrong", _("Wrong"), counts["wrong"]), ("duplicates", _("Same person?"), result["twins"]),
        ("units", _("New units"), counts["units"]), ("held", _("Kept back"), result["held"]),
    ]  # fmt: skip
    return [(kind, str(word), count) for kind, word, count in found if count or kind in KINDS[:4]]


def page_of(result: Mapping[str, Any], detail: Mapping[str, Any], kind: str, page: int) -> Lines:
    """A page of one kind; pages that there are not lead to the nearest."""
    rows = _rows(detail, kind)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, page), pages)
    part = rows[(page - 1) * PAGE : page * PAGE]
    return Lines(kind, [_line(result, kind, each) for each in part], page, pages, len(rows))


def _rows(detail: Mapping[str, Any], kind: str) -> list[Any]:
    names = {"wrong": "faults", "duplicates": "twins", "units": "units", "held": "held"}
    return list(detail[names[kind]] if kind in names else detail["changes"].get(kind, []))


def _line(result: Mapping[str, Any], kind: str, row: Any) -> Any:
    if kind == "wrong":
        return wrong_line(result, row)
    if kind == "duplicates":
        why = _("same phone") if row[0] == "phone" else _("same name in the same unit")
        return (*row[1:], str(why))
    if kind == "units":
        return row[0], row[1], labels.label("nature", row[2]) if row[2] else ""
    if kind == "held":
        return (row,)
    staff_number, name, number, old, new, back, kept = row
    if result.get("what") == OPENING:
        return ChangeLine(staff_number, name, number, opening_fields(old, new), _opening_note(kind))
    fields = tuple((str(field_word(f)), masked(f, old.get(f)) if kind != "new" else "", masked(f, new[f])) for f in new)
    return ChangeLine(staff_number, name, number, fields, _note(kind, back, kept))


def _note(kind: str, back: bool, kept: bool) -> str:
    if back:
        return str(_("The account opens again."))
    if kind == "leaving":
        if kept:
            return str(_("The account stays: another source has this person, or it is closed already."))
        return str(_("The account is closed; unit and class end."))
    return ""


def opening_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """What is said of one thing: (what it is, as it stood, as the file has it)."""
    before, after = old.get("said"), new.get("said")
    said: list[str] = after or before or [""] * 8
    return ((_thing(said[0], said), _amount(before), _amount(after)),)


def _thing(key: str, said: Sequence[str]) -> str:
    kind, _sep, rest = key.partition(":")
    if kind == HALF:
        return str(_("Half-watched: %(course)s", course=said[3]))
    if kind == PAPER:
        return str(_("Certificate %(number)s", number=said[2]))
    return f"{kind} {labels.label('bucket', rest)}"


def _amount(said: Sequence[str] | None) -> str:
    if said is None:
        return str(_("(nothing)"))
    key, hours_m, certificate, course, seen_ms = said[:5]
    if key.startswith(f"{HALF}:"):
        return str(_("%(minutes)s minutes watched", minutes=int(seen_ms) // 60_000))
    if key.startswith(f"{PAPER}:"):
        return course or certificate
    return hours(int(hours_m)) + (f" · {certificate}" if certificate else "")


def _opening_note(kind: str) -> str:
    if kind == "leaving":
        return str(_("What was taken over is withdrawn."))
    return ""


def wrong_line(result: Mapping[str, Any], row: list[Any]) -> dict[str, Any]:
    """A fault in words."""
    fault = Fault(*row)
    column = result["headings"].get(fault.field) or field_word(fault.field)
    return {
        "sheet": fault.sheet, "row": fault.row, "column": column,
        "shown": fault.shown, "problem": words.problem(fault), "suggestion": words.suggestion(fault),
    }  # fmt: skip


def wrong_csv(result: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    """All faults as a file for whoever mends the roster."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    sheets = {row[6] for row in detail["faults"] if len(row) > 6} - {""}
    head = [_("Sheet")] if sheets else []
    writer.writerow([*head, _("Row no."), _("Column"), _("Stands there"), _("Problem"), _("Suggestion")])
    for row in detail["faults"]:
        line = wrong_line(result, row)
        place = [safe_cell(line["sheet"])] if sheets else []
        writer.writerow(
            [*place, line["row"], *(safe_cell(str(line[k])) for k in ("column", "shown", "problem", "suggestion"))]
        )
    return "\ufeff" + out.getvalue()


def bar(counts: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """(kind, x, width) of the bar over 1000: what stays the same takes at most three quarters of it."""
    parts = [("new", counts["new"]), ("changed", counts["changed"] + counts["moved"]), ("leaving", counts["leaving"])]
    parts.append(("wrong", counts["wrong"]))
    told = sum(count for _kind, count in parts)
    same = min(counts["unchanged"], told * 3) if told else counts["unchanged"]
    whole = max(1, told + same)
    found, x = [], 0
    for kind, count in (*parts, ("same", same)):
        width = count * 1000 // whole if kind != "same" else 1000 - x
        if count:
            width = max(6, width)
            found.append((kind, x, max(0, width - 2)))
            x += width
    return found
