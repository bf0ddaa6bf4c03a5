"""The statement as a CSV file that spreadsheets open as it is and cannot mistake for formulas."""

from __future__ import annotations

import csv
import io
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.base.labels import label
from app.credits import shown
from app.credits.statement import Statement


def cell(text: str) -> str:
    """A text cell: what a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%") else text


def statement_csv(statement: Statement, zone: ZoneInfo) -> bytes:
    """UTF-8 with a byte order mark, one line a transaction, the newest first; hours with three decimals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        [
            _("No."),
            _("Date"),
            _("What"),
            _("Subject"),
            _("Earned hours"),
            _("Counted hours"),
            _("Balance"),
            _("Reverses no."),
            _("Rule version"),
            _("Happened"),
            _("Known"),
            _("Posted"),
            _("Recorded by"),
            _("Evidence"),
            _("Fingerprint"),
            _("Note"),
        ]
    )
    for line in statement.lines:
        times = (line.piece.happened_at, line.piece.known_at, line.posted_at)
        writer.writerow(
            [
                line.seq,
                line.day.isoformat(),
                cell(shown.what_of(line, statement)),
                cell(label("bucket", line.bucket)),
                shown.plain(line.earned),
                shown.plain(line.countable),
                shown.plain(line.total),
                line.reverses or "",
                line.version,
                *(shown.moment_text(each, zone) for each in times),
                cell(shown.recorder_text(line.piece.recorded_by)),
                cell(line.piece.key),
                line.hash,
                cell(shown.notes_of(line, statement)),
            ]
        )
    return out.getvalue().encode("utf-8-sig")
