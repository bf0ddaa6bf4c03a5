"""A second evaluator, written from the specification alone: naive, slow, all in fractions, without plans or seals.

It reads what a TOML reader and a JSON reader give, and shares no code with the engine. What it says of random rule
sets and evidence is compared with the engine (test_oracle.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.rules.credit.spec.oracle_amounts import Amounts
from tests.rules.credit.spec.oracle_duty import Entry, judged, measured, names
from tests.rules.credit.spec.oracle_pieces import SELECTED, Place, Queued, Seen
from tests.rules.credit.spec.oracle_terms import SILENT, Data, fits, number, plus_months


class Oracle(Amounts):
    """Evaluates at once; `entries`, `nothing` (words) and `periods` hold what came out."""

    def __init__(self, versions: Sequence[Data], facts: Sequence[Data]) -> None:
        super().__init__(versions, facts)
        self.entries: list[Entry] = []
        self.periods: dict[int, Data] = {}
        self.debts: list[Data] = []
        self._fold()

    def _fold(self) -> None:
        queue: list[tuple[Queued, Seen]] = []
        for piece in self.pieces:
            queued = self._queued(piece) if piece.kind not in SILENT else None
            if queued is not None:
                queue.append((queued, piece))
        queue.sort(key=lambda each: each[0])
        touched = [p.place[0] for p in self.pieces] + [place[0] for (place, _, _), _ in queue]
        touched = [index for index in touched if index >= 0]
        if not touched:
            return
        at, last = min(touched), max(touched)
        for (place, _, _), piece in queue:
            while at < place[0]:
                self._close(at)
                at += 1
                self._carry_in(at)
            self._judge(piece, place)
        for index in range(at, last + 1):
            self._close(index)
            if index < last:
                self._carry_in(index + 1)
        for index, found in self.periods.items():  # what later hours paid counts in the old period
            found |= judged(self.judging(index), index, self.entries, self.duties)

    def _queued(self, piece: Seen) -> Queued | None:
        """Where it counts; None (and a word) where it gives nothing at all."""
        last = piece.place
        word = self.gone.get(piece.id)
        if word is None and (self.convert(piece) is None or self.below(piece)):
            word = "no clause" if self.convert(piece) is None else "below mark"
            if (word == "no clause" or not self._needed(piece)) and self.banned(piece.kind, piece.day, last):
                word = "banned"
        for row in self._needed(piece) if word is None else ():
            met = self.companion(row, piece)
            if met is None:
                word = "waits"
            elif met.place > last:
                last, piece.counts = met.place, met.day
        if word is None and self.banned(piece.kind, piece.counts, last):
            word = "banned"
        if word is not None:
            self.nothing[piece.id] = word
            return None
        return last, int(last != piece.place), piece.place

    def _needed(self, piece: Seen) -> list[Data]:
        """What a piece needs. Where it needs anything the ban of its own day does not matter."""
        rows: list[Data] = piece.version["needs"] if piece.version else []
        return [row for row in rows if piece.fits(row) and not piece.fits(row, "evidence")]

    def _judge(self, piece: Seen, place: Place) -> None:
        asked = self.amount(piece, place[0])
        earned = self.repeated(piece, place[0], asked) if asked else 0
        if not earned:
            self.nothing[piece.id] = self.nothing.get(piece.id, "gives")
            return
        left = countable = self.capped(piece.rules, piece.values, piece.facts, (place[0], piece.counts), earned)
        for index, pays in self._make_up(piece, countable):
            self._post(piece, index, pays, pays, whole=False)
            left, earned = left - pays, earned - pays
        if earned or left or not countable:
            self._post(piece, place[0], earned, left)

    def _post(self, piece: Seen, index: int, earned: int, countable: int, *, whole: bool = True) -> None:
        version, bucket = piece.rules["ruleset"]["version"], piece.values["bucket"]
        self.entries.append(
            Entry(
                piece.id,
                index,
                piece.counts,
                bucket,
                earned,
                countable,
                version,
                piece.values,
                piece.facts,
                whole=whole,
                over=piece.over,
            )
        )

    def _make_up(self, piece: Seen, countable: int) -> Iterator[tuple[int, int]]:
        left = countable
        for index in sorted({debt["index"] for debt in self.debts}):
            owed = [
                debt
                for debt in self.debts
                if debt["index"] == index
                and debt["missing"]
                and piece.counts < debt["until"]
                and fits(debt["test"].get("when"), piece.values)
            ]
            pays = min(left, max((debt["missing"] for debt in owed), default=0))
            pays = self._room(piece, index, pays)
            if pays:
                made = self.periods[index]["made_up"]
                for debt in owed:
                    paid, name = min(pays, debt["missing"]), debt["test"]["id"]
                    made[name] = made.get(name, 0) + paid
                    debt["missing"] -= paid
                left -= pays
                yield index, pays

    def _room(self, piece: Seen, index: int, most: int) -> int:
        """How much of it an old period takes without a share of it being passed, by trying."""
        version, span = self.judging(index), self.calendar.whole_cycle(index)
        for row in version["share"]:
            if not fits(row["when"], piece.values):
                continue
            test = _test(version, row["of"])
            periods = [i for i in span if i <= index] if test.get("over") == "cycle" else [index]
            scope = [e for e in self.entries if e.index in periods]
            mine = sum(e.countable for e in scope if fits(row["when"], e.seen))
            quota = judged(version, index, self.entries, self.duties)["tests"][test["id"]]["quota"]
            low, high = 0, most
            while low < high:
                more = (low + high + 1) // 2
                added = Entry("", index, piece.counts, "", more, more, 0, piece.values, {}, whole=False)
                whole = quota if row.get("basis") == "quota" else measured(test, [*scope, added])
                low, high = (more, high) if mine + more <= number(row["at_most"]) * whole else (low, more - 1)
            most = low
        return most

    def _close(self, index: int) -> None:
        version = self.judging(index)
        rows = sorted(version["share"], key=lambda row: row["id"])
        while sum(self._cut(version, row, index) for row in rows):  # all of them, again and again
            pass
        found = judged(version, index, self.entries, self.duties)
        found |= {"made_up": {}, "carry": self._carried(version, index, found)}
        self._owe(version, index, found)
        self.periods[index] = found

    def _carried(self, version: Data, index: int, found: Data) -> dict[str, int]:
        tests, unmet = found["tests"], "not met" in found["requirements"].values()
        here = [e for e in self.entries if e.index == index]
        carried = {}
        for row in version["carry"]:
            asked = {**_test(version, row["surplus_of"]), "measure": row["measure"]}
            surplus = measured(asked, here) - tests[asked["id"]]["quota"]
            if "max" in row:
                surplus = min(surplus, number(row["max"]) * 1000)
            if not row.get("again"):
                surplus = min(surplus, measured(asked, [e for e in here if not e.carried]))
            unless = row.get("unless_short", ())
            if surplus > 0 and not (unmet if unless is True else any(tests[name]["short"] for name in unless)):
                carried[row["id"]] = int(surplus)
        return carried

    def _owe(self, version: Data, index: int, found: Data) -> None:
        for name in {name for row in version["make_up"] for name in row["tests"]}:
            test = _test(version, name)
            if test.get("over") == "cycle" and index != self.calendar.whole_cycle(index)[-1]:
                continue
            words = [found["requirements"][q["id"]] for q in version["requirement"] if name in names(q["meets"])]
            short = found["tests"][name]["short"]
            if short and found["duty"] == "full" and (not words or "not met" in words):
                months = max(row["months"] for row in version["make_up"] if name in row["tests"])
                until = plus_months(self.calendar.start(index + 1), months)
                self.debts.append({"index": index, "test": test, "missing": short, "until": until})

    def _cut(self, version: Data, row: Data, index: int) -> bool:
        """Cuts what is too much of a share, latest first, by trying; was there any?"""
        test = _test(version, row["of"])
        span = self.calendar.whole_cycle(index) if test.get("over") == "cycle" else [index]
        scope = [e for e in self.entries if e.index in span]
        mine = [e for e in scope if fits(row["when"], e.seen)]
        cuttable = [e for e in mine if e.index == index]
        if number(row["at_most"]) == 1 and row.get("basis") != "quota" and test["measure"] == "countable":
            # Cut of what the test counts too, the whole loses as much as the part.
            cuttable = [e for e in cuttable if not fits(test.get("when"), e.seen)]
        before = {id(e): e.countable for e in scope}
        _, facts = self.duties.word(span, version["period"])
        quota = self.duties.quota(test["at_least"], facts, span, version["period"])

        def cut(amount: int) -> bool:
            for entry in scope:
                entry.countable = before[id(entry)]
            for entry in reversed(cuttable):
                taken = min(amount, entry.countable)
                entry.countable -= taken
                amount -= taken
            basis = quota if row.get("basis") == "quota" else measured(test, scope)
            return sum(e.countable for e in mine) <= number(row["at_most"]) * basis

        low, high = 0, sum(e.countable for e in cuttable)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if cut(middle) else (middle + 1, high)
        cut(low)
        return low > 0

    def _carry_in(self, index: int) -> None:
        """What the period before passes on stands first in this one."""
        start, old = self.calendar.start(index), self.judging(index - 1)
        version = self.version_on(start) or self.versions[0]
        for row in sorted(old["carry"], key=lambda row: row["id"]):
            amount = self.periods[index - 1]["carry"].get(row["id"], 0)
            named = _test(old, row["surplus_of"]).get("when", {}).get("bucket")
            bucket = row["as"].get("bucket") or (named if isinstance(named, str) else self.unit)
            values: dict[str, Any] = dict.fromkeys(SELECTED) | row["as"] | {"kind": "carried", "bucket": bucket}
            name = f"carried:{row['id']}:{self.calendar.start(index - 1)}"
            countable = self.capped(version, values, {"id": name}, (index, start), amount)
            if amount and not countable:
                self.nothing[name] = "cut"
            if countable:
                number_ = old["ruleset"]["version"]
                self.entries.append(Entry(name, index, start, bucket, 0, countable, number_, values, {}, carried=True))


def _test(version: Data, name: str) -> Data:
    """A test by its name."""
    return next(test for test in version["test"] if test["id"] == name)
