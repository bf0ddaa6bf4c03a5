"""What differs between two versions of the rules, clause by clause, as people read it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.rules.credit.errors import SINGLE

NOTED = ("id", "text")
NUMBERED = ("version", "effective")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause as printed; `keys` is its content as key = value texts, without id and text."""

    id: str
    kind: str
    text: Mapping[str, str]
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A clause that was added (`before` None), dropped (`after` None) or changed."""

    before: Clause | None
    after: Clause | None


def clauses(text: str) -> list[Clause]:
    """The clauses of a TOML text, in the order of writing; the header is none. It need not be a sound rule set: a
    row without an id has the id "", and what is no row is left out."""
    data = tomllib.loads(text)
    return [
        Clause(str(row.get("id", "")), kind, _printed(row.get("text", {})), _keys(row))
        for kind, rows in data.items()
        if isinstance(rows, list)
        for row in rows
        if isinstance(row, dict)
    ]


def changes(before: str, after: str) -> list[Change]:
    """What the second text changes in the first: in its own order, what it drops last."""
    old, new = (_named(clauses(text)) for text in (before, after))
    found = [Change(old.get(name), clause) for name, clause in new.items() if old.get(name) != clause]
    return found + [Change(clause, None) for name, clause in old.items() if name not in new]


def header(before: str, after: str) -> list[tuple[str, str, str]]:
    """The keys of [ruleset] and [period] that the second text changes: (key, before, after); "" where it is not
    written. The number and the day of a version change with every version."""
    old, new = ({table: _single(text, table) for table in SINGLE} for text in (before, after))
    return [
        (f"[{table}] {key}", _written(old[table], key), _written(new[table], key))
        for table in SINGLE
        for key in dict.fromkeys([*new[table], *old[table]])
        if key not in NUMBERED and old[table].get(key) != new[table].get(key)
    ]


def _named(found: list[Clause]) -> dict[tuple[str, int], Clause]:
    """By id; of several that share one, as a draft may have them, the first meets the first."""
    named: dict[tuple[str, int], Clause] = {}
    seen: dict[str, int] = {}
    for clause in found:
        seen[clause.id] = seen.get(clause.id, 0) + 1
        named[clause.id, seen[clause.id]] = clause
    return named


def _single(text: str, table: str) -> Mapping[str, Any]:
    found = tomllib.loads(text).get(table)
    return found if isinstance(found, dict) else {}


def _written(row: Mapping[str, Any], key: str) -> str:
    return _value(row[key]) if key in row else ""


def _printed(raw: object) -> Mapping[str, str]:
    if isinstance(raw, dict):
        return {str(language): str(words) for language, words in raw.items()}
    return {"zh": str(raw), "en": str(raw)}


def _keys(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((key, _value(value)) for key, value in row.items() if key not in NOTED)


def _value(value: object) -> str:
    """A value as the language writes it, near enough to recognise it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
