"""Evidence: facts as they were when they happened, read strictly. `rule-language` section 5 in code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any, TypeAlias

from app.rules.credit.errors import EvidenceError
from app.rules.credit.kinds import CARRIED, FLAG_FIELDS, IDENTITY_FIELDS, KINDS, NUMBERS, RANK, TEXT_FIELDS

Numbers: TypeAlias = tuple[int, ...]
# kind, then TEXT_FIELDS, then FLAG_FIELDS: what selectors see.
Snapshot: TypeAlias = tuple[str | bool | None, ...]
SNAPSHOT = ("kind", *TEXT_FIELDS, *FLAG_FIELDS)

_CHANGES = ("joined", "changed", "left")
_LARGEST = 10**15
_LONGEST = 200
_YEARS = (1900, 9000)
_TIMES = ("happened", "known", "begun")
_ONLY = {"from": "exemption", "until": "exemption", "approved": "exemption", "change": "standing"}
FIELDS = (
    "id", "kind", *_TIMES, *TEXT_FIELDS, *FLAG_FIELDS, *IDENTITY_FIELDS, "names", "stands_for", *_ONLY, *NUMBERS,
)  # fmt: skip
_KNOWN = frozenset(FIELDS)


@dataclass(slots=True)
class Piece:
    """One piece of evidence, never changed. Times are aware UTC; `numbers` stand in the order of `kinds.NUMBERS`.

    Not `frozen`: millions are made for a simulation, and that costs most of the time.
    """

    id: str
    kind: str
    happened: datetime
    known: datetime
    snapshot: Snapshot
    numbers: Numbers
    item: str | None = None
    edition: str | None = None
    run: str | None = None
    take: str | None = None
    begun: datetime | None = None
    names: tuple[str, ...] = ()
    exempt: tuple[date, date] | None = None
    change: str | None = None
    stands_for: tuple[str, ...] = ()

    def order(self) -> tuple[datetime, int, str]:
        """The place in the fold: by happening, kind and own key; never by arrival."""
        return self.happened, RANK[self.kind], self.id

    def facts(self) -> dict[str, str | bool | None]:
        """The fields that selectors and keys read."""
        return dict(zip(SNAPSHOT, self.snapshot, strict=True))


def parse(facts: Mapping[str, Any], zone: tzinfo | None = None, place: int = 0) -> Piece:
    """A piece from its fields (the `place`-th of a list, for who has no id).

    `happened` is an aware datetime or an ISO text (without offset: in `zone`). Raises EvidenceError naming the piece
    for unknown fields, wrong types, and fields of another kind.
    """
    return _Reader(facts, zone, place).piece()


class _Reader:
    def __init__(self, facts: Mapping[str, Any], zone: tzinfo | None, place: int) -> None:
        if not isinstance(facts, Mapping):
            raise EvidenceError(f"piece no. {place} must be an object, not {facts!r:.60}")
        self.facts, self.zone = facts, zone
        self.name = repr(facts["id"])[:80] if facts.get("id") is not None else f"no. {place}"

    def wrong(self, text: str) -> EvidenceError:
        return EvidenceError(f"piece {self.name}: {text}")

    def piece(self) -> Piece:
        facts = self.facts
        unknown = [key for key in facts if key not in _KNOWN]
        if unknown:
            raise self.wrong(f"unknown field {unknown[0]!r}; allowed: {', '.join(FIELDS)}")
        kind = facts.get("kind")
        if not isinstance(kind, str) or kind not in RANK:
            raise self.wrong(f"'kind' must be one of {', '.join(KINDS)}, not {kind!r:.60}")
        for field, owner in _ONLY.items():
            if field in facts and kind != owner:
                raise self.wrong(f"{field!r} belongs to kind {owner!r} only")
        name = self.key("id")
        if name is None or facts.get("happened") is None:
            missing = "id" if name is None else "happened"
            raise self.wrong(f"{missing!r} is missing: 'id', 'kind' and 'happened' are needed")
        if name.startswith(f"{CARRIED}:"):
            raise self.wrong(f"an id may not begin with '{CARRIED}:': so carried hours are named")
        happened = self.time("happened")
        return Piece(
            name,
            kind,
            happened,
            self.time("known") if facts.get("known") is not None else happened,
            self.snapshot(kind),
            tuple(self.number(field) if field in facts else 0 for field in NUMBERS),
            self.key("item"),
            self.key("edition"),
            self.key("run"),
            self.key("take"),
            self.begun(happened),
            self.named(kind),
            self.exemption() if kind == "exemption" else None,
            self.standing(),
            self.keys("stands_for"),
        )

    def snapshot(self, kind: str) -> Snapshot:
        texts = tuple(self.text(field) for field in TEXT_FIELDS)
        return (kind, *texts, *(self.flag(field) for field in FLAG_FIELDS))

    def text(self, field: str) -> str | None:
        raw = self.facts.get(field)
        if raw is not None and not (isinstance(raw, str) and len(raw) <= _LONGEST):
            raise self.wrong(f"{field!r} must be a text of at most {_LONGEST} characters, not {raw!r:.60}")
        return raw or None

    def flag(self, field: str) -> bool | None:
        raw = self.facts.get(field)
        if raw is not None and not isinstance(raw, bool):
            raise self.wrong(f"{field!r} must be true or false, not {raw!r:.60}")
        return raw

    def key(self, field: str) -> str | None:
        """An identity: a text, or a whole number (kept as text)."""
        raw = self.facts.get(field)
        if isinstance(raw, int) and not isinstance(raw, bool):
            return str(raw)
        return self.text(field)

    def number(self, field: str) -> int:
        raw = self.facts[field]
        if type(raw) is not int or not 0 <= raw <= _LARGEST:
            raise self.wrong(f"{field!r} must be a whole number from 0 to {_LARGEST}, not {raw!r:.60}")
        return raw

    def time(self, field: str) -> datetime:
        raw = self.facts[field]
        try:
            moment = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
        except ValueError:
            moment = None
        if not isinstance(moment, datetime):
            raise self.wrong(f"{field!r} must be a time such as 2026-05-04T07:00:00+08:00, not {raw!r:.60}")
        if moment.tzinfo is None:
            if self.zone is None:
                raise self.wrong(f"{field!r} has no offset; write one such as +08:00")
            moment = moment.replace(tzinfo=self.zone)
        try:
            found = moment.astimezone(UTC)
        except OverflowError:
            found = datetime.max.replace(tzinfo=UTC)
        if not _YEARS[0] <= found.year <= _YEARS[1]:
            raise self.wrong(f"{field!r} must lie in the years {_YEARS[0]} to {_YEARS[1]}, not {raw!r:.60}")
        return found

    def begun(self, happened: datetime) -> datetime | None:
        """The start of a span that ends with `happened`."""
        if self.facts.get("begun") is None:
            return None
        begun = self.time("begun")
        if begun > happened:
            raise self.wrong("'begun' lies after 'happened', which is the end of the span")
        return begun

    def keys(self, field: str) -> tuple[str, ...]:
        """A list of identities, or one; a name given twice counts once."""
        raw = self.facts.get(field)
        found = raw if isinstance(raw, list | tuple) else [] if raw is None else [raw]
        names = tuple(str(n) if type(n) is int else n for n in found)
        if not all(isinstance(name, str) and 0 < len(name) <= _LONGEST for name in names):
            raise self.wrong(f"{field!r} must be a list of ids, not {raw!r:.60}")
        return tuple(dict.fromkeys(names))

    def named(self, kind: str) -> tuple[str, ...]:
        names = self.keys("names")
        if kind == "correction" and not names:
            raise self.wrong("a correction must say in 'names' which evidence it withdraws")
        return names

    def day(self, field: str, missing: date | None) -> date:
        raw = self.facts.get(field)
        if raw is None and missing is not None:
            return missing
        try:
            found = date.fromisoformat(raw) if isinstance(raw, str) else raw
        except ValueError:
            found = None
        if type(found) is not date:
            raise self.wrong(f"{field!r} must be a day such as 2026-03-01, not {raw!r:.60}")
        return found

    def exemption(self) -> tuple[date, date] | None:
        """First and last day; None when it was not approved."""
        approved = self.facts.get("approved")
        if not isinstance(approved, bool):
            raise self.wrong("an exemption must say 'approved': true or false")
        first, last = self.day("from", None), self.day("until", date.max)
        if last < first:
            raise self.wrong("'until' lies before 'from'")
        return (first, last) if approved else None

    def standing(self) -> str | None:
        raw = self.facts.get("change")
        if raw is not None and raw not in _CHANGES:
            raise self.wrong(f"'change' must be one of {', '.join(_CHANGES)}, not {raw!r:.60}")
        return raw
