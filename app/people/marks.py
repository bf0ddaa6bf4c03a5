"""Devices that have signed in before: a cookie with a number of its own and a seal for each account, and no name.

A seal holds for one account and one password: whoever knew an earlier password is a stranger again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from app.people.queries import Known

COOKIE = "duxue_device"
LASTS = timedelta(days=180)
MOST = 8  # accounts that one device is known to: a shared machine in an office
_FORM = re.compile(r"[0-9a-f]{32}(?:\.[0-9a-f]{32}){0,8}")


def _seal(secret: str, device: str, known: Known) -> str:
    changed = int(known.changed_at.timestamp() * 1000) if known.changed_at else 0
    told = f"device\n{device}\n{known.person_id}\n{changed}"
    return hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()[:32]


def _read(cookie: str | None) -> tuple[str, Sequence[str]]:
    if not cookie or not _FORM.fullmatch(cookie):
        return "", ()
    device, *seals = cookie.split(".")
    return device, seals


def device_of(secret: str, cookie: str | None, known: Known) -> str:
    """The number of a device that has signed in to this account with its present password; "" for a stranger's."""
    device, seals = _read(cookie)
    if not device or known.person_id is None:
        return ""
    wanted = _seal(secret, device, known)
    return device if any(hmac.compare_digest(wanted, each) for each in seals) else ""


def marked(secret: str, cookie: str | None, known: Known) -> str:
    """The cookie of a device that has just signed in to the account; a new device gets a number."""
    device, seals = _read(cookie)
    device = device or secrets.token_hex(16)
    seal = _seal(secret, device, known)
    kept = [each for each in seals if each != seal]
    return ".".join([device, *kept[-(MOST - 1) :], seal])
