"""Putting people into classes by rule: what would change, and the change itself. No function commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base.errors import BadInput
from app.classes import class_rules, naming, roll
from app.classes.naming import NewClass
from app.classes.roll import Enrolled, GroupRow, Roll, RuleRow
from app.credits import service as credits
from app.rules import grouping
from app.rules.grouping import Arrangement, Learner, Present, Trouble


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `take_in`: people in classes without a rule too; `year`: classes of earlier training years are
    closed and made anew for this one."""

    take_in: bool = False
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody who comes into a class: `target` its id, below zero while it is still to be made."""

    person: Enrolled
    target: int


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Somebody for whom there is no class by rule, and why (`rules.grouping`); who is in one (`class_id`) stays."""

    person: Enrolled
    why: str
    class_id: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change. `ties`: class → rule that it goes over to; `sizes`: of every class afterwards, by id; `stays`:
    how many are in the class where they were; `outside`: how many of them in classes without a rule; `proposed`: the
    rules it goes by are still to be kept."""

    roll: Roll
    rules: list[RuleRow]
    proposed: bool
    new: list[NewClass]
    closing: list[int]
    ties: dict[int, int]
    joined: list[Move]
    moved: list[Move]
    left: list[Enrolled]
    stays: int
    outside: int
    unplaced: list[Unplaced]
    troubles: list[Trouble]
    sizes: dict[int, int]
    year: int

    @property
    def changes(self) -> bool:
        """Is there anything to do?"""
        return bool(self.new or self.closing or self.ties or self.joined or self.moved or self.left)

    def group(self, class_id: int) -> GroupRow | NewClass | None:
        """A class that is there or to be made; None where it was closed by another hand with people in it."""
        return self.new[-class_id - 1] if class_id < 0 else self.roll.classes.get(class_id)

    def code_of(self, class_id: int) -> str:
        """The code of a class that is there or to be made."""
        found = self.group(class_id)
        return found.code if found else f"#{class_id}"

    def fingerprint(self) -> str:
        """The same for two plans that do the same, hex: who looked at a preview applies what was shown or nothing."""
        parts = [
            [[rule.position, rule.pattern, rule.pattern_en] for rule in self.rules] if self.proposed else [],
            [[each.code, each.name, each.name_en, each.rule_id] for each in self.new],
            self.closing, sorted(self.ties.items()), [each.id for each in self.left],
            [[each.person.id, each.person.class_id, each.target] for each in (*self.joined, *self.moved)],
            [[each.person.id, each.why] for each in self.unplaced],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def plan(session: Session, day: date, wanted: Wanted | None = None, *, propose: bool = False) -> Plan:
    """What the rules make of everybody today. `propose`: where there are no rules, by those for a beginning."""
    wanted = wanted or Wanted()
    found = roll.read(session, day)
    proposed = propose and not found.rules
    rules = class_rules.beginning(found, take_in=wanted.take_in) if proposed else found.rules
    year, old = _year(session, found, wanted)
    learners, leaving = _learners(found, wanted, old)
    there = [
        Present(each.id, each.rule_id)
        for each in found.classes.values()
        if each.id not in old and (wanted.take_in or each.rule_id is not None)
    ]
    made = grouping.arrange(learners, [row.rule for row in rules], there)
    new = naming.named(session, found, rules, made.made, year)
    return _planned(found, rules, made, new, leaving, old, year, proposed)


def _year(session: Session, found: Roll, wanted: Wanted) -> tuple[int, set[int]]:
    """The training year of classes that are made, and which classes are closed for it."""
    present = training_year(session, found.day)
    if wanted.year is not None and not present <= wanted.year <= present + 1:
        text = _("Classes are made for %(this)s or %(next)s.", this=present, next=present + 1)
        raise BadInput(text, "year")
    years = [each.year for each in found.classes.values() if each.year is not None]
    year = wanted.year or max([present, *years])
    old = {
        each.id for each in found.classes.values()
        if wanted.year is not None and each.rule_id is not None and (each.year or 0) < wanted.year
    }  # fmt: skip
    return year, old


def training_year(session: Session, day: date) -> int:
    """The year in which the training period of a day begins; that of the day while there are no rules of credit."""
    book = credits.book(session)
    return day.year if book is None else book.period.start(book.period.index(day)).year


def _learners(found: Roll, wanted: Wanted, old: set[int]) -> tuple[list[Learner], set[int]]:
    """Whom rules may place, and who leaves because the account is closed."""
    learners: list[Learner] = []
    leaving: set[int] = set()
    for each in found.people:
        group = found.classes.get(each.class_id) if each.class_id is not None else None
        if group is not None and group.rule_id is None and not wanted.take_in:
            continue
        if each.gone:
            leaving.add(each.id)
            continue
        unit = found.units.get(each.unit_id) if each.unit_id is not None else None
        held = each.pinned or (each.since is not None and each.since > found.day)
        group_id = None if each.class_id in old else each.class_id
        learners.append(
            Learner(
                each.id, unit.code if unit else "", unit.nature if unit else "", each.band,
                unit.district if unit else "", each.key_trainee, group_id, held and group_id is not None,
            )
        )  # fmt: skip
    return learners, leaving


def _planned(
    found: Roll, rules: list[RuleRow], made: Arrangement, new: list[NewClass], leaving: set[int], old: set[int],
    year: int, proposed: bool,
) -> Plan:  # fmt: skip
    joined: list[Move] = []
    moved: list[Move] = []
    left: list[Enrolled] = []
    unplaced: list[Unplaced] = []
    sizes = dict.fromkeys((each for each in found.classes if each not in old and each not in made.closed), 0)
    stays = outside = 0
    for each in found.people:
        target = made.places.get(each.id)
        why = made.unplaced.get(each.id)
        if why is not None:
            unplaced.append(Unplaced(each, why, target))
        if target is None and each.class_id is not None and (each.id in leaving or why is not None):
            left.append(each)
        elif target is None and each.class_id is not None:
            sizes[each.class_id] = sizes.get(each.class_id, 0) + 1
            outside += 1
        elif target is not None:
            sizes[target] = sizes.get(target, 0) + 1
            if target == each.class_id:
                stays += 1
            else:
                (joined if each.class_id is None else moved).append(Move(each, target))
    return Plan(
        found, rules, proposed, new, sorted({*made.closed, *old}), made.ties, joined, moved, left, stays + outside,
        outside, unplaced, made.troubles, sizes, year,
    )  # fmt: skip


def told(plan: Plan) -> dict[str, object]:
    """A plan as programs read it."""
    return {
        "classes": len(plan.sizes),
        "made": len(plan.new),
        "closed": len(plan.closing),
        "joined": len(plan.joined),
        "moved": len(plan.moved),
        "stay": plan.stays,
        "left": len(plan.left),
        "unplaced": [
            {
                "login": each.person.login,
                "name": each.person.name,
                "why": each.why,
                "class": None if each.class_id is None else plan.code_of(each.class_id),
            }
            for each in plan.unplaced
        ],
        "sizes": {plan.code_of(class_id): size for class_id, size in _in_order(plan, plan.sizes)},
        "troubles": [
            {
                "kind": each.kind,
                "rule": each.rule,
                "people": each.people,
                "district": each.district,
                "class": None if each.group is None else plan.code_of(each.group),
            }
            for each in plan.troubles
        ],
    }


def _in_order(plan: Plan, class_ids: Iterable[int]) -> list[tuple[int, int]]:
    return sorted(((each, plan.sizes[each]) for each in class_ids), key=lambda pair: plan.code_of(pair[0]))
