"""Opening classes, joining and leaving them, offering courses. No function commits."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import audit, clock, events
from app.base.errors import BadInput, NotFound
from app.classes import queries
from app.classes.models import ClassMembership, CourseOffer, VirtualClass
from app.classes.queries import ClassRow
from app.courses.models import Course
from app.credits import service as credits
from app.people import queries as people
from app.people.models import Person

REQUIREMENTS = ("required", "elective")


def open_class(session: Session, code: str, name: str, name_en: str) -> VirtualClass:
    """A new virtual class; `BadInput` when the code is taken."""
    if session.scalar(select(VirtualClass.id).where(VirtualClass.code == code)) is not None:
        raise BadInput(_("There is a class with the code %(code)s already.", code=code), "code")
    made = VirtualClass(code=code, name=name, name_en=name_en)
    session.add(made)
    session.flush()
    return made


def enrol(
    session: Session, person_id: int, class_id: int, since: date, actor_id: int | None, *, settled: bool = True
) -> ClassMembership:
    """Join a class from a day on, out of the one before; the standing becomes evidence: a duty begins. `settled` as in
    `note_standing`."""
    group = session.get(VirtualClass, class_id)
    if group is None:
        raise NotFound(_("There is no such class."))
    if group.closed_on is not None and group.closed_on <= since:
        raise BadInput(_("This class was closed on %(day)s.", day=group.closed_on), "class")
    before = _open_membership(session, person_id)
    if before is not None:
        if before.class_id == class_id:
            return before
        if before.since > since:
            text = _("The class before this one begins later, on %(day)s.", day=before.since)
            raise BadInput(text, "since")
        before.until = since
        session.flush()
    membership = ClassMembership(person_id=person_id, class_id=class_id, since=since)
    session.add(membership)
    session.flush()
    if before is not None:  # viewings before the ledger: the house's lock order (app/viewing/stores.py)
        events.announce(session, events.LEARNER_LEFT, person_id=person_id, class_id=before.class_id)
    change = "joined" if before is None else "changed"
    note_standing(session, person_id, change, since, actor_id, settled=settled)
    subject = _subject(session, person_id)
    audit.record(session, actor_id, "class.enrol", subject, group=group.code, since=since)
    return membership


def leave_class(
    session: Session, person_id: int, until: date, actor_id: int | None, *, occasion: str = "", settled: bool = True
) -> str:
    """Leave the class; `until` is the first day no longer in it. What was earned stays. Gives the evidence's key;
    `occasion` and `settled` as in `note_standing`."""
    membership = _open_membership(session, person_id)
    if membership is None:
        raise NotFound(_("This person is in no class."))
    if until < membership.since:
        raise BadInput(_("The last day lies before the first, %(day)s.", day=membership.since), "until")
    group = queries.class_of(session, person_id, until)
    membership.until = until
    session.flush()
    # Membership, then viewings, then the ledger: the house's lock order (app/viewing/stores.py).
    events.announce(session, events.LEARNER_LEFT, person_id=person_id, class_id=membership.class_id)
    key = note_standing(session, person_id, "left", until, actor_id, group, occasion=occasion, settled=settled)
    audit.record(session, actor_id, "class.leave", _subject(session, person_id), until=until)
    return key


def note_standing(
    session: Session,
    person_id: int,
    change: str,
    day: date,
    actor_id: int | None,
    group: ClassRow | None = None,
    *,
    occasion: str = "",
    settled: bool = True,
) -> str:
    """Record unit, class and band of a day as evidence; gives its key. To be called after a transfer between units too.

    `group`: the class that is left on that day; else the one that holds then. `occasion`: what the change came by, if
    the same may come once more on that day. `settled` False: who calls sees to settling, of many at once.
    """
    group = group or queries.class_of(session, person_id, day)
    unit = people.unit_of(session, person_id, day)
    facts = {
        "change": change,
        "class": group.code if group else "",
        "unit": unit.code if unit else "",
        "band": unit.band if unit else "",
    }
    mark = "-".join(str(part) for part in (group.id if group else 0, unit.id if unit else 0))
    actor = session.get(Person, actor_id) if actor_id is not None else None
    key = f"standing:{day.isoformat()}:{change}:{mark}" + (f":{occasion}" if occasion else "")
    credits.record(
        session,
        person_id,
        key=key,
        kind="standing",
        happened_at=beginning_of(session, day),
        known_at=clock.now(),
        recorded_by=f"person:{actor.key}" if actor else "system",
        facts=facts,
    )
    if settled:
        credits.settle(session, person_id)
    return key


def beginning_of(session: Session, day: date) -> datetime:
    """The first moment of a day where the academy is: the rules say where; before there are any, in UTC."""
    book = credits.book(session)
    zone = book.zone if book is not None else UTC
    return datetime.combine(day, time(), zone).astimezone(UTC)


def offer_course(
    session: Session,
    course_id: int,
    class_id: int | None,
    requirement_class: str,
    since: date,
    due: date | None,
    actor_id: int | None,
) -> CourseOffer:
    """Publish a course to a class (None: to all). A new offer to the same class takes the old one's place."""
    course = session.get(Course, course_id)
    if course is None or course.withdrawn_at is not None:
        raise NotFound(_("This course does not exist or was withdrawn."))
    if class_id is not None and session.get(VirtualClass, class_id) is None:
        raise NotFound(_("There is no such class."))
    if requirement_class not in REQUIREMENTS:
        raise BadInput(_("A course is offered as required or elective."), "requirement_class")
    if due is not None and due < since:
        raise BadInput(_("The due date lies before the first day."), "due")
    present = _active(session, course_id, class_id)
    wanted = (requirement_class, since, due)
    if present is not None:
        if (present.requirement_class, present.since, present.due) == wanted:
            return present
        present.withdrawn_at = clock.now()
        session.flush()  # the unique index allows one that is not withdrawn
    offer = CourseOffer(
        course_id=course_id, class_id=class_id, requirement_class=requirement_class, since=since, due=due,
        offered_at=clock.now(),
    )  # fmt: skip
    session.add(offer)
    session.flush()
    audit.record(
        session, actor_id, "course.offer", f"course:{course.code}",
        class_id=class_id, requirement=requirement_class, since=since, due=due,
    )  # fmt: skip
    if present is not None:
        events.announce(session, events.OFFER_WITHDRAWN, course_id=course_id, class_id=class_id)
    return offer


