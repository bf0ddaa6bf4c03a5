"""What is remembered of postings so that a seal can hold them: what was paid, and what may be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from app.rules.credit.evidence import Numbers, Piece
from app.rules.credit.judges import Ban
from app.rules.credit.kinds import NUMBERS
from app.rules.credit.plan import Plan
from app.rules.credit.settlement import Posting


class Paid(NamedTuple):
    """What a piece of a later period had paid of a sealed period's shortfall when it was sealed: that stays.

    `learnt`: the day by which bans cover the piece.
    """

    into: int
    posting: Posting
    plan: Plan
    piece: Piece
    learnt: date


# A piece that is withdrawn and given again has several places: (its id, the period in which it paid).
Payer: TypeAlias = tuple[str, int]


class Frozen(NamedTuple):
    """What was made up of sealed periods, by payer; and by period and test."""

    paid: Mapping[Payer, Sequence[Paid]] = MappingProxyType({})
    made_up: Mapping[int, Mapping[str, int]] = MappingProxyType({})


NOTHING_FROZEN = Frozen()
NO_NUMBERS: Numbers = (0,) * len(NUMBERS)


class Given(NamedTuple):
    """A posting that may be taken back after a seal: its place, and what was summed with it.

    `piece` is None where it takes back itself what a piece had given; `learnt` is the day by which bans cover it.
    """

    place: int
    plan: Plan
    piece: Piece | None
    numbers: Numbers
    pieces: int
    learnt: date


class Written:
    """The postings as they arise. Where there are seals, what a piece gave is remembered until it is taken back."""

    def __init__(self, *, seals: bool) -> None:
        self.postings: list[Posting] = []
        self._given: dict[str, list[Given]] | None = {} if seals else None

    def add(
        self, posting: Posting, plan: Plan, piece: Piece | None, learnt: date, numbers: Numbers = NO_NUMBERS,
        pieces: int = 0,
    ) -> None:  # fmt: skip
        """A posting that goes when its piece is withdrawn; what nothing withdraws is put to `postings` alone."""
        if self._given is not None:
            given = Given(len(self.postings), plan, piece, numbers, pieces, learnt)
            self._given.setdefault(posting.evidence, []).append(given)
        self.postings.append(posting)

    def take(self, name: str) -> list[tuple[Posting, Given]]:
        """What a piece has given, which from now on is taken back."""
        return [(self.postings[each.place], each) for each in (self._given or {}).pop(name, ())]

    def covered(self, ban: Ban, shut: Callable[[date], bool]) -> dict[str, None]:
        """What a ban covers: pieces that gave something to a period (its first day) for which `shut` holds."""
        found: dict[str, None] = {}
        for name, all_ in (self._given or {}).items():
            for each in all_:
                piece = each.piece
                inside = piece is not None and ban.covers(piece.kind, each.learnt, piece.order())
                if inside and shut(self.postings[each.place].period):
                    found[name] = None
        return found
