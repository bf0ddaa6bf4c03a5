"""Words for the closed vocabularies of the language: fields of evidence, kinds, options."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.base.labels import label

# What a selector may ask for.
FIELDS: Final[dict[str, Any]] = {
    "kind": _l("Kind"),
    "category": _l("Category"),
    "requirement_class": _l("Required or elective"),
    "subject_bucket": _l("Subject"),
    "provider": _l("Provider"),
    "unit": _l("Unit"),
    "class": _l("Class"),
    "band": _l("Band"),
    "group": _l("Group"),
    "role": _l("Role"),
    "off_job": _l("Off the job"),
    "passed": _l("Passed"),
    "clock": _l("Time of day"),
    "bucket": _l("Bucket"),
}
# Options by "key.value" where a value means something else under another key, else by the value alone.
CHOICES: Final[dict[str, Any]] = {
    **FIELDS,
    "last_day": _l("that of the last day"),
    "most": _l("that of most days"),
    "pro_rata": _l("by days"),
    "reduce.none": _l("the whole quota"),
    "reduce.days": _l("less by days"),
    "reduce.months": _l("less by months"),
    "reduce.whole": _l("free of the whole period"),
    "late.current": _l("counts in the period in which it became known"),
    "late.sealed": _l("counts in the sealed period, marked"),
    "series.first": _l("the first that gives anything counts"),
    "series.increase": _l("each increase counts"),
    "piece": _l("each piece by itself"),
    "item": _l("item"),
    "day": _l("day"),
    "run": _l("class run"),
    "period": _l("period"),
    "cycle": _l("cycle"),
    "ever": _l("for ever"),
    "years": _l("a number of years"),
    "floor": _l("down"),
    "ceil": _l("up"),
    "nearest": _l("to the nearest, a tie goes up"),
    "nearest_down": _l("to the nearest, a tie goes down"),
    "keep.first": _l("the first"),
    "keep.largest": _l("the largest"),
    "more": _l("more than that"),
    "at_least": _l("that or more"),
    "named": _l("what it names"),
    "nothing": _l("nothing"),
    "countable": _l("countable"),
    "earned": _l("earned"),
    "measure.days": _l("days"),
    "measure.minutes": _l("minutes"),
    "measure.months": _l("months"),
    "count": _l("pieces"),
    "got": _l("got"),
    "quota": _l("asks for"),
    "since": _l("so many months since somebody became …"),
}


def field_label(field: str) -> Any:
    """A field of evidence in words; itself where there are none."""
    return FIELDS.get(field, field)


def value_label(field: str, value: object) -> str:
    """A value of a selector in words, as chips show it."""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    kinds = {"kind": "evidence", "requirement_class": "requirement", "subject_bucket": "bucket"}
    return label(kinds.get(field, field), str(value))
