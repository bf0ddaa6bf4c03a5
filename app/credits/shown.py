"""A statement in words: titles, dates, reasons and facts, in the reader's language. No database, no request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.base import labels
from app.base.labels import label
from app.base.numbers import fixed, hours
from app.credits.reckoning import Step, Teller, english, language
from app.credits.statement import Line, Missing, Piece, Statement
from app.rules.credit.clauses import RuleSet
from app.rules.credit.reasons import render


@dataclass(frozen=True, slots=True)
class Told:
    """An opened line: title, steps, the sum under them, facts, and a foot sentence ("" for none).

    `course` is the code of the course, where the evidence names one and not its title: who shows it looks it up.
    """

    title: str
    steps: list[Step]
    total: tuple[str, str]
    course: str
    facts: list[tuple[str, str]]
    foot: str


def when_of(day: date) -> tuple[str, str]:
    """A line's day and the muted word after it: `10月11日`, `周日`; English says both in one: `Sun 11 Oct`."""
    if english():
        return labels.list_weekday(day, day), ""
    return labels.list_day(day, day), labels.weekday(day)


def decimals_of(statement: Statement) -> int:
    """How many decimals (1 to 3) show every amount of a statement whole: so all its columns have them."""
    amounts = [amount for line in statement.lines for amount in (line.earned, line.countable)]
    return next((n for n in (1, 2) if all(amount % 10 ** (3 - n) == 0 for amount in amounts)), 3)


def signed(thousandths: int, decimals: int = 1) -> str:
    """+2.1, −8.0, 0.0."""
    return f"{'+' if thousandths > 0 else ''}{fixed(thousandths, decimals)}"


def period_text(start: date, end: date) -> str:
    """A training period's name: a year's is its number."""
    if (start.month, start.day, end.month, end.day, end.year) == (1, 1, 12, 31, start.year):
        return str(_("Year %(year)s", year=start.year))
    return str(_("%(start)s to %(end)s", start=labels.full_day(start), end=labels.full_day(end)))


def title_of(piece: Piece) -> str:
    """What a piece of evidence is about."""
    return _title(piece.facts) or label("evidence", piece.kind)


def _title(facts: Mapping[str, Any], name: str = "title") -> str:
    """A title that the evidence carries, in the reader's language where it has one; "" for none."""
    return str((facts.get(f"{name}_en") if english() else "") or facts.get(name) or "")


def what_of(line: Line) -> str:
    """The line's text in the ledger."""
    title = title_of(line.piece)
    return str(_("Reversal: %(what)s", what=title)) if line.reverses is not None else title


def cut_text(line: Line) -> str:
    """What a limit cut off, and that a person corrected the time, in a few words; "" where nothing was."""
    said = []
    if line.piece.recorded_by.startswith("ticket:"):
        said.append(_("Correction: time granted"))
    if line.reverses is None and line.earned != line.countable:
        cut = hours(line.earned - line.countable)
        said.append(_("Earned %(earned)s, %(cut)s beyond a limit", earned=hours(line.earned), cut=cut))
    return " · ".join(said)


def told(line: Line, statement: Statement) -> Told:
    """Everything that an opened line says."""
    rules, decimals = statement.version(line.version), decimals_of(statement)
    if line.reverses is not None:
        amount = signed(line.countable, decimals)
        title = _("Why %(hours)s hours were taken back", hours=fixed(abs(line.countable), decimals))
        steps: list[Step] = [(_taken_back(line, statement), amount, "")]
    else:
        amount = fixed(line.countable, decimals)
        title = _("Why %(hours)s hours", hours=amount)
        steps = Teller(line, rules, decimals).steps() if rules is not None else []
    total = (_("Counted as %(bucket)s", bucket=label("bucket", line.bucket)), amount)
    foot = _("Taken back by no. %(seq)s.", seq=line.reversed_by) if line.reversed_by is not None else ""
    course = "" if _title(line.piece.facts, "course_title") else str(line.piece.facts.get("course") or "")
    return Told(title, steps, total, course, _facts(line, rules), foot)


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
    [(clause, numbers)] = render([missing.why], rules, language())
    return numbers, clause


def _facts(line: Line, rules: RuleSet | None) -> list[tuple[str, str]]:
    piece = line.piece
    found = [*_about(piece.facts)]
    found.append((_("When"), labels.full_time(piece.happened_at)))
    if piece.known_at != piece.happened_at:
        found.append((_("Known"), labels.full_time(piece.known_at)))
    found.append((_("Recorded by"), recorder_text(piece.recorded_by)))
    if reason := piece.facts.get("reason"):
        found.append((_("Reason"), str(reason)))
    if rules is not None:
        words = _(
            "Version %(number)s, in force from %(day)s. The day of learning chooses the version.",
            number=rules.version,
            day=labels.full_day(rules.effective),
        )
        found.append((_("Rules"), words))
    posted = _("No. %(seq)s, %(when)s", seq=line.seq, when=labels.full_time(line.posted_at))
    found.append((_("Posted"), posted))
    found.append((_("Hash"), f"{line.hash[:4]} {line.hash[4:8]} {line.hash[8:12]} … {line.hash[-4:]}"))
    return found


def _about(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the evidence itself says, as far as people want to read it."""
    found = []
    if course := _title(facts, "course_title"):
        found.append((_("Course"), course))
    if facts.get("lesson") and (title := _title(facts)):
        found.append((_("Lesson"), title))
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
        "takeover": _("Taken over from the earlier platform"),
        "sample": _("The sample academy"),
        "system": _("The academy"),
        "test": _("A test"),
    }
    if recorded_by.startswith("ticket:"):
        return str(_("A person, who granted the time after a ticket"))
    other = str(_("A member of staff")) if recorded_by.startswith("person:") else recorded_by
    return words.get(recorded_by, other)


def moment_text(moment: datetime, zone: ZoneInfo) -> str:
    """For files: a moment in the academy's time."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def plain(thousandths: int) -> str:
    """For files: three decimals, an ASCII minus."""
    return f"{'-' if thousandths < 0 else ''}{abs(thousandths) // 1000}.{abs(thousandths) % 1000:03d}"
