"""How a posting came about, in words: mark, conversion, weights, rounding, repeats, limits. No database, no request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from math import floor, prod
from operator import itemgetter
from typing import NamedTuple

from flask_babel import get_locale
from flask_babel import gettext as _

from app.base.numbers import clock, fixed, hours
from app.credits.statement.lines import Judged, Line
from app.rules.credit.clauses import Cap, Convert, Round, RuleSet
from app.rules.credit.evidence import Numbers
from app.rules.credit.formula import Expr, Ratio
from app.rules.credit.kinds import FORMULA_FIELDS, NUMBERS
from app.rules.credit.reasons import render
from app.rules.credit.settlement import Why


class Step(NamedTuple):
    """A line of the reckoning: what, the number after it, the clause as printed, and the clause's id ("": none)."""

    what: str
    number: str
    clause: str
    name: str = ""


_FIELDS = {place: (field, worth) for field, (place, worth) in FORMULA_FIELDS.items()}


def english() -> bool:
    """Is the reader's language English?"""
    return str(get_locale()).startswith("en")


def language() -> str:
    """The reader's language as rules name it."""
    return "en" if english() else "zh"


def clause_text(rules: RuleSet, name: str) -> str:
    """A clause as printed, in the reader's language; "" for none."""
    text = rules.texts.get(name, {})
    return text.get(language()) or text.get("zh") or text.get("en") or ""


def decimals_for(amounts: Collection[int]) -> int:
    """How many decimals (1 to 3) show each of these amounts whole."""
    return next((n for n in (1, 2) if all(amount % 10 ** (3 - n) == 0 for amount in amounts)), 3)


Holding = Callable[[str, int], RuleSet | None]


class Teller:
    """The steps of one posting, in the order of the rules: mark, conversion, weights, rounding, repeats, limits."""

    def __init__(self, line: Line, rules: RuleSet, decimals: int, holding: Holding | None = None) -> None:
        """`holding`: which version has a clause, where it may be another than the one that judged the piece."""
        self._line, self._rules, self._decimals = line, rules, decimals
        self._holding = holding or (lambda _name, _number: rules)
        self._said = {why.did: why for why in line.why}

    def steps(self) -> list[Step]:
        """All of them; what the ledger keeps decides, the clauses only say how it came about."""
        judged, gives = self._line.judged, self._said.get("gives")
        other = "returned" in self._said  # the amount is what was too much, not what the steps come to
        if other or judged is None or gives is None or judged.plan.version.version != self._line.version:
            return self._told(self._line.why)
        return [
            *self._told([why for why in self._line.why if why.did in ("late", "waited")]),
            *self._mark(judged),
            *self._amount(judged, gives),
            *self._repeats(judged, gives.numbers[2]),
            *self._limits(judged, gives.numbers[2]),
            *self._told([why for why in self._line.why if why.did in ("share", "make_up")], self._line.countable),
        ]

    def _told(self, why: Sequence[Why], left: int | None = None) -> list[Step]:
        """Reasons as their own sentences say them; `left` is the number after each."""
        number = "" if left is None else self._fixed(left)
        found = []
        for row in why:
            rules = self._holding(row.clause, self._rules.version) or self._rules
            [(clause, text)] = render([row], rules, language())
            found.append(Step(text, number, clause, row.clause if clause else ""))
        return found

    def _step(self, what: str, number: str, name: str = "") -> Step:
        return Step(what, number, clause_text(self._rules, name) if name else "", name)

    def _fixed(self, thousandths: int) -> str:
        return fixed(thousandths, self._decimals)

    def _mark(self, judged: Judged) -> list[Step]:
        """How much was seen (or scored), against the mark that it had to reach."""
        facts, mark = self._line.piece.facts, judged.plan.mark
        name = mark.id if mark is not None else ""
        seen, length = facts.get("seen_ms"), facts.get("length_ms")
        if isinstance(seen, int) and isinstance(length, int) and length > 0:
            text = _("Watched %(seen)s of %(length)s", seen=clock(seen), length=clock(length))
            return [self._step(text, f"{seen * 1000 // length / 10:.1f}%", name)]
        if mark is None:
            return []
        measure = mark.measure
        if isinstance(measure, Ratio):
            top, bottom = measure.pair(judged.numbers)
            reached = f"{floor(measure.coeff * top * 1000 / bottom) / 10:.1f}%"
        else:
            reached = exact_text(measure.coeff * measure.value(judged.numbers))
        return [self._step(_("The mark is reached"), reached, name)]

    def _amount(self, judged: Judged, gives: Why) -> list[Step]:
        """Conversion, weights, the one rounding."""
        plan, (top, bottom, given) = judged.plan, gives.numbers
        if not gives.clause:  # no clause converts it: an opening balance
            return [self._step(_("Taken over as the earlier platform had it"), self._fixed(given))]
        exact = Fraction(top, bottom * 1000)
        times = [Fraction(why.numbers[0], why.numbers[1]) for why in self._line.why if why.did == "weighs"]
        weights = [why.clause for why in self._line.why if why.did == "weighs"]
        if plan.plain:
            running = exact / prod(times, start=Fraction(1))
            text = _("Conversion: %(how)s", how=conversion(judged.plan.convert, judged.numbers))
            found = [self._step(text, exact_text(running), gives.clause)]
        else:  # the sum of a series or pool, already weighed; what of it is new comes last
            running = exact
            text = _("Conversion: all that belongs together so far")
            found = [self._step(text, exact_text(running), gives.clause)]
        for factor, clause in zip(times, weights, strict=True):
            running = running * factor if plan.plain else running
            text = _("Weight: × %(factor)s", factor=exact_text(factor))
            found.append(self._step(text, exact_text(running), clause))
        whole = plan.rounded(top, bottom)
        if plan.round is not None:
            found.append(self._step(rounding_text(plan.round), self._fixed(whole), plan.round.id))
        if whole != given:
            before = self._fixed(whole - given)
            found.append(self._step(_("Of it %(before)s was credited before", before=before), self._fixed(given)))
        return found

    def _repeats(self, judged: Judged, given: int) -> list[Step]:
        """What repeats took off; a clause that found none says so."""
        found = []
        for rule in judged.plan.duplicates:
            why = next((w for w in self._line.why if w.did in ("repeat", "overlaps") and w.clause == rule.id), None)
            if why is None:
                text = _("Overlap: none with what was credited") if rule.overlap else _("Repeat: not credited before")
            else:
                [(_clause, text)] = render([why], self._rules, language())
                given = why.numbers[2]
            found.append(self._step(text, self._fixed(given), rule.id))
        return found

    def _limits(self, judged: Judged, given: int) -> list[Step]:
        """What the tightest limit cut off, first; the others are kept."""
        cut = self._said.get("cut")
        caps = sorted(judged.plan.caps, key=lambda cap: cut is None or cap.id != cut.clause)
        for why in self._line.why:  # what repeats left of it
            given = why.numbers[2] if why.did in ("repeat", "overlaps") else given
        left = cut.numbers[1] if cut is not None else given
        return [self._step(self._limit(cap, cut), self._fixed(left), cap.id) for cap in caps]

    def _limit(self, cap: Cap, cut: Why | None) -> str:
        most = per_text(cap, hours(cap.limit_m))
        if cut is None or cut.clause != cap.id:
            return str(_("Limit: %(most)s, not exceeded", most=most))
        asked, taken, _limit = cut.numbers
        return str(_("Limit: %(most)s, %(cut)s beyond it", most=most, cut=self._fixed(asked - taken)))


