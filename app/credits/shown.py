"""A statement in words: titles, dates, reasons and facts, in the reader's language. No database, no request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from markupsafe import Markup

from app.base import labels
from app.base.labels import label
from app.base.numbers import fixed, hours
from app.credits.reckoning import Step, Teller, decimals_for, english, language
from app.credits.statement import Line, Missing, Piece, Statement
from app.credits.statement.again import lacking_text
from app.credits.statement.more import More, more_of
from app.rules import ledger
from app.rules.credit.clauses import RuleSet
from app.rules.credit.reasons import render


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that a statement leads to: a clause as printed (version, id, "" for the whole), a line by number, a
    period, the trace behind a piece ("" where it has none)."""

    clause: Callable[[int, str], str]
    line: Callable[[int], str]
    period: Callable[[date], str]
    trace: Callable[[Piece], str]


@dataclass(frozen=True, slots=True)
class Told:
    """An opened line: title, steps, the sum under them, why it is not more, facts, and a foot sentence ("" for none).

    `course` is the code of the course, where the evidence names one and not its title: who shows it looks it up.
    `version` is that of the clauses.
    """

    title: str
    steps: list[Step]
    total: tuple[str, str]
    more: More | None
    course: str
    facts: list[tuple[str, str]]
    foot: str
    version: int


def when_of(day: date) -> tuple[str, str]:
    """A line's day and the muted word after it: `10月11日`, `周日`; English says both in one: `Sun 11 Oct`."""
    if english():
        return labels.list_weekday(day, day), ""
    return labels.list_day(day, day), labels.weekday(day)


def decimals_of(statement: Statement) -> int:
    """How many decimals (1 to 3) show every amount of a statement whole: so all its columns have them."""
    return decimals_for([amount for line in statement.lines for amount in (line.earned, line.countable)])


def signed(thousandths: int, decimals: int = 1) -> str:
    """+2.1, −8.0, 0.0."""
    return f"{'+' if thousandths > 0 else ''}{fixed(thousandths, decimals)}"


def period_text(start: date, end: date) -> str:
    """A training period's name: a year's is its number."""
    if (start.month, start.day, end.month, end.day, end.year) == (1, 1, 12, 31, start.year):
        return str(_("Year %(year)s", year=start.year))
    return str(_("%(start)s to %(end)s", start=labels.full_day(start), end=labels.full_day(end)))


def period_name(statement: Statement, start: date) -> str:
    """The name of the period that begins on a day."""
    rule = statement.rules.period
    return period_text(start, rule.end(rule.index(start)))


def title_of(piece: Piece) -> str:
    """What a piece of evidence is about."""
    return _title(piece.facts) or label("evidence", piece.kind)


def _title(facts: Mapping[str, Any], name: str = "title") -> str:
    """A title that the evidence carries, in the reader's language where it has one; "" for none."""
    return str((facts.get(f"{name}_en") if english() else "") or facts.get(name) or "")


def what_of(line: Line, statement: Statement) -> str:
    """The line's text in the ledger."""
    if line.piece.kind == "carried":
        came = ledger.carried_from(line.piece.key)
        title = str(
            _("Carried over from %(period)s", period=period_name(statement, came)) if came else _("Carried over")
        )
    else:
        title = title_of(line.piece)
    if line.kind == "reversal":
        return str(_("Reversal: %(what)s", what=title))
    if line.kind == "taken back":
        return str(_("Taken back: %(what)s", what=title_of(line.names) if line.names else title))
    return title


def notes_of(line: Line, statement: Statement) -> str:
    """What is out of the ordinary about a line, in a few words; "" where nothing is."""
    said = []
    if line.piece.recorded_by.startswith("ticket:"):
        said.append(_("Correction: time granted"))
    if line.origin is not None and line.said("returned") is None:
        said.append(_("Known after %(period)s was sealed", period=period_name(statement, line.origin)))
    if line.said("make_up") is not None:
        said.append(_("Learned later, makes up this period"))
    elif any(other.period < line.piece.day and other.period < statement.period.start for other in line.others):
        said.append(_("A part went to an older period"))
    if line.kind in ("", "late") and line.earned != line.countable:
        earned, cut = hours(line.earned), hours(line.earned - line.countable)
        if line.said("share") is not None:
            said.append(_("Earned %(earned)s, %(cut)s beyond a limit or share", earned=earned, cut=cut))
        else:
            said.append(_("Earned %(earned)s, %(cut)s beyond a limit", earned=earned, cut=cut))
    return " · ".join(said)


def told(line: Line, statement: Statement, links: Links) -> Told:
    """Everything that an opened line says."""
    rules, decimals = statement.version(line.version), decimals_of(statement)
    if line.countable < 0 or line.reverses is not None:
        amount = signed(line.countable, decimals)
        title = _("Why %(hours)s hours were taken back", hours=fixed(abs(line.countable), decimals))
    else:
        amount = fixed(line.countable, decimals)
        title = _("Why %(hours)s hours", hours=amount)
    steps = Teller(line, rules, decimals, statement.holding).steps() if rules is not None else []
    if line.reverses is not None:
        steps = [Step(_taken_back(line, statement), amount, "")]
    total = (_("Counted as %(bucket)s", bucket=label("bucket", line.bucket)), amount)
    course = "" if _title(line.piece.facts, "course_title") else str(line.piece.facts.get("course") or "")
    more = more_of(line, rules) if rules is not None else None
    return Told(title, steps, total, more, course, _facts(line, rules, statement, links), _foot(line), line.version)


def _foot(line: Line) -> str:
    return str(_("Taken back by no. %(seq)s.", seq=line.reversed_by)) if line.reversed_by is not None else ""


