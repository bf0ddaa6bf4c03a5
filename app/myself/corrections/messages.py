"""What is told of corrections: that one waits, to who decides; what became of it, to who asked."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.myself.corrections import queries
from app.myself.corrections.queries import CorrectionRow
from app.myself.corrections.words import field_word
from app.notices import service as notices
from app.notices.kinds import Facts, Said, brief, kind
from app.people import queries as people
from app.people import roles_queries
from app.rules.access import TABLE

WAITS: Final = "correction.waits"
ACCEPTED: Final = "correction.accepted"
CONFIRM: Final = "correction.confirm"
HANDED_ON: Final = "correction.handed_on"
DECLINED: Final = "correction.declined"
NEED: Final = "correction.decide"
PAGE: Final = "/account/profile"


def desk_url(key: str) -> str:
    """Where it is decided."""
    return f"/desk/corrections/{key}"


def waits(session: Session, person_id: int, key: str, field: str, day: date) -> None:
    """Tell those who decide. No name is told: who is asked finds it on the page."""
    notices.tell_all(session, deciders(session, person_id, day) - {person_id}, WAITS, desk_url(key), field=field)


def deciders(session: Session, person_id: int, day: date) -> set[int]:
    """Who looks after the person's unit; where nobody does, and of staff, who administers the academy."""
    unit = people.unit_of(session, person_id, day)
    found: set[int] = set()
    if unit is not None and not queries.staff_among(session, person_id, day):
        found = {each.person.id for each in roles_queries.of_unit(session, unit.id, day) if each.role in TABLE[NEED]}
    return found or people.holders(session, NEED, day)


def over(session: Session, key: str) -> None:
    """It is decided or withdrawn: nobody is waited for."""
    notices.over(session, WAITS, desk_url(key))


def decided(session: Session, row: CorrectionRow, name: str, actor_id: int, answer: str) -> None:
    """Tell who asked."""
    over(session, row.key)
    by = people.names_of(session, [actor_id])[actor_id]
    notices.tell(session, row.person_id, name, PAGE, field=row.field, wanted=row.wanted, reason=answer, by=by)


@kind(WAITS)
def _waits(facts: Facts) -> Said:
    text = _("Somebody asks for a correction: %(field)s.", field=field_word(facts["field"]))
    return Said(str(text), str(_("Corrections")), "people")


@kind(ACCEPTED)
def _accepted(facts: Facts) -> Said:
    return _told(facts, _("Corrected as you asked: %(field)s.", field=field_word(facts["field"])))


@kind(CONFIRM)
def _confirm(facts: Facts) -> Said:
    text = _("A link is on its way to %(email)s. The address is taken when you open it.", email=facts["wanted"])
    return _told(facts, str(text))


@kind(HANDED_ON)
def _handed_on(facts: Facts) -> Said:
    return _told(facts, _("Your unit is not changed here: what you wrote was handed on to be asked for as a transfer."))


@kind(DECLINED)
def _declined(facts: Facts) -> Said:
    return _told(facts, _("Not corrected: %(field)s.", field=field_word(facts["field"])))


def _told(facts: Facts, text: str) -> Said:
    return Said(f"{text} {brief(facts['reason'])}".strip(), str(facts["by"]), person=True)
