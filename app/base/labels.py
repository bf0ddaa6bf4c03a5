"""The words for codes that are stored: categories, buckets, natures, bands, requirements, roles.

An academy's own codes that are not here show themselves, so nothing is ever blank.
"""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import format_date, format_datetime, get_locale, ngettext, to_user_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.base import clock

WORDS: dict[str, dict[str, object]] = {
    "bucket": {
        "general": _l("General subjects"),
        "professional": _l("Professional subjects"),
        "elective": _l("Electives"),
        "": _l("Any subject"),  # the part of a duty that every subject may fill
    },
    "category": {
        "skills": _l("Work skills"),
        "writing": _l("Official writing"),
        "law": _l("Law and regulations"),
        "governance": _l("Public administration"),
        "digital": _l("Digital skills"),
        "data": _l("Data literacy"),
        "safety": _l("Safety and emergencies"),
        "finance": _l("Budgets and finance"),
        "culture": _l("Humanities"),
    },
    "nature": {
        "party_government": _l("Party and government body"),
        "public_institution": _l("Public institution"),
        "state_enterprise": _l("State enterprise"),
        "school": _l("School"),
        "hospital": _l("Hospital"),
        "township": _l("Township or subdistrict"),
        "mass_organisation": _l("Mass organisation"),
        "private_enterprise": _l("Private company"),
    },
    "band": {
        "division": _l("Division head"),
        "section": _l("Section head"),
        "staff": _l("Staff"),
        "professional": _l("Professional staff"),
        "manager": _l("Manager"),
    },
    "requirement": {"required": _l("Required"), "elective": _l("Elective")},
    "lesson": {"video": _l("Video"), "audio": _l("Audio"), "article": _l("Article"), "document": _l("Document")},
    "evidence": {
        "watched": _l("Lesson watched"),
        "watched_elsewhere": _l("Watched elsewhere"),
        "opening": _l("Opening balance"),
        "exam": _l("Exam passed"),
        "session": _l("Class attended"),
        "report": _l("Report accepted"),
        "recognised": _l("Outside learning recognised"),
        "taught": _l("Taught"),
        "points": _l("Points"),
        "correction": _l("Correction"),
    },
    "status": {
        "late": _l("Will not make it"),
        "at-risk": _l("At risk"),
        "on-course": _l("On course"),
        "done": _l("Done"),
    },
    "reach": {
        "own": _l("Own matters"),
        "class": _l("One class"),
        "unit": _l("A unit and all below"),
        "academy": _l("The whole academy"),
    },
    "role": {
        "learner": _l("Learner"),
        "head_teacher": _l("Head teacher"),
        "study_supervisor": _l("Study supervisor"),
        "unit_liaison": _l("Liaison officer"),
        "unit_admin": _l("Unit administrator"),
        "course_editor": _l("Course editor"),
        "lecturer": _l("Lecturer"),
        "credit_reviewer": _l("Credit reviewer"),
        "academy_admin": _l("Academy administrator"),
        "archive_reader": _l("Archive reader"),
        "sys_admin": _l("System administrator"),
        "sec_admin": _l("Security administrator"),
        "audit_admin": _l("Audit administrator"),
    },
}
# Roles whose pages are still to be built: what they will find here.
LATER: dict[str, object] = {
    "lecturer": _l("your courses, and what learners say of them"),
    "archive_reader": _l("the archive of learning, with the purpose of every look"),
    "sys_admin": _l("the settings of the system"),
}
# The seal of a bucket: one character in Chinese, one in English, and its colour slot 1–3.
SEALS = {
    "general": ("公", "G", 1), "professional": ("专", "P", 2), "elective": ("选", "E", 3), "": ("任", "A", 3),
}  # fmt: skip


def label(kind: str, code: str) -> str:
    """The word for a code in the present language; an unknown code shows itself."""
    return str(WORDS.get(kind, {}).get(code, code))


def codes(kind: str) -> list[str]:
    """The codes that have words, in order: what a form offers."""
    return [code for code in WORDS.get(kind, {}) if code]


