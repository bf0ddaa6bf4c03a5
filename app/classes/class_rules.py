"""The rules by which classes are made: keeping, ordering and removing them. No function commits."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.base import audit, plain
from app.base.errors import BadInput, NotFound
from app.classes import roll
from app.classes.models import ClassRule, VirtualClass
from app.classes.naming import HOLE, HOLES
from app.classes.roll import Roll, RuleRow
from app.rules.grouping import Rule

SMALLEST, BEST, LARGEST = 200, 400, 600
MOST_SIZE, MOST_PATTERN, MOST_RULES = 100_000, 80, 100
# What the first rules call the classes of a nature; another nature gives its own name.
BEGINNING = {
    "party_government": ("党政机关", "Party and government"),
    "public_institution": ("事业单位", "Public institutions"),
    "state_enterprise": ("国有企业", "State enterprises"),
    "school": ("学校", "Schools"),
    "hospital": ("医院", "Hospitals"),
    "township": ("乡镇街道", "Townships"),
    "mass_organisation": ("群团组织", "Mass organisations"),
}


@dataclass(frozen=True, slots=True)
class RuleWanted:
    """What a rule shall say; empty lists take all. `key_trainee` None: key trainees and others."""

    natures: tuple[str, ...]
    bands: tuple[str, ...]
    districts: tuple[str, ...]
    key_trainee: bool | None
    by_district: bool
    join_small: bool
    smallest: int
    best: int
    largest: int
    pattern: str
    pattern_en: str


def beginning(found: Roll, *, take_in: bool) -> list[RuleRow]:
    """Rules for an academy that has none: one for each nature that learners to be placed have. Not kept yet: their
    numbers are below zero."""
    natures = {
        found.units[each.unit_id].nature
        for each in found.people
        if each.unit_id in found.units and not each.gone and (take_in or each.class_id is None)
    }
    order = list(BEGINNING)
    known = sorted(natures, key=lambda each: (order.index(each) if each in order else len(order), each))
    rows = []
    for at, nature in enumerate(known, 1):
        name, name_en = BEGINNING.get(nature, (nature, nature))
        name, name_en = (HOLE.sub("", text).strip("{} ")[:40] for text in (name, name_en))
        rule = Rule(-at, SMALLEST, BEST, LARGEST, frozenset([nature]), join_small=True)
        rows.append(RuleRow(rule, at, f"{{year}}年{name}{{n}}班", f"{name_en}, class {{n}} of {{year}}"))
    return rows


def keep(session: Session, rows: Sequence[RuleRow], actor_id: int | None) -> dict[int, int]:
    """Keep proposed rules; their numbers by the ones they had."""
    return {row.id: add(session, wanted_of(row), actor_id) for row in rows}


def wanted_of(row: RuleRow) -> RuleWanted:
    """What a rule says, as a form holds it."""
    law = row.rule
    return RuleWanted(
        tuple(sorted(law.natures)), tuple(sorted(law.bands)), tuple(sorted(law.districts)), law.key_trainee,
        law.by_district, law.join_small, law.smallest, law.best, law.largest, row.pattern, row.pattern_en,
    )  # fmt: skip


def add(session: Session, wanted: RuleWanted, actor_id: int | None) -> int:
    """A new rule, behind the others; its number."""
    _check(wanted)
    last = session.scalar(select(func.max(ClassRule.position))) or 0
    if (session.scalar(select(func.count()).select_from(ClassRule)) or 0) >= MOST_RULES:
        raise BadInput(_("There are %(most)s rules already; more than that nobody overlooks.", most=MOST_RULES), None)
    made = ClassRule(position=last + 1, **_columns(wanted))
    session.add(made)
    session.flush()
    audit.record(session, actor_id, "class_rule.add", f"class_rule:{made.id}", new=dataclasses.asdict(wanted))
    return made.id


def change(session: Session, rule_id: int, wanted: RuleWanted, actor_id: int) -> None:
    """What a rule says from now on. Nobody moves before the classes are put in order."""
    _check(wanted)
    row = _held(session, rule_id)
    before = wanted_of(roll.rule_row(row))
    if before == wanted:
        return
    for name, value in _columns(wanted).items():
        setattr(row, name, value)
    session.flush()
    audit.record(
        session, actor_id, "class_rule.change", f"class_rule:{rule_id}",
        old=dataclasses.asdict(before), new=dataclasses.asdict(wanted),
    )  # fmt: skip


def shift(session: Session, rule_id: int, up: bool, actor_id: int) -> None:
    """One place up or down; nothing at the end."""
    rows = list(session.scalars(select(ClassRule).order_by(ClassRule.position, ClassRule.id).with_for_update()))
    at = next((place for place, row in enumerate(rows) if row.id == rule_id), None)
    if at is None:
        raise NotFound(_("There is no such rule. It may have been removed."))
    other = at - 1 if up else at + 1
    if not 0 <= other < len(rows):
        return
    rows[at], rows[other] = rows[other], rows[at]
    for place, row in enumerate(rows, 1):
        row.position = place
    session.flush()
    audit.record(session, actor_id, "class_rule.shift", f"class_rule:{rule_id}", old=at + 1, new=other + 1)


def remove(session: Session, rule_id: int, actor_id: int) -> None:
    """Take a rule away. Its classes stay with everybody in them, as classes without a rule."""
    row = _held(session, rule_id)
    old = dataclasses.asdict(wanted_of(roll.rule_row(row)))
    session.execute(update(VirtualClass).where(VirtualClass.rule_id == rule_id).values(rule_id=None))
    session.delete(row)
    session.flush()
    audit.record(session, actor_id, "class_rule.remove", f"class_rule:{rule_id}", old=old)


def _held(session: Session, rule_id: int) -> ClassRule:
    found = session.get(ClassRule, rule_id)
    if found is None:
        raise NotFound(_("There is no such rule. It may have been removed."))
    return found


def _columns(wanted: RuleWanted) -> dict[str, object]:
    columns: dict[str, object] = dataclasses.asdict(wanted)
    for name in ("natures", "bands", "districts"):
        columns[name] = json.dumps(sorted(getattr(wanted, name)), ensure_ascii=False)
    return columns


def _check(wanted: RuleWanted) -> None:
    for field in ("smallest", "best", "largest"):
        if not 1 <= getattr(wanted, field) <= MOST_SIZE:
            raise BadInput(_("A class has from 1 to %(most)s people.", most=MOST_SIZE), field)
    if wanted.best < wanted.smallest:
        raise BadInput(_("The best size lies below the smallest."), "best")
    if wanted.largest < wanted.best:
        raise BadInput(_("The largest size lies below the best."), "largest")
    for field, text in (("pattern", wanted.pattern), ("pattern_en", wanted.pattern_en)):
        _check_pattern(field, text)


def _check_pattern(field: str, text: str) -> None:
    plain.check(text, field)
    if len(text) > MOST_PATTERN:
        raise BadInput(_("At most %(most)s characters; this has %(n)s.", most=MOST_PATTERN, n=len(text)), field)
    found = HOLE.findall(text)
    unknown = next((hole for hole in found if hole not in HOLES), None)
    if unknown is not None or "{" in HOLE.sub("", text) or "}" in HOLE.sub("", text):
        raise BadInput(_("Only {n}, {year} and {district} may stand in braces."), field)
    if "n" not in found:
        raise BadInput(_("Write {n} where the number of the class is to stand: no two may be called alike."), field)
