"""A statement in words: titles, dates, reasons and facts, in the reader's language. No database, no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _

from app.base.charts import clock, hours
from app.base.labels import label
from app.credits.statement import Line, Missing, Piece, Statement
from app.rules.credit.clauses import Mark, RuleSet
from app.rules.credit.reasons import decimal, render
from app.rules.credit.settlement import Why

Step = tuple[str, str, str]  # what, the number after it, the clause


@dataclass(frozen=True, slots=True)
class Told:
    """An opened line: title, steps, the sum under them, facts, and a foot sentence ("" for none)."""

    title: str
    steps: list[Step]
    total: tuple[str, str]
    facts: list[tuple[str, str]]
    foot: str


def english() -> bool:
    """Is the reader's language English?"""
    return str(get_locale()).startswith("en")


def day_text(day: date, form: str = "MMMd") -> str:
    """A day as people write it; `form` is a CLDR skeleton: MMMd, yMMMM, yMMMd, EEE."""
    return str(format_skeleton(form, day, locale=get_locale()))


def signed(thousandths: int) -> str:
    """+2.1, −8.0, 0.0."""
    return f"+{hours(thousandths)}" if thousandths > 0 else hours(thousandths)


def period_text(start: date, end: date) -> str:
    """A training period's name: a year's is its number."""
    if (start.month, start.day, end.month, end.day, end.year) == (1, 1, 12, 31, start.year):
        return str(_("Year %(year)s", year=start.year))
    return f"{start.isoformat()} – {end.isoformat()}"


def title_of(piece: Piece) -> str:
    """What a piece of evidence is about."""
    facts = piece.facts
    own = (facts.get("title_en") if english() else "") or facts.get("title")
    return str(own) if own else kind_text(piece.kind)


def kind_text(kind: str) -> str:
    """A kind of evidence in words; an unknown one shows itself."""
    words: dict[str, str] = {
        "watched": _("Lesson watched"),
        "opening": _("Carried in from the earlier platform"),
        "exam": _("Exam passed"),
        "session": _("Class attended"),
        "report": _("Report accepted"),
        "recognised": _("Outside learning recognised"),
        "taught": _("Taught"),
        "watched_elsewhere": _("Watched elsewhere"),
        "points": _("Points"),
    }
    return words.get(kind, kind)


def what_of(line: Line) -> str:
    """The line's text in the ledger."""
    title = title_of(line.piece)
    return str(_("Reversal: %(what)s", what=title)) if line.reverses is not None else title


def cut_text(line: Line) -> str:
    """What a limit cut off, in a few words; "" where nothing was."""
    if line.reverses is not None or line.earned == line.countable:
        return ""
    cut = hours(line.earned - line.countable)
    return str(_("Earned %(earned)s, %(cut)s beyond a limit", earned=hours(line.earned), cut=cut))


def told(line: Line, statement: Statement, zone: ZoneInfo) -> Told:
    """Everything that an opened line says."""
    rules = statement.version(line.version)
    amount = hours(line.countable) if line.reverses is None else signed(line.countable)
    if line.reverses is not None:
        title = _("Why %(hours)s hours were taken back", hours=hours(abs(line.countable)))
        steps: list[Step] = [(_taken_back(line, statement), amount, "")]
    else:
        title = _("Why %(hours)s hours", hours=amount)
        steps = _mark_step(line, rules) + _steps(line.why, rules)
    total = (_("Counted as %(bucket)s", bucket=label("bucket", line.bucket)), amount)
    foot = _("Taken back by no. %(seq)s.", seq=line.reversed_by) if line.reversed_by is not None else ""
    return Told(title, steps, total, _facts(line, rules, zone), foot)


def _taken_back(line: Line, statement: Statement) -> str:
    """Why the posting that this line reverses no longer holds."""
    gone = any(each.why.did == "withdrawn" and each.piece.key == line.piece.key for each in statement.nothing)
    if gone:
        return str(_("A correction withdrew this. No. %(seq)s no longer holds.", seq=line.reverses))
    return str(_("Other evidence changed what this one gives. No. %(seq)s no longer holds.", seq=line.reverses))


