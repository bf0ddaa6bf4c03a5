"""A plan made true: classes opened and closed, people in them, their standing as evidence. No function commits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import case, select, update
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import audit, clock, events, tasks
from app.base.db import insert_into
from app.base.errors import Refused
from app.classes import assigning, class_rules
from app.classes.assigning import Move, Plan, Wanted
from app.classes.models import ClassMembership, ClassRule, VirtualClass
from app.classes.roll import Enrolled
from app.classes.service import beginning_of
from app.credits import service as credits
from app.credits.recording import Told
from app.people.models import Person

CHUNK = 5000  # rows that one statement names


class Changed(Refused):
    """What would be done is no longer what was shown."""


def assign(
    session: Session, day: date, wanted: Wanted, actor_id: int | None, *, shown: str | None = None,
    propose: bool = False,
) -> Plan:  # fmt: skip
    """Put people into classes from a day on, all or nothing; what was done.

    `shown`: the fingerprint of the plan that somebody looked at; `Changed` when it is not that any more.
    """
    # One at a time: who waits here sees what the other has done.
    session.execute(select(ClassRule.id).order_by(ClassRule.id).with_for_update()).all()
    plan = assigning.plan(session, day, wanted, propose=propose)
    if shown is not None and plan.fingerprint() != shown:
        raise Changed(
            _("People, classes or rules have changed since the preview. Nothing was done; look at the new preview.")
        )
    if plan.changes or plan.proposed:
        _apply(session, plan, actor_id)
    return plan


def _apply(session: Session, plan: Plan, actor_id: int | None) -> None:
    rules = class_rules.keep(session, plan.rules, actor_id) if plan.proposed else {}
    ids = _classes(session, plan, rules)
    leaving = [*(move.person for move in plan.moved), *plan.left]
    _end(session, leaving, plan.roll.day)
    coming = [*plan.joined, *plan.moved]
    if coming:
        session.execute(
            insert_into(session, ClassMembership),
            [
                {"person_id": each.person.id, "class_id": ids[each.target], "since": plan.roll.day, "pinned": False}
                for each in coming
            ],
        )
    if leaving:  # viewings before the ledger: the house's lock order (app/viewing/stores.py)
        events.announce(session, events.LEARNERS_LEFT, person_ids=[each.id for each in leaving])
    _note_standings(session, plan, actor_id)
    _note(session, plan, actor_id)
    tasks.enqueue(session, "credits.sweep")


def _classes(session: Session, plan: Plan, rules: dict[int, int]) -> dict[int, int]:
    """Close and make classes; the ids by what the plan calls them."""
    if plan.closing:
        closing = VirtualClass.id.in_(plan.closing)
        session.execute(update(VirtualClass).where(closing).values(closed_on=plan.roll.day))
    for class_id, rule_id in sorted(plan.ties.items()):
        tied = {"rule_id": rules.get(rule_id, rule_id), "year": plan.year}
        session.execute(update(VirtualClass).where(VirtualClass.id == class_id).values(tied))
    made = [
        VirtualClass(
            code=each.code, name=each.name, name_en=each.name_en, rule_id=rules.get(each.rule_id, each.rule_id),
            year=plan.year,
        )
        for each in plan.new
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    return {each: each for each in plan.sizes} | {-at: row.id for at, row in enumerate(made, 1)}


def _end(session: Session, people: Sequence[Enrolled], day: date) -> None:
    """End their memberships; who has left meanwhile by another hand makes the plan void."""
    ids = sorted(each.membership_id for each in people if each.membership_id is not None)
    until = case((ClassMembership.since > day, ClassMembership.since), else_=day)
    ended = 0
    for at in range(0, len(ids), CHUNK):
        mine = (ClassMembership.id.in_(ids[at : at + CHUNK]), ClassMembership.until.is_(None))
        done = session.execute(
            update(ClassMembership).where(*mine).values(until=until).execution_options(synchronize_session=False)
        )
        ended += int(done.rowcount)  # type: ignore[attr-defined]
    if ended != len(ids):
        raise Changed(_("Somebody was moved at this very moment. Nothing was done; look at the new preview."))


def _note_standings(session: Session, plan: Plan, actor_id: int | None) -> None:
    """As `service.note_standing` does for one. The mark of this run in the key: who comes back to a class on the same
    day has two standings, not one that contradicts itself."""
    day, mark = plan.roll.day, str(ULID())
    at, now = beginning_of(session, day), clock.now()
    actor = session.get(Person, actor_id) if actor_id is not None else None
    by = f"person:{actor.key}" if actor else "system"

    def told(change: str, person: Enrolled, code: str) -> tuple[int, Told]:
        unit = plan.roll.units.get(person.unit_id) if person.unit_id is not None else None
        facts = {"change": change, "class": code, "unit": unit.code if unit else "", "band": person.band}
        key = f"standing:{day.isoformat()}:{change}:{mark}"
        return person.id, Told(key, "standing", at, now, by, facts)

    pieces = [told("joined", each.person, plan.code_of(each.target)) for each in plan.joined]
    pieces += [told("changed", each.person, plan.code_of(each.target)) for each in plan.moved]
    pieces += [told("left", each, plan.code_of(each.class_id)) for each in plan.left if each.class_id is not None]
    credits.record_each(session, pieces)


def _note(session: Session, plan: Plan, actor_id: int | None) -> None:
    """One entry for the whole, and one for each class that somebody joined or that was closed."""
    joined = Counter(each.target for each in plan.joined)
    came: dict[int, list[Move]] = defaultdict(list)
    for each in plan.moved:
        came[each.target].append(each)
    new = {plan.code_of(-at): row.name for at, row in enumerate(plan.new, 1)}
    for target in sorted({*joined, *came}, key=plan.code_of):
        code = plan.code_of(target)
        moved = {each.person.key: plan.code_of(each.person.class_id or 0) for each in came[target]}
        audit.record(
            session, actor_id, "class.assign", f"class:{code}", joined=joined[target], moved=moved, made=new.get(code)
        )
    for class_id in plan.closing:
        audit.record(session, actor_id, "class.close", f"class:{plan.code_of(class_id)}", on=plan.roll.day)
    audit.record(
        session, actor_id, "classes.assign", f"classes:{plan.year}", day=plan.roll.day, made=len(plan.new),
        closed=len(plan.closing), joined=len(plan.joined), moved=len(plan.moved), stay=plan.stays,
        left=[each.key for each in plan.left], unplaced=len(plan.unplaced),
    )  # fmt: skip
