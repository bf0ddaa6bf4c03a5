"""What is told of imports to who asked: it is applied or undone, or it was not."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from app.base.runs import Run
from app.notices import service as notices
from app.notices.kinds import Facts, Said, kind
from app.roster.service import APPLY, UNDO

APPLIED: Final = "roster.applied"
UNDONE: Final = "roster.undone"
NOT_DONE: Final = "roster.not_done"


def run_ended(session: Session, run: Run) -> None:
    """Tell who asked for applying or undoing what came of it. Looking is told by its page."""
    if run.kind not in (APPLY, UNDO) or run.asked_by is None:
        return
    found = run.result or {}
    if found.get("state") == "applied":
        url = f"/desk/import/{found['import']}"
        notices.tell(session, run.asked_by, APPLIED, url, file=run.parameters["name"])
    elif found.get("state") == "undone":
        url = f"/desk/import/{run.parameters['import_id']}"
        notices.tell(session, run.asked_by, UNDONE, url, conflicts=found["conflicts"])
    else:
        notices.tell(session, run.asked_by, NOT_DONE, f"/desk/import/work/{run.id}")


@kind(APPLIED)
def _applied(facts: Facts) -> Said:
    return Said(str(_("%(file)s is imported.", file=facts["file"])), str(_("Import")), "import")


@kind(UNDONE)
def _undone(facts: Facts) -> Said:
    text = _("The import is undone.")
    if facts["conflicts"]:
        text = ngettext(
            "The import is undone; %(num)d thing was left as it is.",
            "The import is undone; %(num)d things were left as they are.",
            facts["conflicts"],
        )
    return Said(str(text), str(_("Import")), "import")


@kind(NOT_DONE)
def _not_done(_facts: Facts) -> Said:
    return Said(str(_("Nothing was changed by the import. The page says why.")), str(_("Import")), "import")