def reason_of(missing: Missing, statement: Statement) -> tuple[str, str]:
    """(why a piece gave nothing, the clause that says so)."""
    rules = statement.version(missing.version)
    if rules is None and missing.why.did != "withdrawn":
        return _("Rules did not hold yet on that day."), ""
    rules = rules or statement.rules.versions[-1]
    [(clause, numbers)] = render([missing.why], rules, _language())
    return numbers, clause


def _language() -> str:
    return "en" if english() else "zh"


def _steps(why: Sequence[Why], rules: RuleSet | None) -> list[Step]:
    if rules is None:
        return []
    said = render(why, rules, _language())
    return [(text, _number(each), clause) for each, (clause, text) in zip(why, said, strict=True)]


def _number(why: Why) -> str:
    """The amount after a step."""
    first, second, third = why.numbers
    if why.did == "weighs":
        exact = first * 1000 % second == 0
        return f"× {decimal(first * 1000 // second) if exact else f'{first}/{second}'}"
    if why.did == "cut":
        return hours(second)
    return hours(third)


def _mark_step(line: Line, rules: RuleSet | None) -> list[Step]:
    """The first step: how much was seen, against the mark that it had to reach."""
    facts, mark = line.piece.facts, line.mark
    seen, length = facts.get("seen_ms"), facts.get("length_ms")
    if not isinstance(seen, int) or not isinstance(length, int) or length <= 0:
        return []
    text = _("Watched %(seen)s of %(length)s", seen=clock(seen), length=clock(length))
    return [(text, f"{seen * 1000 // length / 10:.1f}%", _clause_of(mark, rules))]


def _clause_of(mark: Mark | None, rules: RuleSet | None) -> str:
    if mark is None or rules is None:
        return ""
    return rules.texts.get(mark.id, {}).get(_language(), "")


def _facts(line: Line, rules: RuleSet | None, zone: ZoneInfo) -> list[tuple[str, str]]:
    piece = line.piece
    found = [*_about(piece.facts)]
    found.append((_("When"), moment_text(piece.happened_at, zone)))
    if piece.known_at != piece.happened_at:
        found.append((_("Known"), moment_text(piece.known_at, zone)))
    found.append((_("Recorded by"), recorder_text(piece.recorded_by)))
    if rules is not None:
        words = _(
            "Version %(number)s, in force from %(day)s. The day of learning chooses the version.",
            number=rules.version,
            day=rules.effective.isoformat(),
        )
        found.append((_("Rules"), words))
    posted = _("No. %(seq)s, %(when)s", seq=line.seq, when=moment_text(line.posted_at, zone))
    found.append((_("Posted"), posted))
    found.append((_("Hash"), f"{line.hash[:4]} {line.hash[4:8]} {line.hash[8:12]} … {line.hash[-4:]}"))
    return found


def _about(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the evidence itself says, as far as people want to read it."""
    found = []
    course = (facts.get("course_title_en") if english() else "") or facts.get("course_title")
    if course or facts.get("course"):
        found.append((_("Course"), str(course or facts["course"])))
    if facts.get("category"):
        found.append((_("Category"), label("category", str(facts["category"]))))
    if facts.get("requirement_class"):
        found.append((_("Duty"), label("requirement", str(facts["requirement_class"]))))
    if facts.get("note"):
        found.append((_("Note"), str(facts["note"])))
    return found


def recorder_text(recorded_by: str) -> str:
    """Who or what recorded a piece."""
    words: dict[str, str] = {
        "viewing": _("The player, from what was watched"),
        "sample": _("The sample academy"),
        "system": _("The academy"),
    }
    other = str(_("A member of staff")) if recorded_by.startswith("person:") else recorded_by
    return words.get(recorded_by, other)


def moment_text(moment: datetime, zone: ZoneInfo) -> str:
    """A moment in the academy's time."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def plain(thousandths: int) -> str:
    """For files: three decimals, an ASCII minus."""
    return f"{'-' if thousandths < 0 else ''}{abs(thousandths) // 1000}.{abs(thousandths) % 1000:03d}"
