"""What My year asks of rooms beside this one. It is wired in from there, as in `credits.reach`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

# Of a learner, since a moment: tickets that were answered and may be taken up again, the newest answer first;
# each its key, the lesson's title in Chinese and English, the moment of the answer.
Answered = Callable[[Session, int, datetime], Sequence[tuple[str, str, str, datetime]]]
_wired: list[Answered] = []


def wire(answered: Answered) -> None:
    """Say who knows; the last one said holds."""
    _wired[:] = [answered]


def answered(session: Session, learner_id: int, since: datetime) -> Sequence[tuple[str, str, str, datetime]]:
    """See `Answered`. While nothing is wired there are none."""
    return _wired[0](session, learner_id, since) if _wired else ()
