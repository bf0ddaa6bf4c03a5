"""Selectors: which pieces of evidence a clause is about.

A selector is a box: per field a finite set of values, or all but a finite set. So whether two can
fit one piece, and whether some cover another, is decided exactly when a rule set is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.rules.credit.errors import Misread, say
from app.rules.credit.kinds import CARRIED, FLAG_FIELDS, KINDS, TEXT_FIELDS

PIECE_FIELDS = ("kind", *TEXT_FIELDS, *FLAG_FIELDS, "clock")
BUCKET_FIELDS = (*PIECE_FIELDS, "bucket")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY = 1440


class SelectorError(Misread):
    """Not a selector of the language."""


@dataclass(frozen=True, slots=True)
class ValueSet:
    """These values, or (negated) all others; a missing value is one of the others."""

    values: frozenset[Any]
    negated: bool = False

    def has(self, value: object) -> bool:
        return (value in self.values) != self.negated

    def meet(self, other: ValueSet) -> ValueSet:
        if self.negated and other.negated:
            return ValueSet(self.values | other.values, True)
        if other.negated:
            return ValueSet(self.values - other.values)
        if self.negated:
            return ValueSet(other.values - self.values)
        return ValueSet(self.values & other.values)

    def minus(self, other: ValueSet) -> ValueSet:
        return self.meet(ValueSet(other.values, not other.negated))

    @property
    def empty(self) -> bool:
        return not self.negated and not self.values


_ANY = ValueSet(frozenset(), True)
# Fields whose values are all known: `not` becomes "the rest", so that coverage is exact.
_CLOSED = {"kind": frozenset((*KINDS, CARRIED)), "clock": frozenset(range(_DAY))}


def _everything(field: str) -> ValueSet:
    return ValueSet(_CLOSED[field]) if field in _CLOSED else _ANY


@dataclass(frozen=True, slots=True)
class Selector:
    """Every named field must fit; without fields it fits all."""

    sets: Mapping[str, ValueSet]

    def fits(self, values: Mapping[str, object]) -> bool:
        """Does a snapshot (with `clock` as minute of the day, and `bucket`) fit?"""
        return all(allowed.has(values.get(field)) for field, allowed in self.sets.items())

    def allowed(self, field: str) -> ValueSet:
        return self.sets.get(field) or _everything(field)

    def meet(self, other: Selector) -> Selector | None:
        """What fits both; None when nothing can."""
        sets = dict(self.sets)
        for field, allowed in other.sets.items():
            sets[field] = self.allowed(field).meet(allowed)
            if sets[field].empty:
                return None
        return Selector(sets)

    def minus(self, other: Selector) -> list[Selector]:
        """What fits this and not the other, as disjoint boxes."""
        rest: list[Selector] = []
        inside = dict(self.sets)
        for field, allowed in other.sets.items():
            here = inside.get(field) or _everything(field)
            outside = here.minus(allowed)
            if not outside.empty:
                rest.append(Selector({**inside, field: outside}))
            inside[field] = here.meet(allowed)
            if inside[field].empty:
                break
        return rest

    def minus_all(self, others: Iterable[Selector]) -> list[Selector]:
        """What fits this and none of the others."""
        boxes = [self]
        for other in others:
            boxes = [part for box in boxes for part in box.minus(other)]
        return boxes


def parse(data: object, fields: Sequence[str], *, carried: bool = False) -> Selector:
    """A selector from its TOML table; raises SelectorError. `carried`: may it name what was carried in?"""
    if not isinstance(data, dict):
        raise SelectorError(say('must be a table such as {kind = "watched"}'))
    sets: dict[str, ValueSet] = {}
    for field, raw in data.items():
        if field not in fields:
            allowed = ", ".join(fields)
            raise SelectorError(say("unknown selector key %(key)r; allowed: %(allowed)s", key=field, allowed=allowed))
        sets[field] = _clock(raw) if field == "clock" else _values(field, raw, carried)
    return Selector(sets)


def _values(field: str, raw: object, carried: bool) -> ValueSet:
    negated = False
    if isinstance(raw, dict):
        if list(raw) != ["not"]:
            raise SelectorError(say("%(key)r: a table here has the one key 'not'", key=field))
        raw, negated = raw["not"], True
    values = raw if isinstance(raw, list) else [raw]
    if not values:
        raise SelectorError(say("%(key)r: an empty list fits nothing", key=field))
    for value in values:
        _check(field, value, (*KINDS, CARRIED) if carried else KINDS)
    found = ValueSet(frozenset(values), negated)
    return _everything(field).meet(found) if field in _CLOSED else found


def _check(field: str, value: object, kinds: Sequence[str]) -> None:
    if field in FLAG_FIELDS:
        if not isinstance(value, bool):
            raise SelectorError(say("%(key)r: must be true or false, not %(found)r", key=field, found=value))
    elif not isinstance(value, str) or not value:
        raise SelectorError(say("%(key)r: must be a text, not %(found)r", key=field, found=value))
    elif field == "kind" and value not in kinds:
        raise SelectorError(say("unknown kind %(kind)r; allowed: %(allowed)s", kind=value, allowed=", ".join(kinds)))


def _clock(raw: object) -> ValueSet:
    minutes: set[int] = set()
    for span in raw if isinstance(raw, list) else [raw]:
        found = _SPAN.fullmatch(span) if isinstance(span, str) else None
        if found is None:
            raise SelectorError(say("'clock': must look like \"06:00-08:30\", not %(found)r", found=span))
        hour, minute, end_hour, end_minute = map(int, found.groups())
        begin, end = hour * 60 + minute, end_hour * 60 + end_minute
        if begin >= _DAY or end > _DAY or begin == end:
            raise SelectorError(say("'clock': %(found)r is not a span of a day", found=span))
        # A span over midnight is its two parts.
        minutes.update(range(begin, end) if begin < end else [*range(begin, _DAY), *range(end)])
    if not minutes:
        raise SelectorError(say("%(key)r: an empty list fits nothing", key="clock"))
    return ValueSet(frozenset(minutes))
