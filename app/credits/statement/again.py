"""What would change it: when a repeat counts again, what a limit leaves open, what is still to be done."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from flask_babel import gettext as _

from app.base import labels
from app.base.numbers import clock, hours
from app.credits.reckoning import per_text
from app.credits.statement.lines import Missing, plain_date
from app.rules.credit.clauses import Mark, Needs, RuleSet
from app.rules.credit.formula import Ratio
from app.rules.credit.periods import years_later
from app.rules.credit.settlement import Why


def again_text(why: Why, rules: RuleSet) -> str:
    """Of a reason that took something: what still counts; "" where nothing is to be said."""
    if why.did == "cut":
        return _limit_again(why, rules)
    if why.did in ("repeat", "overlaps"):
        return _repeat_again(why, rules)
    if why.did == "share":
        return str(_("Hours of other kinds raise what may count."))
    return ""


def limit_text(why: Why, rules: RuleSet) -> str:
    """The limit that cut, with what it is for: `8.0 a day`."""
    cap = next((each for each in rules.caps if each.id == why.clause), None)
    most = hours(why.numbers[2])
    return per_text(cap, most) if cap is not None else most


def _limit_again(why: Why, rules: RuleSet) -> str:
    cap = next((each for each in rules.caps if each.id == why.clause), None)
    words: dict[str, str] = {
        "day": _("The limit starts anew every day."),
        "item": _("Every other course has a limit of its own."),
        "run": _("Every other class has a limit of its own."),
        "period": _("The limit starts anew with the next period."),
        "cycle": _("The limit starts anew with the next cycle."),
    }
    return words.get(cap.per, "") if cap is not None else ""


def _repeat_again(why: Why, rules: RuleSet) -> str:
    rule = next((each for each in rules.duplicates if each.id == why.clause), None)
    if rule is None:
        return str(_("Other lessons count."))
    if rule.overlap:
        return str(_("What does not lie at the same time counts."))
    if rule.within == "years":
        day = years_later(plain_date(why.numbers[0]), rule.years)
        return str(_("It counts again from %(day)s on.", day=labels.full_day(day)))
    words: dict[str, str] = {
        "day": _("It counts again on another day."),
        "period": _("It counts again in the next period."),
        "cycle": _("It counts again in the next cycle."),
    }
    return words.get(rule.within) or str(_("Other lessons count."))


def lacking_text(missing: Missing, rules: RuleSet) -> str:
    """Of a piece that gave nothing: what would change that; "" where nothing would."""
    why = missing.why
    if why.did == "below mark":
        return _mark_again(why, missing, rules)
    if why.did == "waits":
        return _waits(why, rules)
    if why.did == "banned":
        day = plain_date(why.numbers[0]) + timedelta(days=1)
        return str(_("What you learn from %(day)s on counts again.", day=labels.full_day(day)))
    if why.did == "no clause" and missing.serves:
        return str(_("Other learning needs it; it gives no hours of its own."))
    if why.did == "no clause":
        return str(_("The rules of that day have no clause for this."))
    if why.did == "gives" and missing.judged is not None and not missing.judged.plan.plain:
        return str(_("It is added to what follows and counts once there is enough for one step."))
    return again_text(why, rules)


def _mark_again(why: Why, missing: Missing, rules: RuleSet) -> str:
    mark = next((each for each in rules.marks if each.id == why.clause), None)
    if mark is None:
        return ""
    reached, whole, _none = why.numbers
    if not isinstance(mark.measure, Ratio):
        return str(_("%(more)s more is needed.", more=hours(_above(mark, Fraction(whole)) - reached)))
    more = _above(mark, mark.threshold * whole / mark.measure.coeff) - reached
    if missing.piece.kind in ("watched", "watched_elsewhere") and "seen_ms" in missing.piece.facts:
        # Whole seconds, never too few.
        return str(_("Watch %(more)s more.", more=clock(-(-more // 1000) * 1000)))
    return str(_("%(more)s more of %(whole)s are needed.", more=more, whole=whole))


def _above(mark: Mark, least: Fraction) -> int:
    """The smallest whole number that reaches the mark."""
    return least.__floor__() + 1 if mark.strict else least.__ceil__()


def _waits(why: Why, rules: RuleSet) -> str:
    need = next((each for each in rules.needs if each.id == why.clause), None)
    kinds = _kinds(need) if need is not None else ()
    run = need is not None and need.same == "run"
    if "exam" in kinds:
        return str(_("Pass the exam of this class.") if run else _("Pass the exam of this course."))
    if "class_close" in kinds:
        return str(_("It counts on the day on which the class is closed."))
    if "report" in kinds:
        return str(_("It counts on the day on which the report is accepted."))
    wanted = ", ".join(labels.label("evidence", kind) for kind in kinds)
    return str(_("Still needed: %(what)s.", what=wanted)) if wanted else ""


def _kinds(need: Needs) -> tuple[str, ...]:
    allowed = need.evidence.sets.get("kind")
    return tuple(sorted(allowed.values)) if allowed is not None and not allowed.negated else ()
