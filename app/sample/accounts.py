"""Who may sign in to the sample academy, and with what."""

from __future__ import annotations

import base64
import csv
import hmac
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from app.base.settings import Settings

CONTENT = Path(__file__).resolve().parents[2] / "content"
Account = dict[str, str]


def password(settings: Settings, login: str) -> str:
    """An account's first password: from the academy's secret, so its own and repeatable."""
    made = hmac.digest(settings.secret.encode(), f"sample account:{login}".encode(), "sha256")
    return base64.b32encode(made).decode().lower()[:10]


def learner_rows(plan: dict[str, Any]) -> list[dict[str, str]]:
    """The roster, row by row: login, name, unit, class, band, phone, year."""
    with (CONTENT / "sample" / plan["learners"]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def accounts(
    settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]], there: Collection[str]
) -> list[Account]:
    """Learners, then staff, as far as they are among `there` (an academy of an older release has fewer)."""
    pairs = [("learner", row["login"]) for row in rows] + [(each["role"], each["login"]) for each in plan["staff"]]
    return [
        {"role": role, "username": login, "password": password(settings, login)}
        for role, login in pairs
        if login in there
    ]


def shown(plan: dict[str, Any], known: list[Account]) -> list[Account]:
    """Those that a start prints: enough to see every role, learners of several kinds among them."""
    found = {each["username"]: each for each in known}
    return [found[login] for login in plan["shown"] if login in found]


def write(settings: Settings, known: list[Account]) -> None:
    """All of them into accounts.json, which only its owner can read."""
    path = settings.data_dir / "accounts.json"
    partial = path.with_suffix(".part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(known, file, ensure_ascii=False, indent=1)
    partial.replace(path)
