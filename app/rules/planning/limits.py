"""Which clauses stand in the way: read from the reasons of what was tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.rules.credit.settlement import Why
from app.rules.planning.trial import Outcome, Trial

# Words by which a clause takes something off what was asked for.
_TAKING = frozenset({"cut", "share", "repeat", "overlaps"})
# Of these, those that one course may have used up for another.
_SHARED = frozenset({"cut", "share"})


@dataclass(frozen=True, slots=True)
class Limit:
    """A clause that takes off, thousandths in all, from the courses named. Words as in `Why`.

    `limit`: of a cap its limit, of a share what it allows; else 0. Of `make_up`, `lost` is what pays an older
    shortfall. Of `weighs`, `limit` and `lost` are the factor's numerator and denominator.
    """

    clause: str
    word: str
    lost: int
    limit: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """Courses that give nothing, by this clause with this word."""

    clause: str
    word: str
    codes: tuple[str, ...]


def limits(trial: Trial, outcome: Outcome) -> tuple[Limit, ...]:
    """The clauses that take something off these offers, what they take most first."""
    found: dict[tuple[str, str], Limit] = {}
    codes = _codes(trial, outcome)
    for posting in outcome.settlement.postings:
        for why in posting.why if posting.evidence in codes else ():
            taken = _taken(why)
            if taken is not None:
                _add(found, why, taken, codes[posting.evidence])
    for nothing in outcome.settlement.nothing:
        if nothing.evidence in codes and nothing.did in _TAKING:
            why = Why(nothing.clause, nothing.did, nothing.numbers)
            _add(found, why, _taken(why) or (0, 0), codes[nothing.evidence])
    return tuple(sorted(found.values(), key=lambda each: (each.word == "weighs", -each.lost, each.clause)))


def idle(trial: Trial, everything: Outcome, alone: bool) -> tuple[Idle, ...]:
    """The offers that give nothing at all, by the reason of their first step. `alone`: without those that only give
    nothing because of the others."""
    codes = _codes(trial, everything)
    gave = {codes[p.evidence] for p in everything.settlement.postings if p.evidence in codes and p.countable > 0}
    found: dict[str, tuple[str, str]] = {}
    for posting in everything.settlement.postings:
        code = codes.get(posting.evidence, "")
        why = next((w for w in posting.why if w.did in _TAKING), None)
        if code and code not in gave and why is not None:
            found.setdefault(code, (why.clause, why.did))
    for nothing in everything.settlement.nothing:
        code = codes.get(nothing.evidence, "")
        if code and code not in gave:
            found.setdefault(code, (nothing.clause, nothing.did))
    groups: dict[tuple[str, str], list[str]] = {}
    for code, reason in found.items():
        if not (alone and reason[1] in _SHARED):
            groups.setdefault(reason, []).append(code)
    return tuple(Idle(clause, word, tuple(each)) for (clause, word), each in groups.items())


def waiting(trial: Trial, everything: Outcome) -> tuple[tuple[str, str], ...]:
    """(course, clause) where a step counts only with something that is not on offer, an exam for instance."""
    codes = _codes(trial, everything)
    found = [
        (codes[nothing.evidence], nothing.clause)
        for nothing in everything.settlement.nothing
        if nothing.evidence in codes and nothing.did == "waits"
    ]
    return tuple(dict.fromkeys(found))


def _codes(trial: Trial, outcome: Outcome) -> Mapping[str, str]:
    """The course of each imagined piece."""
    return {name: trial.offers[number].code for name, number in outcome.owners.items()}


def _taken(why: Why) -> tuple[int, int] | None:
    """(what a reason takes off, its limit); None where it takes nothing off."""
    first, second, third = why.numbers
    if why.did in ("cut", "share"):
        return (first - second, third) if first > second else None
    if why.did in ("repeat", "overlaps"):
        return max(0, second - third), 0
    if why.did == "make_up":
        return first, 0
    return (second, first) if why.did == "weighs" else None


def _add(found: dict[tuple[str, str], Limit], why: Why, taken: tuple[int, int], code: str) -> None:
    before = found.get((why.clause, why.did), Limit(why.clause, why.did, 0, 0, ()))
    lost = taken[0] if why.did == "weighs" else before.lost + taken[0]
    codes: Iterable[str] = (*before.codes, code)
    found[why.clause, why.did] = Limit(why.clause, why.did, lost, taken[1], tuple(dict.fromkeys(codes)))