def _taken_back(line: Line, statement: Statement) -> str:
    """Why the posting that this line reverses no longer holds."""
    gone = any(each.why.did == "withdrawn" and each.piece.key == line.piece.key for each in statement.nothing)
    if gone:
        return str(_("A correction withdrew this. No. %(seq)s no longer holds.", seq=line.reverses))
    return str(_("Other evidence changed what this one gives. No. %(seq)s no longer holds.", seq=line.reverses))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a piece gave nothing: the sentence, the clause as printed and its id, and what would change it; each may
    be ""."""

    text: str
    clause: str
    name: str
    version: int
    hint: str


def reason_of(missing: Missing, statement: Statement) -> Reason:
    """Why a piece gave nothing."""
    rules = statement.version(missing.version)
    if rules is None and missing.why.did not in ("withdrawn", "banned"):  # those are said of any day
        return Reason(_("Rules did not hold yet on that day."), "", "", 0, "")
    rules = rules or statement.rules.version_on(missing.piece.day) or statement.rules.versions[-1]
    [(clause, numbers)] = render([missing.why], rules, language())
    name = missing.why.clause if clause else ""
    return Reason(numbers, clause, name, rules.version, lacking_text(missing, rules))


def link(url: str, text: str) -> Markup:
    """A link."""
    return Markup('<a href="{}">{}</a>').format(url, text)


def _facts(line: Line, rules: RuleSet | None, statement: Statement, links: Links) -> list[tuple[str, str]]:
    piece = line.piece
    found = [*_about(piece.facts)]
    if piece.kind != "carried":
        found.append((_("When"), labels.full_time(piece.happened_at)))
        if piece.known_at != piece.happened_at:
            found.append((_("Known"), labels.full_time(piece.known_at)))
        found.append((_("Recorded by"), recorder_text(piece.recorded_by)))
    if reason := piece.facts.get("reason"):
        found.append((_("Reason"), str(reason)))
    found += _elsewhere(line, statement, links)
    if trace := links.trace(piece):
        found.append((_("Viewing"), link(trace, _("What was watched, minute by minute"))))
    if rules is not None:
        words = _("Version %(number)s, in force from %(day)s. The day of learning chooses the version.",
                  number=rules.version, day=labels.full_day(rules.effective))  # fmt: skip
        found.append(
            (_("Rules"), Markup("{} {}").format(words, link(links.clause(rules.version, ""), _("The clauses"))))
        )
    posted = _("No. %(seq)s, %(when)s", seq=line.seq, when=labels.full_time(line.posted_at))
    found.append((_("Posted"), posted))
    found.append((_("Hash"), short_hash(line.hash)))
    return found


def _elsewhere(line: Line, statement: Statement, links: Links) -> list[tuple[str, str]]:
    """The other period that a line comes from or belongs to, and the other half of what was split."""
    found: list[tuple[str, str]] = []
    if line.names is not None:
        found.append((_("What it takes back"), title_of(line.names)))
    about = line.about
    if about is not None and about != statement.period.start:
        words = {"carried": _("Carried from"), "late": _("Concerns")}
        name = words.get(line.kind) or (_("Concerns") if line.origin else _("Makes up"))
        found.append((str(name), link(links.period(about), period_name(statement, about))))
    for other in line.others:
        text = _("No. %(seq)s, %(hours)s hours in %(period)s", seq=other.seq, hours=signed_exact(other.countable),
                 period=period_name(statement, other.period))  # fmt: skip
        found.append((_("Other part"), link(links.line(other.seq), text)))
    return found


def signed_exact(thousandths: int) -> str:
    """+2.125, with as many decimals as it needs."""
    return f"{'+' if thousandths > 0 else ''}{hours(thousandths)}"


def short_hash(text: str) -> str:
    """The beginning and the end of a hash, in groups of four."""
    return f"{text[:4]} {text[4:8]} {text[8:12]} … {text[-4:]}" if text else ""


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
        found.append((_("Required or elective"), label("requirement", str(facts["requirement_class"]))))
    found += _origin(facts)
    if facts.get("note"):
        found.append((_("Note"), str(facts["note"])))
    return found


def _origin(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where something comes from that was taken over: the file, and the place in it."""
    found = []
    if facts.get("certificate"):
        found.append((_("Certificate no."), str(facts["certificate"])))
    if "origin" in facts and "seen_ms" in facts:
        found.append((_("Watched elsewhere"), _watched_elsewhere(facts["seen_ms"], facts.get("whole_ms", 0))))
    origin = facts.get("origin")
    if isinstance(origin, dict):
        found.append((_("Earlier platform"), str(origin["source"])))
        if origin.get("unit"):
            found.append((_("Unit then"), str(origin["unit"])))
        found.append((_("File"), str(origin["file"])))
        place = {"sheet": origin["sheet"], "row": origin["row"]}
        row = _("%(sheet)s, row %(row)s", **place) if origin["sheet"] else _("row %(row)s", row=origin["row"])
        found.append((_("Place in the file"), str(row)))
        found.append((_("Hash of the file"), short_hash(str(origin["sha256"]))))
        found.append((_("Import"), str(_("Import %(id)s", id=origin["import"]))))
    return found


def _watched_elsewhere(seen_ms: int, whole_ms: int) -> str:
    if whole_ms:
        return str(_("%(seen)s of %(length)s minutes", seen=seen_ms // 60_000, length=whole_ms // 60_000))
    return str(_("%(minutes)s minutes watched", minutes=seen_ms // 60_000))


def recorder_text(recorded_by: str) -> str:
    """Who or what recorded a piece."""
    words: dict[str, str] = {
        "viewing": _("The player, from what was watched"),
        "takeover": _("Taken over from the earlier platform"),
        "sample": _("The sample academy"),
        "system": _("The academy"),
        "test": _("A test"),
        "rules": _("The rules, at the close of the period"),
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
