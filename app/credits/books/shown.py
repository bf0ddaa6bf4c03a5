"""The page of the books in words: what a difference is about, the lines of the trial balance, exact amounts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.base.labels import label
from app.base.numbers import MINUS
from app.credits.books.balance import Line, PeriodBalance
from app.credits.export import cell
from app.credits.shown import plain

# What a check is about, by the name that the command prints.
CHECKS: dict[str, object] = {
    "accounts": _l("Accounts of a posting"),
    "chain": _l("Link to the entry before"),
    "chain head": _l("End of the chain"),
    "entries": _l("Lines of an entry"),
    "entry sum": _l("Sum of an entry"),
    "evidence hash": _l("Fingerprint of evidence"),
    "evidence rows": _l("Evidence that was there"),
    "hash": _l("Fingerprint of an entry"),
    "heads": _l("Person known to the heads file"),
    "heads file: chain head": _l("Heads file: end of the chain"),
    "heads file: evidence": _l("Heads file: evidence"),
    "heads file: rewritten": _l("Heads file: rewritten"),
    "heads file: rows": _l("Heads file: rules and seals"),
    "heads file: rules": _l("Heads file: rules"),
    "heads file: truncated": _l("Heads file: cut off"),
    "reasons": _l("Reasons of an entry"),
    "replay": _l("Replay of the evidence"),
    "rows": _l("Rows of nobody"),
    "rules": _l("Credit rules"),
    "seal": _l("Seal of a period"),
    "sequence": _l("Numbers in order"),
    "settlement": _l("Waits for settlement"),
    "sums": _l("Sums of a period"),
    "time": _l("Time to the millisecond"),
    "unreadable": _l("Cannot be read"),
    "viewing": _l("Traces of viewing"),
}


def check_text(what: str) -> str:
    """A check's name in words; one without words shows itself."""
    return str(CHECKS.get(what, what))


def line_text(line: Line) -> str:
    """What a line of the trial balance stands for."""
    text = line.of
    if line.kind == "source":
        text = _("From evidence: %(kind)s", kind=label("evidence", line.of))
    elif line.kind == "carried":
        text = _("Carried out of the period from %(day)s", day=line.of)
    elif line.kind == "learner":
        text = _("Learners: %(bucket)s", bucket=label("bucket", line.bucket))
    elif line.kind == "adjustment":
        text = _("Adjustments to the period from %(day)s: %(bucket)s", day=line.of, bucket=label("bucket", line.bucket))
    return text


def thousandths(amount: int) -> str:
    """Hours with three decimals and a real minus; the books are exact to the thousandth."""
    whole, rest = divmod(abs(amount), 1000)
    return f"{MINUS if amount < 0 else ''}{whole:,}.{rest:03d}"


def balance_csv(periods: Sequence[PeriodBalance]) -> bytes:
    """UTF-8 with a byte order mark; a line an account, and one that says what is left of each period."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_("Period from"), _("Account"), _("Counted hours"), _("Not counted"), _("Together")])
    for period in periods:
        for line in period.lines:
            parted = line.kind in ("learner", "adjustment")
            parts = (plain(line.countable), plain(line.uncounted)) if parted else ("", "")
            writer.writerow([period.period.isoformat(), cell(line_text(line)), *parts, plain(line.sum)])
        writer.writerow([period.period.isoformat(), _("Left over"), "", "", plain(period.left)])
    return out.getvalue().encode("utf-8-sig")
