"""What one version says about one kind of piece: selectors are matched once per snapshot, not per piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from operator import itemgetter
from typing import TypeVar

from app.rules.credit.clauses import Cap, Convert, Duplicate, Mark, Needs, Round, RuleSet, Weight
from app.rules.credit.evidence import SNAPSHOT, Numbers, Snapshot
from app.rules.credit.formula import Predicate, Value, divide
from app.rules.credit.kinds import CARRIED, NUMBERS
from app.rules.credit.selector import Selector

_Clause = TypeVar("_Clause")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The clauses that judge such a piece. Each case gives `value(numbers) × top / bottom` thousandths.

    Equal only to itself: a book keeps each but once.
    """

    version: RuleSet
    convert: Convert
    bucket: str
    series: str | None
    mark: Mark | None
    weights: tuple[Weight, ...]
    cases: tuple[tuple[Predicate | None, Value, int, int], ...]
    round: Round | None
    needs: tuple[Needs, ...]
    duplicates: tuple[Duplicate, ...]
    caps: tuple[Cap, ...]
    # What selectors of tests and shares read of such pieces.
    seen: Mapping[str, object]
    # Is every piece rounded by itself?
    plain: bool = True
    carried: bool = False

    def exact(self, numbers: Numbers) -> tuple[int, int]:
        """The amount before rounding, in thousandths: numerator and denominator (> 0), never below 0."""
        for test, value, top, bottom in self.cases:
            if test is None or test(numbers):
                found = value(numbers) * top
                return (found, bottom) if found > 0 else (0, 1)
        return 0, 1

    def rounded(self, top: int, bottom: int) -> int:
        """The one rounding, in thousandths."""
        rule = self.round
        if rule is None:
            return top // bottom
        step, bottom = rule.to_m, bottom * rule.to_m
        # Nearly every rule set rounds like this: one call less for every piece.
        whole = (2 * top + bottom) // (2 * bottom) if rule.mode == "nearest" else divide(top, bottom, rule.mode)
        whole *= step
        return whole if whole >= rule.minimum_m else 0


def values(snapshot: Snapshot, minute: int, bucket: str | None = None) -> dict[str, object]:
    """What selectors read; `minute` of the academy-local day stands for `clock`."""
    return {**dict(zip(SNAPSHOT, snapshot, strict=True)), "clock": minute, "bucket": bucket}


def compiled(version: RuleSet, snapshot: Snapshot, minute: int) -> Plan | None:
    """The plan for such pieces; None where no conversion fits."""
    seen = values(snapshot, minute)
    convert = _convert(version, seen)
    if convert is None:
        return None
    bucket = convert.bucket or (convert.bucket_field and seen[convert.bucket_field]) or version.unit
    seen["bucket"] = bucket
    weights = tuple(w for w in version.weights if w.when.fits(seen))
    times = prod((w.times for w in weights), start=Fraction(1))
    cases = []
    for case in convert.cases:
        scale = case.gives.coeff * times * 1000
        cases.append((case.test, case.gives.value, scale.numerator, scale.denominator))
    duplicates = tuple(d for d in version.duplicates if d.when.fits(seen))
    series = convert.series
    if series is None and snapshot[0] == "watched":
        # Watched facts are a rising series by nature; where a clause keeps the largest view, that clause
        # posts the differences.
        series = "largest" if any(d.largest for d in duplicates) else "first"
    return Plan(
        version,
        convert,
        str(bucket),
        None if series == "largest" else series,
        mark_of(version, seen),
        tuple(w for w in weights if w.times != 1),
        tuple(cases),
        next((r for r in version.rounds if r.when.fits(seen)), None),
        # What is such evidence itself needs no other.
        tuple(n for n in version.needs if n.when.fits(seen) and not n.evidence.fits(seen)),
        duplicates,
        _caps(version, seen),
        seen,
        plain=series != "increase" and convert.pool == "piece",
    )


def carried(version: RuleSet, fields: Mapping[str, str | bool], bucket: str) -> Plan:
    """The plan of what was carried into a period: nothing converts it, but caps and tests see it."""
    seen: dict[str, object] = {**dict.fromkeys(SNAPSHOT), **fields, "kind": CARRIED, "clock": None, "bucket": bucket}
    nothing = Convert("", Selector({}), (), bucket, None, None, "piece", False)
    return Plan(version, nothing, bucket, None, None, (), (), None, (), (), _caps(version, seen), seen, carried=True)


def taken_over(version: RuleSet, snapshot: Snapshot) -> Plan:
    """The plan of an opening balance that no clause converts: its hours as they were told, and no other clause."""
    seen = values(snapshot, 0)
    bucket = seen["bucket"] = str(seen["subject_bucket"] or version.unit)
    nothing = Convert("", Selector({}), (), bucket, None, None, "piece", False)
    told: tuple[Predicate | None, Value, int, int] = (None, itemgetter(NUMBERS.index("hours_m")), 1, 1)
    return Plan(version, nothing, bucket, None, None, (), (told,), None, (), (), (), seen)


def mark_of(version: RuleSet, seen: Mapping[str, object]) -> Mark | None:
    """The mark that such pieces must reach."""
    return next((m for m in version.marks if m.when.fits(seen)), None)


def _caps(version: RuleSet, seen: Mapping[str, object]) -> tuple[Cap, ...]:
    return tuple(sorted((c for c in version.caps if c.when.fits(seen)), key=lambda cap: cap.id))


def _convert(version: RuleSet, seen: Mapping[str, object]) -> Convert | None:
    rest = None
    for convert in version.converts:
        if convert.when.fits(seen):
            if not convert.otherwise:
                return convert
            rest = convert
    return rest
