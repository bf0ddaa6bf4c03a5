"""Why not more, in words: each step from what a piece would have given to what counts. No database, no request."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flask_babel import gettext as _

from app.base import labels
from app.base.numbers import MINUS, fixed, hours
from app.credits.reckoning import decimals_for, exact_text, rounding_text
from app.credits.statement.again import again_text, limit_text
from app.credits.statement.lines import Line, plain_date
from app.rules.credit import whynot
from app.rules.credit.clauses import RuleSet
from app.rules.credit.settlement import Why
from app.rules.credit.whynot import Shortfall, Taken, shortfall


@dataclass(frozen=True, slots=True)
class Row:
    """One step: what it is, what it took (signed), what was left, the clause's id ("": none), and a hint ("": none).

    `others`: the numbers of the lines where the other parts stand, if the step is about them. `adds`: it gives instead.
    """

    text: str
    took: str
    left: str
    clause: str
    hint: str
    others: tuple[int, ...] = ()
    adds: bool = False


@dataclass(frozen=True, slots=True)
class More:
    """`rows` is empty where nothing was taken off."""

    title: str
    would: str
    rows: list[Row]
    counted: str


def shortfall_of(line: Line) -> Shortfall | None:
    """The way of a line, exact; None for what no clause gave (reversals)."""
    if line.reverses is not None:
        return None
    judged, gives = line.judged, line.said("gives")
    if gives is None or judged is None or judged.plan.version.version != line.version:
        return shortfall(line.why, line.countable)
    top, bottom, _given = gives.numbers
    plan = judged.plan
    rounded_by = plan.round.id if plan.round is not None else ""
    return shortfall(line.why, line.countable, plain=plan.plain, whole=plan.rounded(top, bottom), rounded_by=rounded_by)


def more_of(line: Line, rules: RuleSet) -> More | None:
    """The block of an opened line; None where there is nothing to reckon from."""
    way = shortfall_of(line)
    if way is None:
        return None
    most, steps = way.shown
    numbers = [most, way.counted, *(n for _step, took, left in steps for n in (took, left))]
    decimals = decimals_for(numbers)
    would, counted = fixed(most, decimals), fixed(way.counted, decimals)
    ends = {"would": hours(most), "counted": hours(way.counted)}
    if most == way.counted != way.would:  # they differ beyond the third decimal only
        would = ends["would"] = exact_text(way.would / 1000)
    more = way.would > way.counted
    title = _("Why %(counted)s and not %(would)s", **ends) if more else _("From %(would)s to %(counted)s", **ends)
    rows = [_row(step, took, left, decimals, line, rules) for step, took, left in steps]
    return More(str(title), would, rows, counted)


def _row(step: Taken, took: int, left: int, decimals: int, line: Line, rules: RuleSet) -> Row:
    number = f"{MINUS if took > 0 else '+' if took < 0 else ''}{fixed(abs(took), decimals)}"
    if took == 0:  # it did something, which lies beyond the third decimal
        number = f"{MINUS if step.took > 0 else '+'}0.000…"
    others = tuple(each.seq for each in line.others) if step.what == whynot.ELSEWHERE else ()
    return Row(
        _text(step, line, rules), number, fixed(left, decimals), step.clause, _hint(step, rules), others, step.took < 0
    )


def _text(step: Taken, line: Line, rules: RuleSet) -> str:
    why = step.why
    if step.what == whynot.ROUNDING:
        rule = next((each for each in rules.rounds if each.id == step.clause), None)
        return rounding_text(rule) if rule is not None else str(_("Rounding to whole thousandths"))
    if step.what == whynot.ELSEWHERE:
        return str(
            _("This part counts in the new period") if line.said("make_up") else _("This part made up an older period")
        )
    if why is None:
        return str(_("Credited before, with what belongs together"))
    return _said(why, rules)


def _said(why: Why, rules: RuleSet) -> str:
    first, second, third = why.numbers
    if why.did == "weighs":
        return str(_("Weight: × %(factor)s", factor=exact_text(Fraction(first, second))))
    if why.did == "cut":
        return str(_("Limit: %(most)s", most=limit_text(why, rules)))
    if why.did == "repeat":
        return str(_("Repeat: credited before, on %(day)s", day=labels.full_day(plain_date(first))))
    if why.did == "overlaps":
        return str(_("Overlap with what was credited on %(day)s", day=labels.full_day(plain_date(first))))
    if why.did == "share":
        return str(_("Share: of such hours only %(most)s may count in all", most=hours(third)))
    return str(_("More than may be carried over, or carried before"))


def _hint(step: Taken, rules: RuleSet) -> str:
    return again_text(step.why, rules) if step.why is not None else ""
