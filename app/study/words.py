"""The words of the plan and the forecast: amounts, what a test asks for, what a clause takes off."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from app.base import labels
from app.base.numbers import duty as whole
from app.base.numbers import hours, tenths, tenths_up
from app.rules.credit.clauses import RuleSet
from app.rules.planning.goals import one_bucket
from app.rules.planning.limits import Limit
from app.rules.planning.plans import Shortage

_MINUTE = 60_000


def minutes(ms: int, step: int = 1) -> str:
    """Study time in whole minutes, up; from half an hour on in steps (a week's time is not said to the minute)."""
    number = -(-ms // _MINUTE)
    if step > 1 and number > 30:
        number = -(-number // step) * step
    return str(ngettext("%(num)d minute", "%(num)d minutes", number))


def weekly(ms: int) -> str:
    """Study time a week, in steps of five minutes."""
    return minutes(ms, 5)


def bucket_of(version: RuleSet, test: str) -> str | None:
    """The one bucket that a test of hours is about; "" for the whole; None where it is about something else."""
    found = next((each for each in version.tests if each.id == test), None)
    if found is None or found.measure not in ("countable", "earned") or found.share_of or found.at_most or found.cycle:
        return None
    return one_bucket(found)


def clause(version: RuleSet, name: str) -> str:
    """A clause as it is printed, in the reader's language."""
    text = version.texts.get(name, {})
    first, second = ("en", "zh") if labels.english() else ("zh", "en")
    return text.get(first) or text.get(second) or str(_("clause %(name)s", name=name))


def what(version: RuleSet, test: str) -> str:
    """What a test is about: the subject, all hours, or the clause itself."""
    bucket = bucket_of(version, test)
    if bucket is None:
        return clause(version, test)
    return labels.label("bucket", bucket) if bucket else str(_("All hours"))


def amount(measure: str, thousandths: int, up: bool = False) -> Markup:
    """An amount of a measure with its unit."""
    if measure in ("countable", "earned"):
        return Markup(escape(_("%(hours)s hours"))) % {"hours": tenths_up(thousandths) if up else tenths(thousandths)}
    number = whole(thousandths)
    said = {
        "days": _("%(number)s days", number=number),
        "months": _("%(number)s months", number=number),
        "minutes": _("%(number)s minutes", number=number),
        "count": _("%(number)s credited lessons", number=number),
    }
    return escape(said.get(measure, number))


def lacking(version: RuleSet, short: Shortage) -> Markup:
    """ "2.0 hours of professional subjects", "1 day", or the clause with what it lacks."""
    bucket = bucket_of(version, short.test)
    size = amount(short.measure, short.short, up=True)
    if short.at_most:
        text = Markup(escape(_("%(amount)s too much: %(clause)s")))
        return text % {"amount": size, "clause": clause(version, short.test)}
    if bucket:
        subject = labels.label("bucket", bucket)
        subject = subject[:1].lower() + subject[1:] if labels.english() else subject
        return Markup(escape(_("%(amount)s of %(subject)s"))) % {"amount": size, "subject": subject}
    if bucket == "" or short.measure in ("days", "months"):
        return size
    return Markup(escape(_("%(amount)s: %(clause)s"))) % {"amount": size, "clause": clause(version, short.test)}


def all_lacking(version: RuleSet, found: Sequence[Shortage], brief: bool = False) -> Markup:
    """What is missing, in one phrase: "4.5 hours, 2.0 hours of professional subjects among them" (`brief`: "4.5
    hours"). Where subjects lack all that the whole does, only they are named."""
    told = listed([unbroken(lacking(version, each)) for each in found if bucket_of(version, each.test) != ""])
    total = [each for each in found if bucket_of(version, each.test) == ""]
    parts = sum(each.short for each in found if bucket_of(version, each.test))
    if not total or max(each.short for each in total) <= parts:
        return told
    size = unbroken(lacking(version, max(total, key=lambda each: each.short)))
    if brief or not told:
        return size
    return Markup(escape(_("%(whole)s, %(parts)s among them"))) % {"whole": size, "parts": told}


def unbroken(text: str) -> Markup:
    """What no line may break."""
    return Markup('<span class="nowrap">{}</span>').format(text)


def listed(found: Sequence[str]) -> Markup:
    """One after the other, as the language does it."""
    return Markup(", " if labels.english() else "、").join(found)


def limit(found: Limit) -> str:
    """What a clause takes off, in words."""
    lost = hours(found.lost)
    said: dict[str, str] = {
        "cut": _("At most %(limit)s count: %(lost)s hours are beyond it.", limit=hours(found.limit), lost=lost),
        "share": _("%(limit)s hours are allowed: %(lost)s are beyond it.", limit=hours(found.limit), lost=lost),
        "repeat": _("%(lost)s hours were credited before.", lost=lost),
        "overlaps": _("%(lost)s hours fall into the same time as others.", lost=lost),
        "make_up": _("%(lost)s hours make up for the earlier period first.", lost=lost),
    }
    if found.word == "weighs":
        factor = f"{found.limit}/{found.lost}" if found.lost != 1 else str(found.limit)
        return str(_("Counted × %(factor)s.", factor=factor))
    return said.get(found.word, "")


def reason(word: str) -> str:
    """Why a course gives nothing, in a few words."""
    said: dict[str, str] = {
        "cut": _("the limit is used up"),
        "share": _("its share is used up"),
        "repeat": _("it was credited before"),
        "overlaps": _("it falls into the same time as others"),
        "waits": _("it counts only with an exam or a class that is not on offer"),
        "below mark": _("it does not reach the mark"),
        "banned": _("it gives nothing during a ban"),
        "no clause": _("no clause counts it"),
    }
    return said.get(word) or str(_("it gives nothing"))
