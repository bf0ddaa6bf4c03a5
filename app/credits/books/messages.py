"""What is told of a proof of the books to who asked for it."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from app.base.runs import DONE, Run
from app.credits.books.service import KIND
from app.notices import service as notices
from app.notices.kinds import Facts, Said, kind

PROVED: Final = "books.proved"
NOT_PROVED: Final = "books.not_proved"


def run_ended(session: Session, run: Run) -> None:
    """Tell who asked for a proof what it found, or that it failed. (Nobody asks for the nightly one.)"""
    if run.kind != KIND or run.asked_by is None:
        return
    if run.state == DONE and run.result is not None:
        notices.tell(session, run.asked_by, PROVED, "/books", differences=run.result["differences"])
    else:
        notices.tell(session, run.asked_by, NOT_PROVED, "/books")


@kind(PROVED)
def _proved(facts: Facts) -> Said:
    text = _("The proof of the books is done: they agree with the evidence.")
    if facts["differences"]:
        text = ngettext(
            "The proof of the books is done: %(num)d difference was found.",
            "The proof of the books is done: %(num)d differences were found.",
            facts["differences"],
        )
    return Said(str(text), str(_("Books")), "shield")


@kind(NOT_PROVED)
def _not_proved(facts: Facts) -> Said:
    return Said(str(_("The proof of the books failed. The page says why.")), str(_("Books")), "shield")
