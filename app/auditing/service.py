"""Proving the chain of the audit log: by a button, by a command, and every night with its end kept outside."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import audit, audit_chain, clock, runs
from app.base.audit_chain import Head, Proved
from app.base.db import Database
from app.base.errors import Refused
from app.base.settings import Settings
from app.base.storage import write_once

KIND = "audit.verify"
MOST_KEPT = 100  # problems that a run keeps; the command prints more
SMALL_HOUR = 2  # the academy-local hour from which on the nightly proof may begin
_NAME = re.compile(r"audit-\d{4}-\d{2}-\d{2}\.json")
Kept = tuple[str, int, str]


class HeadError(ValueError):
    """Not an end of the audit log's chain; the text says where it was read."""


def request(session: Session, actor_id: int) -> int:
    """Put a proof in line; the run's number. Whoever asks twice comes back to the same."""
    return runs.begin(session, KIND, actor_id, nightly=False)


def nightly(session: Session, settings: Settings) -> None:
    """Begin today's proof once the small hours have come, unless it was begun."""
    now = clock.now()
    if now.astimezone(settings.timezone).hour < SMALL_HOUR:
        return
    last = runs.latest(session, KIND, nightly=True)
    today = clock.local_day(now, settings.timezone)
    if last is None or clock.local_day(last.asked_at, settings.timezone) < today:
        runs.begin(session, KIND, None, nightly=True)


@runs.work(KIND)
def prove_and_note(db: Database, settings: Settings, progress: runs.Progress, *, nightly: bool) -> dict[str, Any]:
    """Bind what waits, prove everything; without a problem the night also keeps the end of the chain."""
    begun = time.monotonic()
    progress(0, 1)
    try:
        found = prove(db, settings)
    except HeadError as error:
        raise Refused(_("A kept end of the chain cannot be read: %(error)s", error=error)) from error
    exported = _keep(settings, found.head) if nightly and not found.problems and found.head.seq else ""
    outcome = "differences" if found.problems else "done"
    with db.writing() as session:
        audit.record(
            session, None, KIND, "audit:chain", outcome, entries=found.entries, differences=len(found.problems),
            seq=found.head.seq, head=found.head.hash, exported=exported,
        )  # fmt: skip
    return {**told(found, MOST_KEPT), "exported": exported, "seconds": round(time.monotonic() - begun, 1)}


def prove(db: Database, settings: Settings, more: tuple[Kept, ...] = ()) -> Proved:
    """Bind what waits, then recompute the chain and compare it with every end kept in the folder of heads, and
    `more`. `HeadError` for a file that is none."""
    audit_chain.seal(db, everything=True)
    with db.reading() as session:
        return audit_chain.prove(session, (*kept(settings.heads_dir), *more))


def told(found: Proved, most: int) -> dict[str, Any]:
    """A proof as JSON holds it."""
    return {
        "entries": found.entries, "waiting": found.waiting, "seq": found.head.seq, "head": found.head.hash,
        "differences": len(found.problems), "found": [asdict(each) for each in found.problems[:most]],
    }  # fmt: skip


def head_text(head: Head) -> str:
    """An end of the chain, to be kept elsewhere."""
    return json.dumps({"seq": head.seq, "hash": head.hash}, sort_keys=True) + "\n"


def read_head(path: Path) -> Kept:
    """An end that was kept; `HeadError` for anything else."""
    try:
        found = json.loads(path.read_bytes())
        seq, kept_hash = found["seq"], found["hash"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise HeadError(f"{path}: {error!r}") from error
    if type(seq) is not int or seq < 1 or not re.fullmatch(r"[0-9a-f]{64}", str(kept_hash)):
        raise HeadError(f"{path}: no number and hash")
    return path.name, seq, str(kept_hash)


def kept(folder: Path) -> list[Kept]:
    """Every end in the folder of heads, by day."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return [read_head(path) for path in paths if _NAME.fullmatch(path.name)]


def _keep(settings: Settings, head: Head) -> str:
    """The day's file; its name, or "" where the day has one."""
    day = clock.local_day(clock.now(), settings.timezone)
    path = settings.heads_dir / f"audit-{day.isoformat()}.json"
    try:
        return path.name if write_once(path, head_text(head)) else ""
    except OSError as error:
        raise Refused(
            _("The chain agrees, but today's end of it could not be written: %(error)s", error=error)
        ) from error
