"""How parts of a draft are shown: conditions as chips, what was typed over what is kept, what a simulation found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.base.pages import is_english
from app.base.runs import Run
from app.credits.workshop.fields import BY_NAME
from app.credits.workshop.form import RowView, Typed
from app.credits.workshop.words import field_label, value_label

KNOWN = frozenset(BY_NAME)
_SELECTORS = ("when", "who", "evidence")


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition in words."""

    field: str
    text: str
    negated: bool


def chips(row: RowView) -> list[Chip]:
    """The conditions of a row, as its head shows them."""
    found = []
    for key in _SELECTORS:
        conditions = row.data.get(key)
        for name, raw in conditions.items() if isinstance(conditions, Mapping) else ():
            negated = isinstance(raw, dict) and list(raw) == ["not"]
            value = raw["not"] if negated and isinstance(raw, dict) else raw
            values = value if isinstance(value, list) else [value]
            said = (", " if is_english() else "、").join(
                value_label(name, each) for each in values if isinstance(each, str | bool)
            )
            found.append(Chip(str(field_label(name)), said, negated))
    return found


def overlay(views: list[RowView], typed: Typed) -> None:
    """Put what was typed, and not kept, over what is kept; name the fields that could not be."""
    for row in views:
        for each in row.fields:
            for part in each.inputs:
                each.inputs[part] = typed.inputs.get(each.name + part, each.inputs[part])
            each.refused = typed.refused.get(each.name, "")


def result(run: Run | None) -> dict[str, Any] | None:
    """What a finished simulation found; None while there is nothing."""
    return run.result if run is not None and run.state == "done" else None