def seal(bucket: str) -> tuple[str, int]:
    """(character, colour slot) of a bucket; an unknown one shows its first character in the third colour."""
    chinese, english_, slot = SEALS.get(bucket, (bucket[:1].upper(), bucket[:1].upper(), 3))
    return english_ if english() else chinese, slot


def this_day() -> date:
    """The academy's day."""
    return _local(clock.now()).date()


def local_day_of(moment: datetime) -> date:
    """The academy's day of a stored moment."""
    return _local(moment).date()


def _local(moment: datetime) -> datetime:
    """A stored moment on the academy's clock."""
    found: datetime = to_user_timezone(moment)
    return found


def _day(day: date, near: str, far: str, reference: date | None) -> str:
    """A day (of a stored moment: the academy's) without its year where that is the year of `reference` (today)."""
    own = _local(day).date() if isinstance(day, datetime) else day
    return str(format_date(own, near if own.year == (reference or this_day()).year else far))


def short_day(day: date, reference: date | None = None) -> str:
    """As people say it: `11月3日`, `3 November`; with its year where that is not this year's."""
    return _day(day, "d MMMM", "d MMMM y", reference) if english() else _day(day, "M月d日", "y年M月d日", reference)


def list_day(day: date, reference: date | None = None) -> str:
    """The same where it stands in a column: `11月3日`, `3 Nov`."""
    return _day(day, "d MMM", "d MMM y", reference) if english() else short_day(day, reference)


def list_weekday(day: date, reference: date | None = None) -> str:
    """With the day of the week: `11月3日 周二`, `Tue 3 Nov`."""
    if english():
        return _day(day, "EEE d MMM", "EEE d MMM y", reference)
    return _day(day, "M月d日 EEE", "y年M月d日 EEE", reference)


def full_day(day: date) -> str:
    """With the year: `2026年11月3日`, `3 November 2026`."""
    return str(format_date(day, "d MMMM y" if english() else "y年M月d日"))


def year_of(day: date, reference: date | None = None) -> str:
    """The year (`2027年`, `2027`) of a day in another one than `reference` (today); "" in the same."""
    return "" if day.year == (reference or this_day()).year else str(format_date(day, "y" if english() else "y年"))


def month(day: date) -> str:
    """`2026年11月`, `November 2026`."""
    return str(format_date(day, "MMMM y" if english() else "y年M月"))


def clock_time(moment: datetime) -> str:
    """A stored moment's time on the academy's clock: `20:52`."""
    return str(format_datetime(moment, "HH:mm"))


def short_time(moment: datetime, reference: date | None = None) -> str:
    """A stored moment on the academy's clock: `11月3日 20:52`, `3 November 20:52`; as `short_day`."""
    return f"{short_day(moment, reference)} {clock_time(moment)}"


def list_time(moment: datetime, reference: date | None = None) -> str:
    """The same where it stands in a column: `11月3日 20:52`, `3 Nov 20:52`."""
    return f"{list_day(moment, reference)} {clock_time(moment)}"


def full_time(moment: datetime) -> str:
    """With the year: `2026年11月3日 20:52`, `3 November 2026, 20:52`."""
    joint = ", " if english() else " "
    return f"{full_day(_local(moment).date())}{joint}{clock_time(moment)}"


def weekday(day: date) -> str:
    """`周二`, `Tue`."""
    return str(format_date(day, "EEE"))


def distance(day: date, today: date) -> str:
    """How far a day is from today, in words."""
    days = (day - today).days
    if days == 0:
        return str(_("today"))
    if days > 28:
        return str(ngettext("in %(num)d week", "in %(num)d weeks", days // 7))
    if days > 0:
        return str(ngettext("in %(num)d day", "in %(num)d days", days))
    if days > -14:
        return str(ngettext("%(num)d day ago", "%(num)d days ago", -days))
    return str(ngettext("%(num)d week ago", "%(num)d weeks ago", -days // 7))


def english() -> bool:
    """Is the reader's language English?"""
    locale = get_locale()
    return locale is not None and locale.language == "en"
