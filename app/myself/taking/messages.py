"""What is told of a copy to who asked for it: it can be fetched, or it could not be made."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base.runs import DONE, Run
from app.myself.taking.service import KIND
from app.notices import service as notices
from app.notices.kinds import Facts, Said, kind

READY: Final = "copy.ready"
NOT_MADE: Final = "copy.not_made"
PAGE: Final = "/account/data"


def run_ended(session: Session, run: Run) -> None:
    """Tell who asked."""
    if run.kind == KIND and run.asked_by is not None:
        notices.tell(session, run.asked_by, READY if run.state == DONE else NOT_MADE, PAGE)


@kind(READY)
def _ready(_facts: Facts) -> Said:
    return Said(str(_("The copy of your data is ready. It is kept for three days.")), str(_("My account")), "down")


@kind(NOT_MADE)
def _not_made(_facts: Facts) -> Said:
    return Said(str(_("The copy of your data could not be made. Ask for it again.")), str(_("My account")), "down")