def withdraw_offer(session: Session, offer_id: int, actor_id: int | None) -> None:
    """Take an offer back: open viewings of those who lose it end. What was earned stays."""
    offer = session.get(CourseOffer, offer_id)
    if offer is None:
        raise NotFound(_("There is no such offer."))
    if offer.withdrawn_at is not None:
        return
    offer.withdrawn_at = clock.now()
    session.flush()
    course = session.get(Course, offer.course_id)
    assert course is not None
    audit.record(session, actor_id, "course.withdraw_offer", f"course:{course.code}", class_id=offer.class_id)
    events.announce(session, events.OFFER_WITHDRAWN, course_id=offer.course_id, class_id=offer.class_id)


def _active(session: Session, course_id: int, class_id: int | None) -> CourseOffer | None:
    same = CourseOffer.class_id.is_(None) if class_id is None else CourseOffer.class_id == class_id
    wanted = select(CourseOffer).where(CourseOffer.course_id == course_id, CourseOffer.withdrawn_at.is_(None))
    return session.scalar(wanted.where(same))


def _open_membership(session: Session, person_id: int) -> ClassMembership | None:
    return session.scalar(
        select(ClassMembership).where(ClassMembership.person_id == person_id, ClassMembership.until.is_(None))
    )


def _subject(session: Session, person_id: int) -> str:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(_("There is no such person."))
    return f"person:{person.key}"
