"""The block of a period in words: for each test what there is and what is needed, where hours came from and went to,
what shares cut; and each requirement as a sentence. No database, no request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from app.base.numbers import hours
from app.credits.reckoning import clause_text, decimals_for, exact_text, language
from app.credits.shown import signed_exact
from app.credits.statement.lines import Line
from app.credits.statement.making import Statement
from app.rules import ledger
from app.rules.credit.clauses import Meets, RuleSet, Test
from app.rules.credit.plan import carried
from app.rules.credit.reasons import amount
from app.rules.credit.settlement import TestResult

_WHOLE = ("days", "months", "minutes", "count")  # what a test may measure besides hours


@dataclass(frozen=True, slots=True)
class Duty:
    """One test. `state`: met, short, over, not due, flagged (short, and nothing follows from it), not asked (in a
    period in which there is no duty at all).

    Amounts are texts with their unit; `more` are sentences about where they come from.
    """

    name: str
    text: str
    got: str
    quota: str
    short: str
    state: str
    word: str
    more: list[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of a requirement: all or any of them. A part is a group or (text, met)."""

    every: bool
    parts: list[Group | tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One requirement: its clause, whether it is met, and the tests that it is made of."""

    name: str
    text: str
    state: str
    word: str
    group: Group


@dataclass(frozen=True, slots=True)
class Moved:
    """Hours that came from or went to another period, or that a share cut: signed amount, the clause, the line (if
    there is one), and the other period (if there is one)."""

    text: str
    amount: str
    clause: str
    seq: int | None
    period: date | None


@dataclass(frozen=True, slots=True)
class Period:
    """The whole block. `relief` says why nothing, or less, is asked ("" where all is)."""

    relief: str
    duties: list[Duty]
    asked: list[Asked]
    moved: list[Moved]


def period_of(statement: Statement) -> Period | None:
    """The block of a statement; None where its version asks for nothing."""
    rules = statement.version(statement.period.version)
    if rules is None or not (rules.tests or rules.requirements):
        return None
    result = statement.period
    words = {"none": _("No duty in this period: not bound on any day."), "exempt": _("Exempt in this period.")}
    return Period(
        str(words.get(result.duty, "")),
        _duties([test for test in rules.tests if test.id in result.tests], statement, rules),
        [_asked(name, word, statement, rules) for name, word in result.requirements.items()],
        [*_carried_in(statement), *_shares(statement), *_made_up_for(statement), *_carried_out(statement)],
    )


def _duties(tests: Sequence[Test], statement: Statement, rules: RuleSet) -> list[Duty]:
    """One row a test. Hours that stand below each other have as many decimals."""
    found = statement.period.tests
    in_hours = [found[test.id] for test in tests if test.measure not in _WHOLE]
    columns = tuple(zip(*((each.got, each.quota, each.short) for each in in_hours), strict=True)) or ((),) * 3
    decimals = tuple(decimals_for(column) for column in columns)
    return [_duty(test, found[test.id], decimals, statement, rules) for test in tests]


def _duty(test: Test, found: TestResult, decimals: Sequence[int], statement: Statement, rules: RuleSet) -> Duty:
    state = "met" if found.met else _lacking(test, found, asked=statement.period.duty == "full")
    got, quota, short = (
        amount_text(each, test, rules.unit, least)
        for each, least in zip((found.got, found.quota, found.short), decimals, strict=True)
    )
    words: dict[str, str] = {
        "met": _("reached"),
        "short": _("missing"),
        "over": _("too much"),
        "not due": _("not due yet"),
        "flagged": _("below, only noted"),
        "not asked": _("not asked for"),
    }
    lacks = short if found.short and state != "not asked" else ""
    return Duty(
        test.id, clause_text(rules, test.id) or test.id, got, quota, lacks, state, words[state],
        _more(test, found, statement, rules),
    )  # fmt: skip


def _lacking(test: Test, found: TestResult, asked: bool) -> str:
    if not asked:
        return "not asked"
    if test.at_most:
        return "over"
    if not found.due:
        return "not due"
    return "short" if found.blocking else "flagged"


def amount_text(thousandths: int, test: Test, unit: str, least: int = 1) -> str:
    """An amount in the unit of what a test measures; hours with at least so many decimals."""
    number = hours(thousandths)
    whole = number.removesuffix(".0")
    if test.measure == "days":
        return str(_("%(number)s days", number=whole))
    if test.measure == "months":
        return str(_("%(number)s months", number=whole))
    if test.measure == "minutes":
        return str(_("%(number)s minutes", number=whole))
    if test.measure == "count":
        return str(_("%(number)s pieces", number=whole))
    return amount(thousandths, unit, language(), least)


def _more(test: Test, found: TestResult, statement: Statement, rules: RuleSet) -> list[str]:
    said: list[str] = []
    if test.measure == "earned":
        said.append(_("Counts what was earned, before limits."))
    if test.at_most:
        said.append(_("An upper limit: less is right."))
    if test.cycle:
        said.append(_("Sums the whole cycle, up to and including this period."))
    if test.window is not None:
        said.append(
            _("Sums %(months)s months from the day on which it begins for the learner.", months=test.window.months)
        )
    if test.share_of is not None:
        of = clause_text(rules, test.share_of) or test.share_of
        share = exact_text(test.quota.value * 100).removesuffix(".0") + "%"
        said.append(_("The number needed is a part (%(share)s) of: %(of)s", share=share, of=of))
    coming = sum(line.countable for line in statement.lines if _carried_counts(line, test, statement, rules))
    if coming:
        said.append(_("Carried in from the period before: %(hours)s.", hours=hours(coming)))
    paid = statement.period.made_up.get(test.id)
    if paid:
        said.append(_("Made up afterwards: %(hours)s.", hours=hours(paid)))
    if not found.blocking and not found.met:
        said.append(_("It is noted; the requirement does not depend on it."))
    return [str(text) for text in said]


def _carried_counts(line: Line, test: Test, statement: Statement, rules: RuleSet) -> bool:
    """Is this a line of carried hours that the test counts?"""
    version = statement.version(line.version) if line.kind == "carried" else None
    if version is None:
        return False
    clause = line.piece.key.split(":", 2)[1]
    row = next((each for each in version.carries if each.id == clause), None)
    if row is None:
        return False
    return test.id in statement.rules.counted_by(rules, carried(rules, row.fields, line.bucket))


def _asked(name: str, word: str, statement: Statement, rules: RuleSet) -> Asked:
    words: dict[str, str] = {
        "met": _("met"),
        "not met": _("not met"),
        "not due": _("not due yet"),
        "exempt": _("exempt"),
        "does not apply": _("does not apply"),
    }
    row = next(each for each in rules.requirements if each.id == name)
    met = {test: result.met or not result.blocking for test, result in statement.period.tests.items()}
    return Asked(name, clause_text(rules, name) or name, word, words.get(word, word), _group(row.meets, met, rules))


def _group(meets: Meets, met: dict[str, bool], rules: RuleSet) -> Group:
    return Group(
        meets.every,
        [
            (clause_text(rules, part) or part, met.get(part, False)) if isinstance(part, str)
            else _group(part, met, rules)
            for part in meets.parts
        ],
    )  # fmt: skip


def _carried_in(statement: Statement) -> list[Moved]:
    return [
        Moved(_("Carried in"), signed_exact(line.countable), line.piece.key.split(":", 2)[1], line.seq,
              ledger.carried_from(line.piece.key))
        for line in reversed(statement.lines)
        if line.kind == "carried" and line.reversed_by is None
    ]  # fmt: skip


def _shares(statement: Statement) -> list[Moved]:
    cut: defaultdict[str, int] = defaultdict(int)
    for line in statement.lines:
        for why in line.why:
            if why.did == "share" and line.reversed_by is None:
                cut[why.clause] += why.numbers[0] - why.numbers[1]
    return [Moved(_("Cut by a share"), signed_exact(-cut[name]), name, None, None) for name in sorted(cut)]


def _made_up_for(statement: Statement) -> list[Moved]:
    """What later learning was posted to this period, and what of this period's learning went to an older one."""
    found = []
    for line in reversed(statement.lines):
        if line.reversed_by is not None or line.reverses is not None:
            continue
        why = line.said("make_up")
        if why is not None:
            found.append(Moved(_("Made up afterwards"), signed_exact(line.countable), why.clause, line.seq, None))
        else:
            found += [
                Moved(_("Made up an older period"), signed_exact(-other.countable), "", other.seq, other.period)
                for other in line.others
                if other.period < statement.period.start
            ]
    return found


def _carried_out(statement: Statement) -> list[Moved]:
    rule = statement.rules.period
    after = rule.start(rule.index(statement.period.start) + 1)
    closed = statement.period.sealed or after in statement.periods
    text = _("Carried into the next period") if closed else _("Would go into the next period as it stands")
    return [
        Moved(str(text), hours(amount), name, None, after if after in statement.periods else None)
        for name, amount in statement.period.carry.items()
        if amount
    ]
