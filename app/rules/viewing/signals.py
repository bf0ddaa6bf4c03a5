"""What is odd about how somebody watches: for a person to look at, never a reason to count less. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from app.rules.viewing.trace import Record

TWO_DEVICES = "two_devices"
LIKE_A_MACHINE = "like_a_machine"

_WITHIN_MS = 600_000
_TAKEOVERS = 8
# Players spread their beats by a fifth on purpose, so forty of them within a fiftieth come from no player.
_BEATS = 40
_SPREAD = 50


def alternating(opened: Sequence[tuple[int, int | None]]) -> bool:
    """Did two sign-ins take the lesson from each other again and again within ten minutes?

    `opened`: (moment in ms, sign-in) of the newest viewings, the newest first.
    """
    lately = [device for moment, device in opened if opened[0][0] - moment <= _WITHIN_MS]
    return sum(one != other for one, other in pairwise(lately)) >= _TAKEOVERS


def like_a_machine(beats: Sequence[Record]) -> bool:
    """Do so many beats come at intervals more even than any player's?"""
    gaps = [beat.elapsed_ms for beat in beats if not beat.released][1:]
    if len(gaps) < _BEATS:
        return False
    middle = sorted(gaps)[len(gaps) // 2]
    return middle > 0 and sum(abs(gap - middle) * _SPREAD <= middle for gap in gaps) * 10 >= len(gaps) * 9
