"""Pages of what is read: which stretch of the reading time each is, and where a text is broken into them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# In half characters: a Chinese character is two, a Latin letter one. Fewer than the least is no page of its own;
# beyond the most, a page is broken between two blocks. About one to three minutes of reading.
LEAST, MOST = 500, 2200
MOST_PAGES = 60


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text that is never broken: its weight (half characters); does it head something; may a page
    begin here (`opens`: a first or second heading, a rule)?"""

    weight: int
    heads: bool = False
    opens: bool = False


def page_range(number: int, count: int, length_ms: int) -> tuple[int, int]:
    """The stretch [start, end) of the reading time that page `number` (from 1) of `count` is, in milliseconds.

    The pages lie one after another, without gap or overlap, and fill the whole reading time.
    """
    if not 1 <= number <= count:
        raise ValueError(f"page {number} of {count}")
    return (number - 1) * length_ms // count, number * length_ms // count


def page_ranges(count: int, length_ms: int) -> list[tuple[int, int]]:
    """Of all pages, in order."""
    return [page_range(number, count, length_ms) for number in range(1, count + 1)]


def page_at(at_ms: int, count: int, length_ms: int) -> int:
    """The page (from 1) that a moment of the reading time belongs to; beyond the end it is the last."""
    # The first page that ends after it: number · length // count > at ⇔ number · length ≥ (at + 1) · count.
    return min(count, max(1, -(-(max(0, at_ms) + 1) * count // length_ms)))


def weight(text: str) -> int:
    """How much a text is to read, in half characters; white space is nothing."""
    return sum(2 if letter >= "\u2e80" else 1 for letter in text if not letter.isspace())


def divide(blocks: Sequence[Block]) -> list[range]:
    """Break a text into pages: each is a range of blocks. At least one page, and at most `MOST_PAGES`.

    The same blocks always give the same pages: coverage is counted in them.
    """
    total = sum(block.weight for block in blocks)
    least = max(LEAST, -(-total // MOST_PAGES))
    most = max(MOST, 2 * least)
    starts, held = [0], 0
    for at, block in enumerate(blocks):
        full = block.opens or held + block.weight > most
        if held >= least and full:
            start = _with_its_heading(blocks, starts[-1], at, held - least)
            starts.append(start)
            held = sum(each.weight for each in blocks[start:at])
        held += block.weight
    if len(starts) > 1 and held < least:
        starts.pop()
    return [range(start, end) for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True)]


def _with_its_heading(blocks: Sequence[Block], start: int, at: int, spare: int) -> int:
    """Where the next page begins: a heading stays with what it heads, where the page can spare that much weight."""
    first = at
    while first > start + 1 and blocks[first - 1].heads:
        first -= 1
        spare -= blocks[first].weight
    return at if spare < 0 else first
