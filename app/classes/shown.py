"""Rules and plans in words, for their pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from app.base import labels
from app.classes.assigning import Move, Plan, Unplaced
from app.classes.naming import filled
from app.classes.roll import GroupRow, RuleRow, UnitRow
from app.rules.grouping import ABOVE, BELOW, NO_ROOM, NO_RULE, TOO_FEW, Trouble

MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """A class on its ruler. `largest`: of its rule, else of the largest class; `rule`: the place of its rule, 0 for
    none."""

    name: str
    code: str
    size: int
    largest: int
    rule: int
    within: bool
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A rule with what has come of it: how many classes, of which sizes."""

    row: RuleRow
    who: str
    name: str
    classes: int
    people: int
    least: int
    most: int


def who(row: RuleRow, tops: Mapping[str, UnitRow]) -> str:
    """Whom a rule takes."""
    law = row.rule
    parts = [
        _joined(labels.label("nature", code) for code in in_order("nature", law.natures)),
        _joined(labels.label("band", code) for code in in_order("band", law.bands)),
        _joined(unit_name(tops.get(code), code) for code in sorted(law.districts)),
    ]
    found = [part for part in parts if part]
    if law.key_trainee is not None:
        found.append(str(_("key trainees") if law.key_trainee else _("not key trainees")))
    return " · ".join(found) or str(_("Everybody"))


def _joined(words: Iterable[str]) -> str:
    return (", " if labels.english() else "、").join(words)


def in_order(kind: str, codes: Iterable[str]) -> list[str]:
    """Codes in the order of their words; others behind them."""
    known = labels.codes(kind)
    return sorted(codes, key=lambda code: (known.index(code) if code in known else len(known), code))


def unit_name(unit: UnitRow | None, code: str = "") -> str:
    """A unit's name in the reader's language."""
    return ((unit.name_en if labels.english() else "") or unit.name) if unit else code


def class_name(plan: Plan, class_id: int) -> str:
    """A class's name in the reader's language, there or to be made."""
    found = plan.group(class_id)
    return ((found.name_en if labels.english() else "") or found.name) if found else plan.code_of(class_id)


def example(row: RuleRow, year: int) -> str:
    """What the first class of a rule is called."""
    pattern = (row.pattern_en if labels.english() else "") or row.pattern
    return filled(pattern, 1, year, str(_("(top unit)")))


def lines(
    rows: list[RuleRow], classes: Mapping[int, GroupRow], sizes: Mapping[int, int], tops: Mapping[str, UnitRow],
    year: int,
) -> list[Line]:  # fmt: skip
    """The rules with what has come of them."""
    found = []
    for row in rows:
        counts = [sizes.get(each.id, 0) for each in classes.values() if each.rule_id == row.id]
        found.append(
            Line(
                row, who(row, tops), example(row, year), len(counts), sum(counts), min(counts, default=0),
                max(counts, default=0),
            )
        )  # fmt: skip
    return found


def bars(rows: list[RuleRow], classes: Mapping[int, GroupRow], sizes: Mapping[int, int]) -> list[Bar]:
    """The classes that are there."""
    by_id = {row.id: row for row in rows}
    top = max(sizes.values(), default=1)
    return [
        _bar((each.name_en if labels.english() else "") or each.name, each.code, sizes.get(each.id, 0),
             by_id.get(each.rule_id or 0), top)
        for each in classes.values()
    ]  # fmt: skip


def _bar(name: str, code: str, size: int, row: RuleRow | None, top: int, is_new: bool = False) -> Bar:
    if row is None:
        return Bar(name, code, size, top, 0, True, is_new)
    law = row.rule
    return Bar(name, code, size, max(law.largest, size), row.position, law.smallest <= size <= law.largest, is_new)


def planned_bars(plan: Plan) -> list[Bar]:
    """The classes as they would be, by code."""
    by_id = {row.id: row for row in plan.rules}
    top = max(plan.sizes.values(), default=1)
    some = len(plan.new) < len(plan.sizes)  # where all are new it need not be said of each
    found = []
    for class_id in sorted(plan.sizes, key=plan.code_of):
        group = plan.group(class_id)
        row = by_id.get(plan.ties.get(class_id, (group.rule_id if group else None) or 0))
        found.append(
            _bar(
                class_name(plan, class_id),
                plan.code_of(class_id),
                plan.sizes[class_id],
                row,
                top,
                some and class_id < 0,
            )
        )
    return found


def ways(plan: Plan) -> list[tuple[str, str, int]]:
    """(from, to, how many) of those who move, the most first."""
    counts = Counter((each.person.class_id or 0, each.target) for each in plan.moved)
    found = [(class_name(plan, start), class_name(plan, end), count) for (start, end), count in counts.items()]
    return sorted(found, key=lambda way: (-way[2], way[0], way[1]))


def unit_of(plan: Plan, each: Move | Unplaced) -> str:
    """The unit of somebody in a plan."""
    unit_id = each.person.unit_id
    return unit_name(plan.roll.units.get(unit_id)) if unit_id is not None else ""


def why(plan: Plan, each: Unplaced) -> str:
    """Why somebody has no class by rule."""
    words = {
        NO_RULE: _("Fits no rule") if each.person.unit_id is not None else _("Fits no rule: in no unit"),
        TOO_FEW: _("Too few people for a class by their rule"),
        NO_ROOM: _("No class of their rule has room"),
    }
    return str(words[each.why])


def trouble(plan: Plan, each: Trouble) -> str:
    """What does not come out, and what may be done."""
    row = next(row for row in plan.rules if row.id == each.rule)
    said: dict[str, object] = {
        "rule": row.position,
        "num": each.people,
        "least": row.rule.smallest,
        "most": row.rule.largest,
    }
    if each.kind in (BELOW, ABOVE) and each.group is not None:
        said["name"] = class_name(plan, each.group)
        if each.kind == BELOW:
            return str(_("%(name)s has %(num)s people, fewer than the smallest size %(least)s.", **said))
        return str(_("%(name)s has %(num)s people, more than the largest size %(most)s.", **said))
    if each.kind == TOO_FEW:
        where = unit_name(plan.roll.tops.get(each.district), each.district)
        told = ngettext(
            "Rule %(rule)s has %(num)d person, fewer than the smallest size %(least)s: lower it, or let the rule put "
            "together what is too small.",
            "Rule %(rule)s has %(num)d people, fewer than the smallest size %(least)s: lower it, or let the rule put "
            "together what is too small.",
            each.people, rule=row.position, least=row.rule.smallest,
        )  # fmt: skip
        return f"{where} · {told}" if where else str(told)
    return str(
        ngettext(
            "Rule %(rule)s has no room for %(num)d person: no number of classes from %(least)s to %(most)s fits.",
            "Rule %(rule)s has no room for %(num)d people: no number of classes from %(least)s to %(most)s fits.",
            each.people, rule=row.position, least=row.rule.smallest, most=row.rule.largest,
        )
    )  # fmt: skip
