"""Corrections in words."""

from __future__ import annotations

from flask_babel import gettext as _

from app.base import labels
from app.people.queries import Profile


def field_word(field: str) -> str:
    """What may be wrong."""
    words = {
        "name": _("Name"), "phone": _("Phone"), "email": _("E-mail"), "unit": _("Unit"), "band": _("Rank band"),
        "other": _("Something else"),
    }  # fmt: skip
    return str(words.get(field, field))


def state_word(state: str) -> str:
    """How far it is."""
    words = {
        "open": _("Not decided yet"), "accepted": _("Corrected"), "handed_on": _("Handed on"),
        "declined": _("Not corrected"), "withdrawn": _("Correction withdrawn"),
    }  # fmt: skip
    return str(words.get(state, state))


def state_kind(state: str) -> str:
    """The look of its tag."""
    return {"open": "pending", "accepted": "counted", "handed_on": "counted"}.get(state, "line")


def value_text(field: str, value: str) -> str:
    """A value as people read it; a dash for none."""
    return (labels.label("band", value) if field == "band" else value) or "—"


def own_text(field: str, value: str) -> str:
    """The same on the own page, on a screen that others may see: of a telephone number not all."""
    return value_text(field, Profile(value, "").masked_phone if field == "phone" else value)
