"""The second evaluator's amounts: series, pools and rounding, repeats and caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from tests.rules.credit.spec.oracle_pieces import Pieces, Seen
from tests.rules.credit.spec.oracle_terms import Data, fits, formula, moment, number, plus_months, thousandths, to_step


class Amounts(Pieces):
    """What a piece gives, and what the clauses remember of it."""

    def __init__(self, versions: Sequence[Data], facts: Sequence[Data]) -> None:
        super().__init__(versions, facts)
        self.firsts: dict[Any, Data] = {}
        self.spans: dict[str, list[Data]] = {}
        self.gave: dict[str, list[Data]] = {}
        self.used: dict[Any, int] = {}
        self.pools: dict[Any, tuple[Fraction, int]] = {}
        self.done: set[Any] = set()
        self.grown: dict[Any, Data] = {}
        self.given: dict[Any, Data] = {}  # of a rising series, the last that gave something

    def _series(self, piece: Seen) -> tuple[str | None, Any]:
        """How the pieces of one item follow each other, and their key."""
        convert = self.convert(piece) or {}
        series = convert.get("series")
        largest = any(d.get("keep") == "largest" and piece.fits(d) for d in piece.rules["duplicate"])
        if series is None and piece.kind == "watched" and not largest:
            series = "first"
        item = piece.facts.get("item")
        return series, (piece.kind, item, piece.facts.get("edition")) if series and item is not None else None

    def amount(self, piece: Seen, index: int) -> int:
        """Converted, weighed, pooled, rounded once: thousandths."""
        series, key = self._series(piece)
        once = (key, piece.facts.get("take")) if series == "first" and key else None
        if once in self.done:
            self.nothing[piece.id] = "repeat"
            return 0
        exact = self._exact(piece, piece.facts)
        if series == "increase" and key is not None:
            last = self.grown.get(key)
            piece.over = self.given.get(key)
            exact = max(Fraction(0), exact - (self._exact(piece, last) if last else 0))
            if last is None or exact > 0:
                self.grown[key] = piece.facts
        pool = self._pool(piece, index) or (("series", key) if series == "increase" and key else None)
        total, given = self.pools.get(pool, (Fraction(0), 0)) if pool else (Fraction(0), 0)
        total += exact
        now = max(given, self._rounded(piece, total))
        if pool:
            self.pools[pool] = total, now
        if once and now > given:
            self.done.add(once)
        return now - given

    def _pool(self, piece: Seen, index: int) -> Any:
        convert = self.convert(piece) or {}
        places = {"item": piece.facts.get("item"), "run": piece.facts.get("run"), "day": piece.counts, "period": index}
        place = places.get(convert.get("pool", "piece"))
        return None if place is None else ("pool", convert["id"], piece.values["bucket"], place)

    def _exact(self, piece: Seen, facts: Data) -> Fraction:
        convert, exact = self.convert(piece) or {}, Fraction(0)
        if "amount" in convert:
            exact = formula(convert["amount"], facts)
        else:
            of = formula(convert["steps"]["of"], facts)
            for row in convert["steps"]["rows"]:
                if of > number(row["more_than"]) if "more_than" in row else of >= number(row["at_least"]):
                    exact = formula(row["gives"], facts)
                    break
        for row in piece.rules["weight"]:
            exact *= number(row["times"]) if piece.fits(row) else 1
        return max(exact, Fraction(0))

    def _rounded(self, piece: Seen, exact: Fraction) -> int:
        for row in piece.rules["round"]:
            if piece.fits(row):
                found = to_step(exact, number(row["to"]), row["mode"])
                return thousandths(found if found >= number(row.get("minimum", 0)) else Fraction(0))
        return thousandths(exact)

    def repeated(self, piece: Seen, index: int, asked: int) -> int:
        """What is left of an amount; only what gave something is remembered."""
        left, kept = asked, []
        for row in piece.rules["duplicate"]:
            if piece.fits(row):
                see = self._overlapping if "overlap" in row else self._alike
                left, more = see(row, piece, index, asked, left)
                kept += more
        if left:
            self.nothing.pop(piece.id, None)
            for place, key, found in kept:
                if key is None:
                    place.append({**found, "gave": left})
                elif asked > found["largest"]:
                    place[key] = {**found, "largest": asked, "facts": piece.facts}
                else:
                    place[key] = found
            series, key = self._series(piece)
            if series == "increase" and key is not None:
                self.given[key] = piece.facts
        return left

    def _only(self, piece: Seen, word: str, left: int, more: int, of: Data) -> int:
        """What is left where a piece only adds to another."""
        if more < left:
            piece.over = of["facts"]
        self.nothing[piece.id] = word
        return min(left, more)

    def _overlapping(self, row: Data, piece: Seen, _: int, asked: int, left: int) -> tuple[int, list[Any]]:
        if "begun" not in piece.facts:
            return left, []
        begun, ended = moment(piece.facts["begun"]), piece.happened
        held = self.spans.setdefault(row["id"], [])
        met = [s for s in held if s["begun"] < ended and begun < s["ended"]]
        if met:
            largest = max(met, key=lambda s: s["largest"])
            more = max(0, asked - largest["largest"]) if row.get("keep") == "largest" else 0
            left = self._only(piece, "overlaps", left, more, largest)
        return left, [(held, None, {"begun": begun, "ended": ended, "largest": asked, "facts": piece.facts})]

    def _alike(self, row: Data, piece: Seen, index: int, asked: int, left: int) -> tuple[int, list[Any]]:
        series, item = self._series(piece)
        item = item if series == "increase" else None
        fresh: Data = {"day": piece.counts, "index": index, "largest": 0, "series": item, "facts": {}}
        kept: list[Any] = []
        if row["key"] == ["item"]:
            left, kept = self._standing_for(row, piece, index, (asked, left), fresh)
        values = [piece.facts.get(name) for name in row["key"]]
        if all(value is None for value in values):
            return left, kept
        key = (row["id"], *values)
        first = self.firsts.get(key)
        if first is None or not self._within(row, first, piece.counts, index):
            first = fresh
        elif item is None or first["series"] != item:
            more = max(0, asked - first["largest"]) if row.get("keep") == "largest" else 0
            left = self._only(piece, "repeat", left, more, first)
        return left, [*kept, (self.firsts, key, first)]

    def _standing_for(
        self, row: Data, piece: Seen, index: int, amounts: tuple[int, int], fresh: Data
    ) -> tuple[int, list[Any]]:
        """What the items that it stands for gave already is deducted; later pieces of these are repeats.

        An item's reach begins on the first day on which it gave something, whichever piece gives more of it later.
        """
        (asked, left), also = amounts, set(piece.facts.get("stands_for", ()))
        held = self.gave.setdefault(row["id"], [])
        met = [
            h["gave"]
            for h in held
            if any(self._within(row, first, piece.counts, index) for item, first in h["items"].items() if item in also)
        ]
        if met:
            left, self.nothing[piece.id] = min(left, max(0, asked - sum(met))), "repeat"
        items = {}
        for item in {*also, piece.facts.get("item")} - {None}:
            first = self.firsts.get((row["id"], item))
            reached = first is not None and self._within(row, first, piece.counts, index)
            items[item] = first if reached else fresh
        own = [(self.firsts, (row["id"], item), items[item]) for item in sorted(also)]
        return left, [(held, None, {**fresh, "items": items}), *own]

    def _within(self, row: Data, first: Data, day: date, index: int) -> bool:
        within = row.get("within", "ever")
        if isinstance(within, dict):
            return bool(day < plus_months(first["day"], 12 * within["years"]))
        cycle = self.calendar.whole_cycle
        holds = {"ever": True, "day": first["day"] == day, "period": first["index"] == index}
        return holds[within] if within != "cycle" else cycle(first["index"]) == cycle(index)

    def capped(self, version: Data, values: Mapping[str, Any], facts: Data, at: tuple[int, date], asked: int) -> int:
        """The smallest room of all caps; each is charged with what was taken."""
        index, day = at
        keys, taken = [], asked
        for row in version["cap"]:
            if fits(row.get("when"), values):
                own = ("own", facts["id"])
                place = {
                    "item": (index, facts.get("item") or own),
                    "run": facts.get("run") or own,
                    "day": day,
                    "period": index,
                    "cycle": self.calendar.whole_cycle(index)[0],
                    "ever": 0,
                }[row["per"]]
                keys.append((row["id"], row["per"], place))
                taken = min(taken, max(0, thousandths(number(row["limit"])) - self.used.get(keys[-1], 0)))
        for key in keys:
            self.used[key] = self.used.get(key, 0) + taken
        return taken
