"""Refusals: typed exceptions that views turn into a form error, a notice or an HTTP status."""

from __future__ import annotations


class Refused(Exception):
    """Something was asked that cannot be done. `text` is for the person (already translated)."""

    status = 409

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


class NotFound(Refused):
    """What was asked for does not exist, or this person may not know of it."""

    status = 404


class Forbidden(Refused):
    """The person is known, and may not do this."""

    status = 403


class BadInput(Refused):
    """The input cannot be used; the text says what, where and what to do."""

    status = 422


class TooMany(Refused):
    """Too often; try again later."""

    status = 429
