"""What is remembered of postings so that a seal can hold them: what was paid, and what may be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from app.rules.credit.evidence import Numbers, Piece
from app.rules.credit.kinds import NUMBERS
from app.rules.credit.plan import Plan
from app.rules.credit.settlement import Posting


class Paid(NamedTuple):
    """What a piece of a later period had paid of a sealed period's shortfall when it was sealed: that stays."""

    into: int
    posting: Posting
    plan: Plan


class Frozen(NamedTuple):
    """What was made up of sealed periods, by piece; and by period and test."""

    paid: Mapping[str, Sequence[Paid]] = MappingProxyType({})
    made_up: Mapping[int, Mapping[str, int]] = MappingProxyType({})


NOTHING_FROZEN = Frozen()
NO_NUMBERS: Numbers = (0,) * len(NUMBERS)


class Given(NamedTuple):
    """A posting that may be taken back after a seal: its place, and what was summed with it.

    `piece` is None where the posting pays an older period.
    """

    place: int
    plan: Plan
    piece: Piece | None
    numbers: Numbers
    pieces: int
