"""The words for codes that are stored: categories, buckets, natures, bands, requirements, roles.

An academy's own codes that are not here show themselves, so nothing is ever blank.
"""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import format_date, format_datetime, get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

WORDS: dict[str, dict[str, object]] = {
    "bucket": {
        "general": _l("General subjects"),
        "professional": _l("Professional subjects"),
        "elective": _l("Electives"),
    },
    "category": {
        "skills": _l("Work skills"),
        "writing": _l("Official writing"),
        "law": _l("Law and regulations"),
        "governance": _l("Public administration"),
        "digital": _l("Digital skills"),
        "culture": _l("Humanities"),
    },
    "nature": {
        "party_government": _l("Party and government body"),
        "public_institution": _l("Public institution"),
        "state_enterprise": _l("State enterprise"),
        "school": _l("School"),
        "hospital": _l("Hospital"),
        "township": _l("Township or subdistrict"),
    },
    "band": {
        "division": _l("Division head"),
        "section": _l("Section head"),
        "staff": _l("Staff"),
        "professional": _l("Professional staff"),
        "manager": _l("Manager"),
    },
    "requirement": {"required": _l("Required"), "elective": _l("Elective")},
    "lesson": {"video": _l("Video"), "audio": _l("Audio"), "article": _l("Article")},
    "evidence": {
        "watched": _l("Watched"),
        "watched_elsewhere": _l("Watched elsewhere"),
        "opening": _l("Taken over from the earlier platform"),
        "exam": _l("Exam passed"),
        "session": _l("Session attended"),
        "report": _l("Report accepted"),
        "recognised": _l("Recognised learning"),
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
# The seal of a bucket (one character, the same in every language) and its colour slot 1–3.
SEALS = {"general": ("公", 1), "professional": ("专", 2), "elective": ("选", 3)}


def label(kind: str, code: str) -> str:
    """The word for a code in the present language; an unknown code shows itself."""
    return str(WORDS.get(kind, {}).get(code, code))


def codes(kind: str) -> list[str]:
    """The codes that have words, in order: what a form offers."""
    return list(WORDS.get(kind, {}))


def seal(bucket: str) -> tuple[str, int]:
    """(character, colour slot) of a bucket; an unknown one shows its first character in the third colour."""
    return SEALS.get(bucket, (bucket[:1] or "?", 3))


def short_day(day: date) -> str:
    """Month and day as people say them: `11月3日`, `3 November`."""
    return str(format_date(day, "d MMMM" if _english() else "M月d日"))


def full_day(day: date) -> str:
    """With the year: `2026年11月3日`, `3 November 2026`."""
    return str(format_date(day, "d MMMM y" if _english() else "y年M月d日"))


def short_time(moment: datetime) -> str:
    """A stored moment on the academy's clock: `11月3日 20:52`, `3 November 20:52`."""
    return str(format_datetime(moment, "d MMMM HH:mm" if _english() else "M月d日 HH:mm"))


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


def _english() -> bool:
    locale = get_locale()
    return locale is not None and locale.language == "en"
