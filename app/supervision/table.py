"""The table of learners: search, filter, sort, page from closed lists; and the same as CSV."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from app.base import clock, labels
from app.supervision.queries import ClassView, LearnerRow

STATUSES = ("late", "at-risk", "on-course", "done")
PER_PAGE = 50
_RANK = {status: place for place, status in enumerate(STATUSES)}
Key = Callable[[LearnerRow], Any]
# Sort keys; each ends with the name so that equal ones stand in one order.
SORTS: dict[str, Key] = {
    "status": lambda r: (_RANK.get(r.status, len(STATUSES)), r.got, r.person.name_pinyin, r.person.id),
    "name": lambda r: (r.person.name_pinyin, r.person.id),
    "unit": lambda r: (r.standing.unit_name, r.person.name_pinyin, r.person.id),
    "hours": lambda r: (r.got, r.person.name_pinyin, r.person.id),
    "courses": lambda r: (r.done, r.person.name_pinyin, r.person.id),
    "last": lambda r: (r.last_ms, r.person.name_pinyin, r.person.id),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; unknown values are as if they were not there."""

    q: str = ""
    status: str = ""
    unit: str = ""
    sort: str = "status"
    down: bool = False
    page: int = 1

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Wanted:
        """From query arguments."""
        number = args.get("page", "1")
        return cls(
            q=args.get("q", "").strip()[:60],
            status=args.get("status", "") if args.get("status") in STATUSES else "",
            unit=args.get("unit", "")[:40],
            sort=args.get("sort", "") if args.get("sort") in SORTS else "status",
            down=args.get("order") == "down",
            page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1,
        )

    def address(self, **changes: Any) -> dict[str, Any]:
        """Query arguments with changes; a changed filter or order begins at page 1."""
        after = replace(self, **({"page": 1} | changes))
        given = {
            "q": after.q, "status": after.status, "unit": after.unit,
            "sort": "" if after.sort == "status" else after.sort,
            "order": "down" if after.down else "", "page": "" if after.page == 1 else after.page,
        }  # fmt: skip
        return {name: value for name, value in given.items() if value}

    def sorted_by(self, sort: str) -> dict[str, Any]:
        """The address that sorts by a column; asked twice, it turns round."""
        return self.address(sort=sort, down=self.sort == sort and not self.down)

    def direction(self, sort: str) -> str | None:
        """ascending, descending, or None for a column that is not sorted by."""
        return ("descending" if self.down else "ascending") if self.sort == sort else None


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of the table. `counts` by status of everybody; `units` are (code, name, name_en)."""

    rows: tuple[LearnerRow, ...]
    total: int
    page: int
    pages: int
    counts: dict[str, int]
    units: tuple[tuple[str, str, str], ...]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _says(row: LearnerRow, words: list[str]) -> bool:
    pinyin = row.person.name_pinyin
    initials = "".join(part[:1] for part in pinyin.split())
    text = _plain("\n".join((
        row.person.name, pinyin, pinyin.replace(" ", ""), initials, row.person.login,
        row.standing.unit_name, row.standing.unit_name_en,
    )))  # fmt: skip
    return all(word in text for word in words)


def pick(view: ClassView, wanted: Wanted) -> list[LearnerRow]:
    """Who fits, in order."""
    words = _plain(wanted.q).split()
    rows = [
        row
        for row in view.learners
        if wanted.status in ("", row.status) and wanted.unit in ("", row.standing.unit_code) and _says(row, words)
    ]
    return sorted(rows, key=SORTS[wanted.sort], reverse=wanted.down)


def show(view: ClassView, wanted: Wanted) -> Shown:
    """One page of those who fit."""
    rows = pick(view, wanted)
    pages = max(1, -(-len(rows) // PER_PAGE))
    page = min(wanted.page, pages)
    said = [row.status for row in view.learners]
    units = {(r.standing.unit_code, r.standing.unit_name, r.standing.unit_name_en) for r in view.learners}
    return Shown(
        rows=tuple(rows[(page - 1) * PER_PAGE : page * PER_PAGE]),
        total=len(rows),
        page=page,
        pages=pages,
        counts={status: said.count(status) for status in STATUSES},
        units=tuple(sorted(unit for unit in units if unit[0])),
    )


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" \u3000").startswith(_FORMULA) else text


def hours_text(thousandths: int) -> str:
    """Thousandths as a plain decimal number, three places: what a spreadsheet can add up."""
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def finish_text(row: LearnerRow, said: Callable[[date], str]) -> str:
    """When a learner is expected to finish, as the page and the file say it; `said` writes the day."""
    if row.status == "done":
        return labels.label("status", "done")
    if row.outlook is None or row.duty is None:
        return ""
    finish = row.outlook.finish
    return said(finish) if finish is not None and finish <= row.duty.end else str(_("not this year"))


def as_csv(view: ClassView, rows: list[LearnerRow], local: Callable[[datetime], str]) -> str:
    """The table as CSV with a byte order mark: spreadsheets then read Chinese as it is. `local` formats times.

    What is missing stands in one column for the whole and one for each part of the duty.
    """
    parts = dict.fromkeys(part.bucket for row in rows if row.duty for part in row.duty.parts)
    out = io.StringIO()
    writer = csv.writer(out)
    missing = [_("Missing: %(subject)s", subject=labels.label("bucket", bucket)) for bucket in parts]
    writer.writerow([safe_cell(title) for title in (
        _("Login"), _("Name"), _("Unit"), _("Rank band"), _("Hours counted"), _("Hours owed"), _("Hours missing"),
        *missing, _("Required courses done"), _("Required courses"), _("Status"), _("Expected finish"),
        _("Last activity"),
    )])  # fmt: skip
    for row in rows:
        duty, standing = row.duty, row.standing
        short = {part.bucket: part.short for part in duty.parts} if duty else {}
        cells = [
            row.person.login,
            row.person.name,
            (standing.unit_name_en if labels.english() else "") or standing.unit_name,
            labels.label("band", standing.band),
            hours_text(duty.got) if duty else "",
            hours_text(duty.quota) if duty else "",
            hours_text(duty.short) if duty else "",
            *(hours_text(short[bucket]) if bucket in short else "" for bucket in parts),
            str(row.done),
            str(len(row.required)),
            labels.label("status", row.status),
            finish_text(row, date.isoformat),
            local(clock.from_ms(row.last_ms)) if row.last_ms else "",
        ]
        writer.writerow([safe_cell(cell) for cell in cells])
    return "\ufeff" + out.getvalue()
