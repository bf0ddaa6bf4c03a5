"""What differs between two texts: clause by clause where both are TOML, and line by line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from app.credits import changes
from app.credits.changes import Change
from app.credits.workshop.document import judge

# Around what differs; the rest is folded.
NEAR = 2
# Comparing costs the product of the lines in the worst case; nobody's rules are so long.
MOST_LINES = 4000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the comparison: its numbers in both texts (0: not there), and what became of it."""

    before: int
    after: int
    text: str
    kind: Literal["same", "gone", "new", "gap"]


@dataclass(frozen=True, slots=True)
class Compared:
    """Clauses and header keys that differ (None: one of the texts is no TOML), and the lines. `lines` None: too
    many to compare."""

    changes: list[Change] | None
    header: list[tuple[str, str, str]]
    lines: list[Line] | None

    @property
    def equal(self) -> bool:
        """Not a sign differs."""
        return self.lines is not None and not self.lines


def compare(before: str, after: str) -> Compared:
    """Everything that the second text changes in the first."""
    before, after = before.removeprefix("\ufeff"), after.removeprefix("\ufeff")
    # `load` first: it refuses at once what `tomllib` alone would chew on for minutes.
    if judge(before).data is None or judge(after).data is None:
        return Compared(None, [], lines(before, after))
    return Compared(changes.changes(before, after), changes.header(before, after), lines(before, after))


def lines(before: str, after: str) -> list[Line] | None:
    """The lines that differ, with a few around them; none when the texts are equal."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MOST_LINES:
        return [] if before == after else None
    found: list[Line] = []
    for number, group in enumerate(SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(NEAR)):
        if number:
            found.append(Line(0, 0, "", "gap"))
        for word, i, j, k, m in group:
            if word == "equal":
                found += [Line(i + n + 1, k + n + 1, old[i + n], "same") for n in range(j - i)]
                continue
            found += [Line(place + 1, 0, old[place], "gone") for place in range(i, j)]
            found += [Line(0, place + 1, new[place], "new") for place in range(k, m)]
    return found