def per_text(cap: Cap, limit: str) -> str:
    """A limit with what it is for: `8.0 a day`."""
    words: dict[str, str] = {
        "day": _("%(limit)s a day", limit=limit),
        "item": _("%(limit)s a lesson", limit=limit),
        "run": _("%(limit)s a class run", limit=limit),
        "period": _("%(limit)s a period", limit=limit),
        "cycle": _("%(limit)s a cycle", limit=limit),
    }
    return words.get(cap.per, limit)


def rounding_text(rule: Round) -> str:
    """What the one rounding does."""
    step = hours(rule.to_m)
    words: dict[str, str] = {
        "floor": _("Rounding: down, in steps of %(step)s", step=step),
        "ceil": _("Rounding: up, in steps of %(step)s", step=step),
    }
    return words.get(rule.mode) or str(_("Rounding: to the nearest %(step)s", step=step))


def exact_text(number: Fraction) -> str:
    """Up to five decimals; what lies beyond them is `…`, and never rounded."""
    whole, rest = divmod(floor(abs(number) * 10**5), 10**5)
    decimals = f"{rest:05d}"
    more = number * 10**5 % 1 != 0
    return (
        f"{'−' if number < 0 else ''}{whole}.{decimals if more else decimals.rstrip('0') or '0'}{'…' if more else ''}"
    )


def conversion(convert: Convert, numbers: Numbers) -> str:
    """How an amount is reckoned, with its numbers: `length 6:04 ÷ 45 minutes`."""
    cases = convert.cases
    place = next((n for n, case in enumerate(cases) if case.test is None or case.test(numbers)), None)
    if place is None:
        return str(_("as the clause says"))
    gives = cases[place].gives
    if cases[place].test is not None or len(cases) > 1:
        return str(_("by the step that is reached"))
    if gives.constant:
        return str(_("the same for each"))
    return _linear(gives, numbers) or str(_("as the clause says"))


def _linear(gives: Expr, numbers: Numbers) -> str:
    """A formula that is one field times a number, in words; "" for any other."""
    if not isinstance(gives.value, itemgetter):
        return ""
    where = gives.value(tuple(range(len(NUMBERS))))
    field, worth = _FIELDS[where]
    number, each = numbers[where], gives.coeff / worth
    timed = field in ("length", "seen", "minutes")
    amount = _clock(number) if timed else exact_text(number * worth).removesuffix(".0")
    what = _quantity(field, amount)
    if each == 1:
        return what
    if each < 1 and 1000 % (1 / each).denominator == 0:
        by = exact_text(1 / each).removesuffix(".0")
        by = _("%(number)s minutes", number=by) if timed else by
        return f"{what} ÷ {by}"
    return f"{what} × {exact_text(each)}"


def _clock(ms: int) -> str:
    """6:04.053: whole milliseconds, so that the reckoning can be checked."""
    return clock(ms) + (f".{ms % 1000:03d}".rstrip("0") if ms % 1000 else "")


def _quantity(field: str, amount: str) -> str:
    words: dict[str, str] = {
        "length": _("length %(amount)s", amount=amount),
        "seen": _("watched %(amount)s", amount=amount),
        "minutes": _("duration %(amount)s", amount=amount),
        "days": _("%(amount)s days", amount=amount),
        "hours": _("%(amount)s hours", amount=amount),
        "credits": _("%(amount)s credits", amount=amount),
        "score": _("score %(amount)s", amount=amount),
        "words": _("%(amount)s words", amount=amount),
        "questions": _("%(amount)s questions", amount=amount),
    }
    return words.get(field, amount)
