"""What the desk may do with whom. No function commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from app.base import clock
from app.base.errors import BadInput, Forbidden
from app.base.settings import Settings
from app.people import service as people
from app.people.desk.queries import AccountRow
from app.people.keys import mailing
from app.people.keys import service as keys
from app.people.second import service as second
from app.rules import check_code
from app.rules.access import Scope

MOST = 400  # slips at once: fifty sheets


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed of one account."""

    row: AccountRow
    code: str
    until: datetime


def may_issue(scope: Scope, row: AccountRow, actor_id: int) -> bool:
    """May a key to this account be handed out? A key opens whatever the account opens, so who prints it must be above:
    for staff only whoever has the whole academy, for the three separated administrators nobody but the operator."""
    if row.state == "closed" or row.separated or row.id == actor_id:
        return False
    return scope.everything or not row.staff


def may_close(scope: Scope, row: AccountRow, actor_id: int, *, security: bool) -> bool:
    """May this account be closed or opened? Never one's own; the separated administrators' only by the security one."""
    above = scope.everything or not row.staff
    return row.id != actor_id and above and (security or not row.separated)


def issue(
    session: Session, settings: Settings, scope: Scope, rows: Sequence[AccountRow], actor_id: int, batch: str
) -> list[Slip]:
    """Slips for those of the rows who may get one; earlier slips of theirs end. `BadInput` when there are none or too
    many, `Refused` for a sheet that was made already."""
    if keys.was_printed(session, batch):
        raise keys.printed_already()
    if len(rows) > MOST:
        raise BadInput(
            ngettext(
                "At most %(num)d slip at once. Choose one unit after the other.",
                "At most %(num)d slips at once. Choose one unit after the other.",
                MOST,
            )
        )
    those = [row for row in rows if may_issue(scope, row, actor_id)]
    if not those:
        raise BadInput(_("Nobody is chosen for whom you may make a slip."))
    lasts = timedelta(days=settings.slip_days)
    made = keys.slips(session, [row.id for row in those], lasts, actor_id, batch)
    until = clock.now() + lasts
    return [Slip(row, check_code.shown(made[row.id]), until) for row in those]


def mail(session: Session, scope: Scope, rows: Sequence[AccountRow], actor_id: int) -> int:
    """Links by mail to those of the rows who have an address and may get one; how many."""
    those = [row for row in rows if row.email and may_issue(scope, row, actor_id)]
    if not those:
        raise BadInput(_("Nobody is chosen who has an e-mail address and may get a link from you."))
    for row in those:
        mailing.send_to(session, row.id, actor_id)
    return len(those)


def close(session: Session, scope: Scope, row: AccountRow, actor_id: int, *, security: bool) -> None:
    """Close an account: effective everywhere at the next request."""
    if not may_close(scope, row, actor_id, security=security):
        raise Forbidden(_("You cannot close this account."))
    people.disable(session, row.id, actor_id)


def reopen(session: Session, scope: Scope, row: AccountRow, actor_id: int, *, security: bool) -> None:
    """Open it again."""
    if not may_close(scope, row, actor_id, security=security):
        raise Forbidden(_("You cannot open this account."))
    people.reopen(session, row.id, actor_id)


def reset_second_factor(session: Session, row: AccountRow, actor_id: int) -> None:
    """Take a lost second factor away; every sign-in ends."""
    if row.id == actor_id:
        raise Forbidden(_("Your own second factor is removed under My account."))
    second.remove(session, row.id, actor_id, "second_factor.reset")
    people.end_all(session, row.id)
