"""The driver's own book of a case: what was truly played, when viewings were open; and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.rules.viewing import spans
from app.viewing.models import Coverage

Key = tuple[int, int]  # (learner, media version)


@dataclass
class Ledger:
    """Kept by the driver alone: truly played spans by key, and the times for which viewings were open."""

    played: dict[Key, list[int]] = field(default_factory=dict)
    late: dict[Key, list[int]] = field(default_factory=dict)
    told: dict[Key, list[int]] = field(default_factory=dict)
    times: dict[int, list[list[float]]] = field(default_factory=dict)  # learner → [from, until, told]
    aged_ms: int = 0
    foreign_ms: int = 0

    def open_ms(self, now: float) -> int:
        """For how long viewings were open, by the driver's clock: from the sending of each opening to the
        answer that ended it, or `now`; overlaps of one learner once."""
        total = 0.0
        for times in self.times.values():
            reached = 0.0
            for begun, until, _told in sorted(map(tuple, times)):
                until = min(until, now)
                total += max(0.0, until - max(begun, reached))
                reached = max(reached, until)
        return round(total * 1000) + self.aged_ms

    def refused(self, rows: Sequence[Coverage]) -> tuple[int, int]:
        """(refused, watched): played seconds that were told to be refused, or are nowhere at the end."""
        kept = {(row.learner_id, row.media_version_id): (row.spans, row.pending) for row in rows}
        refused = watched = 0
        for key, played in self.played.items():
            lost = without(played, *map(spans.unpack, kept.get(key, ())))
            told = without(played, without(played, self.told.get(key, [])))
            for start, end in spans.pairs(told):
                lost = spans.union(lost, start, end)
            refused, watched = refused + spans.length(lost), watched + spans.length(played)
        return refused, watched

    def taken_over(self) -> int:
        """What older devices played after the takeover, and no newer one did."""
        return sum(spans.length(without(late, self.played.get(key, []))) for key, late in self.late.items())


def sums(rows: Sequence[Coverage]) -> tuple[int, int]:
    """What is credited and what waits in all these rows, in ms."""
    return (
        sum(spans.length(spans.unpack(row.spans)) for row in rows),
        sum(spans.length(spans.unpack(row.pending)) for row in rows),
    )


def without(played: list[int], *taken: list[int]) -> list[int]:
    """Flat spans less others."""
    for each in taken:
        left: list[int] = []
        for piece in spans.pairs(played):
            for start, end in spans.subtract(piece, each):
                left = spans.union(left, start, end)
        played = left
    return played
