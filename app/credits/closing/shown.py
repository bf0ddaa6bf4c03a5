"""The pages of periods in words: open matters and what to do about them, events, why a seal was not set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from app.base import labels
from app.base.numbers import clock
from app.credits import reckoning
from app.credits.closing import readiness
from app.credits.closing.queries import Event
from app.credits.closing.readiness import Check
from app.rules.credit.book import RuleBook

# A name and where it leads ("" for nowhere).
Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """One matter as it is shown. `state`: fine, blocks, reason (can be overruled), seen (sealing sees to it)."""

    code: str
    state: str
    title: str
    text: str
    people: Sequence[Link]
    more: int


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that matters lead to: somebody's statement, a ticket ("" where it may not be opened); a period's
    name and address."""

    statement: Callable[[str], str]
    ticket: Callable[[str], str]
    period: Callable[[date], Link]


def told(check: Check, links: Links, *, names: bool) -> Told:
    """A matter in words; with `names` it says whom it concerns."""
    found = check.found
    state = "fine" if check.fine else "blocks" if check.blocks else "reason" if check.asks_reason else "seen"
    title, fine, text = _words(check)
    people: list[Link] = [
        (_named(check.code, each.name, each.waiting_ms),
         links.ticket(each.matter) if each.matter else links.statement(each.key))
        for each in (found.first if names else ())
    ]  # fmt: skip
    if check.code == readiness.EARLIER and check.day is not None:
        people = [links.period(check.day)]
    named = found.count if check.code == readiness.TICKETS else found.people
    more = named - len(found.first) if names and found.first else 0
    return Told(check.code, state, title, fine if check.fine else text, people, more)


def _named(code: str, name: str, waiting_ms: int) -> str:
    if code != readiness.PENDING:
        return name
    return str(_("%(name)s (%(time)s)", name=name, time=clock(waiting_ms)))


def _words(check: Check) -> tuple[str, str, str]:
    """(title, what is said when nothing stands open, what is said otherwise)."""
    found, day = check.found, labels.full_day(check.day) if check.day else ""
    words: dict[str, tuple[str, str, str]] = {
        readiness.RUNNING: (
            _("The period is over"),
            _("Yes."),
            _("It still runs. It can be sealed from %(day)s on.", day=day),
        ),
        readiness.EARLY: (
            _("Time for what arrives late"),
            _("The rules' waiting time is over."),
            _("The rules let a period be sealed some months after its end: this one from %(day)s on.", day=day),
        ),
        readiness.MAKE_UP: (
            _("Make-up window"),
            _("No window is open."),
            _("Before %(day)s what is learned may still pay shortfalls of this period. Wait for it.", day=day),
        ),
        readiness.EARLIER: (
            _("Earlier periods"),
            _("All are sealed."),
            _("Periods are sealed in their order. This one is still open: seal it first."),
        ),
        readiness.UNSETTLED: (
            _("Evidence recorded and not settled"),
            _("All evidence is settled."),
            _("%(pieces)s, %(people)s. Sealing settles them first; nothing has to be done.",
              pieces=ngettext("%(num)d piece", "%(num)d pieces", found.count),
              people=_people(found.people)),
        ),
        readiness.PENDING: (
            _("Seconds that wait for an answer"),
            _("Nobody's time waits."),
            _("%(time)s of %(people)s. They answer the checks in the lesson, or you seal with a reason: then this "
              "time lapses, and to count it has to be watched again.",
              time=clock(found.waiting_ms), people=_people(found.people)),
        ),
        readiness.TICKETS: (
            _("Open tickets"),
            _("None is open."),
            _("%(tickets)s of %(people)s. Answer them, or seal with a reason: what is granted later is posted as a "
              "late adjustment.",
              tickets=ngettext("%(num)d ticket", "%(num)d tickets", found.count),
              people=_people(found.people)),
        ),
    }  # fmt: skip
    return words[check.code]


def _people(count: int) -> str:
    return str(ngettext("%(num)d learner", "%(num)d learners", count))


def refused(codes: Sequence[str]) -> str:
    """Why a run did not seal: in the order of the codes."""
    words: dict[str, str] = {
        readiness.RUNNING: _("The period still runs."),
        readiness.EARLY: _("The rules' waiting time is not over."),
        readiness.MAKE_UP: _("The make-up window is open."),
        readiness.EARLIER: _("An earlier period is open."),
        readiness.UNSETTLED: _("Some evidence could not be settled. `duxue credits verify` names it."),
        readiness.PENDING: _("Time waits for an answer."),
        readiness.TICKETS: _("Tickets are open."),
        "reason": _("Something came up meanwhile that needs a reason."),
        "sealed": _("Somebody else sealed it meanwhile."),
        "rules": _("No rules are published."),
    }
    return " ".join(words.get(code, code) for code in codes)


def event_text(event: Event) -> str:
    """What was done."""
    by = event.by or _("The system")
    words: dict[str, str] = {
        "sealed": _("%(name)s sealed the period.", name=by),
        "asked": _("%(name)s asked for it to be opened again.", name=by),
        "withdrawn": _("%(name)s took the request back.", name=by),
        "declined": _("%(name)s declined; it stays sealed.", name=by),
        "reopened": _("%(name)s confirmed: the period is open again, the seal no longer holds.", name=by),
    }
    return words[event.event]


def overruled_text(overruled: Mapping[str, int]) -> str:
    """What stood open and was overruled; "" for nothing."""
    parts = [
        ngettext("%(num)d lesson with waiting time", "%(num)d lessons with waiting time", count)
        if code == readiness.PENDING
        else ngettext("%(num)d open ticket", "%(num)d open tickets", count)
        for code, count in overruled.items()
    ]
    what = _("%(one)s, %(other)s", one=parts[0], other=parts[1]) if len(parts) == 2 else "".join(parts)
    return str(_("Overruled: %(what)s.", what=what)) if parts else ""


def clause_text(rules: RuleBook, start: date, name: str) -> str:
    """A clause as it is printed, by the version that judged the period's close; its id where it has no text."""
    return reckoning.clause_text(readiness.judge_of(rules, start), name) or name
