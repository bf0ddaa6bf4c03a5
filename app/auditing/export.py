"""Entries of the audit log as files, line by line: CSV for people, JSON lines from which the chain can be proved."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.auditing import words
from app.auditing.queries import EntryRow
from app.base.cells import safe_cell

MOST = 200_000  # entries in one file; the filter chooses which


def as_csv(rows: Iterable[EntryRow], zone: ZoneInfo) -> Iterator[str]:
    """With a byte order mark: spreadsheets then read Chinese as it is."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    heads = (
        _("Link"), _("Time"), _("Staff number"), _("Who"), _("What was done"), _("Action"), _("To what"),
        _("Outcome"), _("Address"), _("Device"), _("Details"), _("Fingerprint"),
    )  # fmt: skip
    writer.writerow([safe_cell(str(head)) for head in heads])
    yield "\ufeff"
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in _cells(row, zone)])
        yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text


def _cells(row: EntryRow, zone: ZoneInfo) -> list[str]:
    told = "; ".join(
        f"{name}: {before} → {value}" if before else f"{name}: {value}"
        for name, before, value in words.lines(row.detail, row.address)
    )
    return [
        "" if row.seq is None else str(row.seq), row.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        row.actor_login, row.actor or ("" if row.actor_id else str(_("System"))), words.action_word(row.action),
        row.action, row.subject, words.outcome_word(row.outcome), row.address, row.device, told, row.hash or "",
    ]  # fmt: skip


def as_json_lines(rows: Iterable[EntryRow]) -> Iterator[str]:
    """An object a line, its columns as they are hashed: `docs/adr/0030-audit-chain.md` says how."""
    for row in rows:
        yield json.dumps(
            {
                "seq": row.seq, "hash": row.hash, "sealed_ms": row.sealed_ms, "id": row.id,
                "at": row.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"), "actor_id": row.actor_id,
                "actor": row.actor_login, "action": row.action, "subject": row.subject, "outcome": row.outcome,
                "detail": row.stored, "address": row.address, "device": row.device,
            },
            ensure_ascii=False,
        ) + "\n"  # fmt: skip
