"""The table of learners: search, filter, sort, page and columns from closed lists, all in the address."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.base.dots import STATUSES
from app.supervision.queries import ClassView, LearnerRow

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
# What a phone offers, where the heads of the columns are not shown; a minus turns the order round.
SORT_WORDS: dict[str, object] = {
    "status": _l("Most urgent first"),
    "name": _l("By name"),
    "unit": _l("By unit"),
    "hours": _l("Fewest hours first"),
    "-hours": _l("Most hours first"),
    "courses": _l("Fewest required courses first"),
    "last": _l("Longest away first"),
    "-last": _l("Last seen first"),
}
# The columns beside the name, in order; without one of its own the unit stands under the name.
COLUMNS: dict[str, object] = {
    "unit": _l("Unit"),
    "band": _l("Rank band"),
    "status": _l("Status"),
    "hours": _l("Hours"),
    "gap": _l("Missing"),
    "courses": _l("Required courses"),
    "finish": _l("Expected finish"),
    "last": _l("Last activity"),
}
USUAL = ("status", "hours", "gap", "courses", "finish", "last")


def columns(chosen: Iterable[str]) -> tuple[str, ...]:
    """Those that there are, in order."""
    found = set(chosen)
    return tuple(name for name in COLUMNS if name in found)


def _statuses(text: str) -> tuple[str, ...]:
    found = text.split(".")
    return tuple(status for status in STATUSES if status in found)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; unknown values are as if they were not there.

    `quiet`: who has not studied for four weeks; `waits`: who has time that has waited for an answer for a week;
    `lacks`: the code of a required course that is not done.
    """

    q: str = ""
    statuses: tuple[str, ...] = ()
    unit: str = ""
    quiet: bool = False
    waits: bool = False
    lacks: str = ""
    sort: str = "status"
    down: bool = False
    page: int = 1

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Wanted:
        """From query arguments."""
        number, sort = args.get("page", "1"), args.get("sort", "")
        return cls(
            q=args.get("q", "").strip()[:60],
            statuses=_statuses(args.get("status", "")),
            unit=args.get("unit", "")[:40],
            quiet=args.get("quiet") == "1",
            waits=args.get("waits") == "1",
            lacks=args.get("lacks", "")[:60],
            sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "status",
            down=args.get("order") == "down" or sort[:1] == "-",
            page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1,
        )

    def address(self, **changes: Any) -> dict[str, Any]:
        """Query arguments with changes; a changed filter or order begins at page 1."""
        after = replace(self, **({"page": 1} | changes))
        given = {
            "q": after.q, "status": ".".join(after.statuses), "unit": after.unit,
            "quiet": "1" if after.quiet else "", "waits": "1" if after.waits else "", "lacks": after.lacks,
            "sort": "" if after.sort == "status" else after.sort,
            "order": "down" if after.down else "", "page": "" if after.page == 1 else after.page,
        }  # fmt: skip
        return {name: value for name, value in given.items() if value}

    def toggled(self, status: str) -> dict[str, Any]:
        """The address that also shows those of a status, or no longer only them."""
        chosen = set(self.statuses) ^ {status}
        return self.address(statuses=tuple(each for each in STATUSES if each in chosen))

    def sorted_by(self, sort: str) -> dict[str, Any]:
        """The address that sorts by a column; asked twice, it turns round."""
        return self.address(sort=sort, down=self.sort == sort and not self.down)

    def direction(self, sort: str) -> str | None:
        """ascending, descending, or None for a column that is not sorted by."""
        return ("descending" if self.down else "ascending") if self.sort == sort else None

    @property
    def filters(self) -> bool:
        """Is anybody left out?"""
        return bool(self.q or self.statuses or self.unit or self.quiet or self.waits or self.lacks)

    @property
    def asks_courses(self) -> bool:
        """Are everybody's required courses needed to tell who is shown?"""
        return self.sort == "courses" or bool(self.lacks)


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of the table, from number `first` of `total`. `fitting`: the ids of all who fit; `counts` by status of
    everybody; `units` are (code, name, name_en)."""

    rows: tuple[LearnerRow, ...]
    total: int
    first: int
    page: int
    pages: int
    fitting: frozenset[int]
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


def is_quiet(view: ClassView, row: LearnerRow) -> bool:
    """Has this learner watched nothing for four weeks?"""
    return row.last_ms < view.quiet_ms


def has_waited(view: ClassView, row: LearnerRow) -> bool:
    """Has time of this learner waited for an answer for a week?"""
    return 0 < row.waits_ms < view.long_ms


def pick(view: ClassView, wanted: Wanted) -> list[LearnerRow]:
    """Who fits, in order. Where the address `asks_courses`, the learners have them."""
    words = _plain(wanted.q).split()
    rows = [
        row
        for row in view.learners
        if (not wanted.statuses or row.status in wanted.statuses)
        and wanted.unit in ("", row.standing.unit_code)
        and (not wanted.quiet or is_quiet(view, row))
        and (not wanted.waits or has_waited(view, row))
        and (not wanted.lacks or any(c.course.code == wanted.lacks and not c.done for c in row.required))
        and (not words or _says(row, words))
    ]
    return sorted(rows, key=SORTS[wanted.sort], reverse=wanted.down)


def show(view: ClassView, wanted: Wanted) -> Shown:
    """One page of those who fit."""
    rows = pick(view, wanted)
    pages = max(1, -(-len(rows) // PER_PAGE))
    page = min(wanted.page, pages)
    said = [row.status for row in view.learners]
    units = {(r.standing.unit_code, r.standing.unit_name, r.standing.unit_name_en) for r in view.learners}
    start = (page - 1) * PER_PAGE
    return Shown(
        rows=tuple(rows[start : start + PER_PAGE]),
        total=len(rows),
        first=start + 1,
        page=page,
        pages=pages,
        fitting=frozenset(row.person.id for row in rows),
        counts={status: said.count(status) for status in STATUSES},
        units=tuple(sorted(unit for unit in units if unit[0])),
    )
