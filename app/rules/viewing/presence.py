"""Presence checks: where they stand, what waits behind each, and how their row is written.

A check's *place* is a number of milliseconds of the lesson: it is asked when the learner has seen so
many of them, whichever they were. For somebody who watches in order that is the place in the lesson;
for somebody who jumps about in single milliseconds to feel for the places, nothing is to be found,
since only time that was really spent brings them nearer. What is played after an unanswered check is
held by it until the next one is passed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.rules.viewing.spans import remove, union
from app.rules.viewing.varints import Reader, write

# Ahead: not yet passed. Again: its answers were wrong, so what it held has to be watched again.
AHEAD, PASSED, ANSWERED, AGAIN = range(4)
UNANSWERED = (PASSED, AGAIN)
MOST_WRONG = 3
# Every beat reads them all; a day of watching has not so many.
MOST = 120


@dataclass(slots=True, frozen=True)
class Check:
    """One check. `held`: flat spans that wait for its answer."""

    place: int
    state: int = AHEAD
    held: list[int] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Checks:
    """All checks of a learner in a media version: the passed ones as they were passed, then those ahead by place."""

    each: tuple[Check, ...] = ()

    def ahead(self) -> int | None:
        """The index of the first that is not passed."""
        return next((at for at, check in enumerate(self.each) if check.state == AHEAD), None)

    def holder(self) -> int | None:
        """The index of the check that holds what is played now; None where it counts.

        One whose stretch has to be watched again comes first; else the last that was passed.
        """
        passed = [at for at, check in enumerate(self.each) if check.state != AHEAD]
        again = [at for at in passed if self.each[at].state == AGAIN]
        last = again[-1] if again else passed[-1] if passed else None
        return last if last is not None and self.each[last].state in UNANSWERED else None

    def owner(self, ms: int, until: int) -> tuple[int | None, int]:
        """Which check holds the waiting millisecond `ms`, and up to where (at most `until`) that goes on so."""
        for at, check in enumerate(self.each):
            place = bisect_right(check.held, ms)
            if place & 1:
                return at, min(until, check.held[place])
            if place < len(check.held):
                until = min(until, check.held[place])
        return None, until

    def held(self) -> list[int]:
        """Flat spans of all that waits for answers."""
        found: list[int] = []
        for check in self.each:
            for start, end in zip(check.held[::2], check.held[1::2], strict=True):
                found = union(found, start, end)
        return found

    def change(self, at: int, **fields: object) -> Checks:
        """With one check changed."""
        changed = replace(self.each[at], **fields)  # type: ignore[arg-type]
        return Checks((*self.each[:at], changed, *self.each[at + 1 :]))

    def passing(self, seen_ms: int) -> Checks:
        """With all checks passed whose place is reached by having seen so much."""
        found = self
        while (at := found.ahead()) is not None and found.each[at].place <= seen_ms:
            found = found.change(at, state=PASSED)
        return found

    def holding(self, at: int, start: int, end: int) -> Checks:
        """With [start, end) held by a check."""
        return self.change(at, held=union(self.each[at].held, start, end))

    def without(self, start: int, end: int) -> Checks:
        """With nothing held in [start, end): it counts by other means, or has lapsed."""
        each = (replace(check, held=remove(check.held, start, end)) if check.held else check for check in self.each)
        return Checks(tuple(each))

    def answered(self, at: int) -> Checks:
        """With a check answered: it holds nothing any more."""
        return self.change(at, state=ANSWERED, held=[])

    def again(self, at: int) -> Checks:
        """With a check failed for good: what is played from now on is held by it until it is answered."""
        return self.change(at, state=AGAIN, held=[])


NONE = Checks()


def wanted(length_ms: int, minutes: int) -> int:
    """How many checks a lesson has: one for each started so many minutes; none for 0."""
    return min(MOST, -(-length_ms // (minutes * 60_000))) if minutes else 0


def draw(checks: Checks, seen_ms: int, length_ms: int, count: int, below: Callable[[int], int]) -> Checks:
    """With the checks that are ahead placed anew, uniformly over what is not yet seen.

    `count`: how many the whole lesson has; `below(n)` draws one of 0 … n−1, each as likely. Drawing anew
    at every opening changes no chance: of `count` uniform places, those beyond the present one are
    uniform beyond it. Where the policy is set in the middle of a lesson, the rest has its share; a lesson
    that was begun keeps its number, unless the policy is lifted (0).
    """
    done = tuple(check for check in checks.each if check.state != AHEAD)
    left = length_ms - seen_ms
    if left <= 0 or not count:
        return Checks(done)
    missing = len(checks.each) - len(done) if checks.each else -(-count * left // length_ms)
    places = sorted(seen_ms + below(left) for _i in range(max(0, min(missing, MOST - len(done)))))
    return Checks((*done, *map(Check, places)))


def _flat(reader: Reader) -> list[int]:
    bounds, last = [], 0
    for _i in range(2 * reader.number()):
        last += reader.number()
        bounds.append(last)
    return bounds


def _numbers(checks: Checks) -> Iterator[int]:
    for check in checks.each:
        yield check.place
        yield check.state
        yield len(check.held) // 2
        yield from (bound - before for before, bound in zip([0, *check.held], check.held, strict=False))


def pack(checks: Checks) -> bytes:
    """The bytes of a row; none where there is nothing to keep."""
    out = bytearray()
    for number in _numbers(checks):
        write(out, number)
    return bytes(out)


def unpack(packed: bytes) -> Checks:
    """The inverse of `pack`; ValueError for damaged bytes."""
    if not packed:
        return NONE
    reader = Reader(packed)
    each = []
    while reader.more():
        place, state = reader.number(), reader.number()
        each.append(Check(place, state, _flat(reader)))
    return Checks(tuple(each))
