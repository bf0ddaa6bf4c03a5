"""The second evaluator's first pass: pieces in their places, and what judges other pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.rules.credit.spec.oracle_duty import Duties
from tests.rules.credit.spec.oracle_terms import (
    RANKS,
    SILENT,
    Calendar,
    Data,
    fits,
    formula,
    moment,
    number,
    plus_months,
)

TABLES = (
    "convert", "weight", "mark", "needs", "round", "duplicate", "cap", "share", "attendance", "revoke", "test",
    "requirement", "carry", "make_up",
)  # fmt: skip
SELECTED = (
    "kind", "category", "requirement_class", "subject_bucket", "provider", "unit", "class", "band", "group", "role",
    "off_job", "passed",
)  # fmt: skip
Place = tuple[int, datetime, int, str]
Queued = tuple[Place, int, Place]  # right after a companion that was waited for


@dataclass
class Seen:
    """One piece in its place."""

    facts: Data
    happened: datetime
    day: date
    minute: int
    version: Data | None
    place: Place
    values: dict[str, Any] = field(default_factory=dict)
    counts: date = date.min  # the day on which it counts
    over: Data | None = None  # the facts of the piece that it only adds to

    @property
    def id(self) -> str:
        return str(self.facts["id"])

    @property
    def kind(self) -> str:
        return str(self.facts["kind"])

    @property
    def rules(self) -> Data:
        """The version of its day; only asked where there is one."""
        assert self.version is not None
        return self.version

    def fits(self, row: Mapping[str, Any], key: str = "when") -> bool:
        return fits(row.get(key), self.values)


class Pieces:
    """Everything known of one learner, and which pieces others take away."""

    def __init__(self, versions: Sequence[Data], facts: Sequence[Data]) -> None:
        self.versions = [{**{table: [] for table in TABLES}, **version} for version in versions]
        self.unit = versions[0]["ruleset"]["unit"]
        self.calendar = Calendar(versions[0]["period"])
        self.nothing: dict[str, str] = {}
        self.gone: dict[str, str] = {}
        self.bans: list[tuple[Data, Seen]] = []
        self.pieces = sorted(map(self._seen, facts), key=lambda p: p.place)
        self._corrections()
        self._revocations()
        left = [p for p in self.pieces if p.id not in self.gone]
        away = [p for p in left if p.kind not in SILENT and p.version and self._beyond(p, left)]
        self.gone |= {piece.id: "withdrawn" for piece in away}
        self.duties = self._duties(left)

    def version_on(self, day: date) -> Data | None:
        found = [v for v in self.versions if v["ruleset"]["effective"] <= day]
        return found[-1] if found else None

    def judging(self, index: int) -> Data:
        """The version of a period's last day."""
        return self.version_on(self.calendar.end(index)) or self.versions[0]

    def _seen(self, facts: Data) -> Seen:
        happened = moment(facts["happened"])
        day, minute = happened.date(), happened.hour * 60 + happened.minute
        before = day - timedelta(days=1)
        version = self.version_on(before)
        if facts["kind"] == "watched" and version and minute < version["ruleset"].get("grace_minutes", 0):
            other = self.version_on(day) is not version or self.calendar.index(day) != self.calendar.index(before)
            day, minute = (before, 1439) if other else (day, minute)
        place = (self.calendar.index(day), happened, RANKS.index(facts["kind"]), str(facts["id"]))
        values = {name: facts.get(name) for name in SELECTED} | {"clock": minute}
        piece = Seen(facts, happened, day, minute, self.version_on(day), place, values, day)
        convert = self.convert(piece)
        if convert is not None:
            by_field = facts.get(convert.get("bucket_field", ""))
            piece.values["bucket"] = convert.get("bucket") or by_field or self.unit
        return piece

    def convert(self, piece: Seen) -> Data | None:
        """The conversion of a piece."""
        if piece.kind in SILENT or piece.version is None or piece.place[0] < 0:
            return None
        fitting: list[Data] = [row for row in piece.version["convert"] if piece.fits(row)]
        fitting.sort(key=lambda row: row.get("otherwise", False))
        return fitting[0] if fitting else None

    def _corrections(self) -> None:
        """Corrections withdraw what they name, and other pieces stand in the place of what they name. Only what a
        correction withdrew says nothing; of two pieces in each other's place the later known stands."""

        def heard(piece: Seen) -> tuple[datetime, datetime, str]:
            return moment(str(piece.facts.get("known", piece.facts["happened"]))), piece.happened, piece.id

        def names(one: Seen, other: Seen) -> bool:
            return one is not other and other.id in one.facts.get("names", ()) and one.kind != "revocation"

        waiting = sorted((p for p in self.pieces if p.facts.get("names")), key=heard)
        effective: list[Seen] = []
        while waiting:  # where all wait for each other they go in a circle, and the latest known is heard first
            free = [p for p in waiting if not any(names(k, p) for k in waiting if k.kind == "correction")]
            judge = (free or waiting)[-1]
            waiting.remove(judge)
            if not any(names(k, judge) for k in effective if k.kind == "correction"):
                effective.append(judge)
        for piece in self.pieces:
            later = [j for j in effective if names(j, piece) and not (names(piece, j) and heard(piece) > heard(j))]
            self.gone |= {piece.id: "withdrawn"} if later else {}

    def _revocations(self) -> None:
        for piece in [p for p in self.pieces if p.kind == "revocation" and p.id not in self.gone]:
            for row in piece.version["revoke"] if piece.version else ():
                if piece.fits(row):
                    self._revoke(row, piece)

    def _revoke(self, row: Data, piece: Seen) -> None:
        how = row["cancels"]
        for other in self.pieces:
            same = piece.facts.get(how) is not None and piece.facts.get(how) == other.facts.get(how)
            hit = {
                "item": same and other.happened <= piece.happened,
                "run": same and other.happened <= piece.happened,
                "named": other.id in piece.facts.get("names", ()),
                "period": other.place[0] == piece.place[0],
                "nothing": False,
            }[how]
            if hit and other.kind not in SILENT:
                self.gone.setdefault(other.id, "withdrawn")
        if "ban_kinds" in row:
            self.bans.append((row, piece))

    def banned(self, kind: str, day: date, place: Place) -> bool:
        """Is such a piece banned on the day that counts?"""
        return any(
            kind in row["ban_kinds"]
            and by.day <= day < plus_months(by.day, 12 * row["ban_years"])
            and place[1:3] >= by.place[1:3]
            for row, by in self.bans
        )

    def _beyond(self, piece: Seen, left: Sequence[Seen]) -> bool:
        """Is the leave of the piece's run beyond the limit?"""
        run = piece.facts.get("run")
        for row in piece.rules["attendance"]:
            if run is None or not piece.fits(row):
                continue
            mates = [p for p in left if p.facts.get("run") == run]
            sums: Data = {}
            for mate in mates:
                if mate.kind not in SILENT and mate.fits(row):
                    for key, value in mate.facts.items():
                        if isinstance(value, int) and not isinstance(value, bool):
                            sums[key] = sums.get(key, 0) + value
            sums["run_hours_m"] = max(p.facts.get("run_hours_m", 0) for p in mates)
            leaves = [p.facts.get("leave_m", 0) for p in mates if p.kind == "leave"]
            leave = Fraction(sum(leaves), 1000)
            limit = formula(row["limit"], sums)
            if leaves and (leave > limit or (leave == limit and row.get("boundary") == "at_least")):
                return True
        return False

    def below(self, piece: Seen) -> bool:
        """Is it below the mark of its own?"""
        for row in piece.version["mark"] if piece.version else ():
            if piece.fits(row):
                found = formula(row["measure"], piece.facts)
                return found <= number(row["more_than"]) if "more_than" in row else found < number(row["at_least"])
        return False

    def companion(self, row: Data, piece: Seen) -> Seen | None:
        """An earlier one that still serves, else the first one later."""
        shared, years = piece.facts.get(row["same"]), row.get("valid_years")
        found = [
            other
            for other in self.pieces
            if other is not piece
            and shared is not None
            and other.facts.get(row["same"]) == shared
            and fits(row["evidence"], other.values)
            and other.id not in self.gone
            and not self.banned(other.kind, other.day, other.place)
            and not self.below(other)
        ]
        before = [p for p in found if p.place < piece.place]
        if any(years is None or piece.day < plus_months(p.day, 12 * years) for p in before):
            return before[0]
        within = timedelta(days=row.get("within_days", 100_000))
        return next((p for p in found if p.place > piece.place and p.day - piece.day <= within), None)

    def _duties(self, left: Sequence[Seen]) -> Duties:
        standings = [(p.day, p.facts) for p in left if p.kind == "standing"]
        free = [
            (date.fromisoformat(p.facts["from"]), date.fromisoformat(p.facts.get("until", "9999-12-31")))
            for p in left
            if p.kind == "exemption" and p.facts["approved"]
        ]
        return Duties(self.calendar, standings, free)
