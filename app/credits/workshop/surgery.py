"""Changes cut into a TOML text: what is not meant stays as it was written, comments and order included.

Every change is checked: what the new text says must be what the old one said with that change. A change that
cannot be cut in (a value spread over tables of its own) is refused, never half done.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from app.credits.workshop.cuts import (
    Path,
    Unwritable,
    amended,
    appended,
    key_text,
    line_of,
    part_at,
    same,
    without_item,
    written,
)
from app.credits.workshop.spans import Block, Part, Rows, Statement, Value, read

__all__ = [
    "Path",
    "Unwritable",
    "add_row",
    "add_table",
    "copy_row",
    "move_row",
    "remove_row",
    "rewrite",
    "same",
    "written",
]


def rewrite(text: str, path: Path, value: Any) -> str:
    """The text with `value` at this path, which must exist; only what differs is touched."""
    data = tomllib.loads(text)
    wanted = deepcopy(data)
    place: Any = wanted
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    changed = amended(text, path, _at(data, path), value)
    return _checked(changed, wanted)


def add_table(text: str, name: str) -> str:
    """The text with an empty `[name]` at its end."""
    return _checked(f"{_ended(text)}\n[{name}]\n", {**tomllib.loads(text), name: {}})


def add_row(text: str, table: str, row: Mapping[str, Any], before: Sequence[str] = ()) -> str:
    """The text with one more row, after the last of its table; the first one after the last row of `before`."""
    data = tomllib.loads(text)
    wanted = {**data, table: [*data.get(table, []), dict(row)]}
    root = read(text)
    known = root.entries.get(table)
    if isinstance(known, Statement):
        return _checked(appended(text, known.value, written(row)), wanted)
    block = f"[[{table}]]\n" + "".join(f"{key_text(name)} = {written(value)}\n" for name, value in row.items())
    if isinstance(known, Rows):
        place = known.blocks[-1].end
    else:
        place = max((_end_of(root.entries[name]) for name in before if name in root.entries), default=len(text))
        place = max(place, _own_end(root))
    return _checked(_block_in(text, place, block), wanted)


def remove_row(text: str, table: str, index: int) -> str:
    """The text without this row and the comments inside and right above it."""
    wanted = tomllib.loads(text)
    del wanted[table][index]
    part = part_at(text, (table,))
    if isinstance(part, Value):
        return _checked(without_item(text, part, index), wanted)
    block = _row(text, part, index)
    end = block.end
    while text[end : end + 1] == "\n" and text[max(0, block.start - 2) : block.start] in ("\n\n", "\n", ""):
        end += 1
    if not wanted[table]:
        del wanted[table]
    return _checked(text[: block.start] + text[end:], wanted)


def move_row(text: str, table: str, index: int, by: int) -> str:
    """The text with this row in the place of its neighbour (`by` -1: the one before, 1: the one after)."""
    wanted = tomllib.loads(text)
    rows = wanted[table]
    low, high = sorted((index, index + by))
    if low < 0 or high >= len(rows):
        raise Unwritable
    rows[low], rows[high] = rows[high], rows[low]
    part = part_at(text, (table,))
    one: Value | Block
    other: Value | Block
    if isinstance(part, Value):
        assert part.items is not None
        one, other = part.items[low], part.items[high]
    else:
        one, other = _row(text, part, low), _row(text, part, high)
    first, second = text[one.start : one.end], text[other.start : other.end]
    if isinstance(one, Block):
        first, second = _ended(first), _ended(second)
    swapped = text[: one.start] + second + text[one.end : other.start] + first + text[other.end :]
    return _checked(swapped, wanted)


def copy_row(text: str, table: str, index: int, new_id: str) -> str:
    """The text with a copy of this row after it, under another id."""
    wanted = tomllib.loads(text)
    row = wanted[table][index]
    wanted[table].insert(index + 1, {**row, "id": new_id})
    part = part_at(text, (table,))
    if isinstance(part, Value):
        assert part.items is not None
        item = part.items[index]
        fresh = rewrite(f"row = {text[item.start : item.end]}", ("row",), {**row, "id": new_id}).partition("= ")[2]
        return _checked(text[: item.end] + f", {fresh}" + text[item.end :], wanted)
    block = _row(text, part, index)
    fresh = _ended(text[block.start : block.end])
    fresh = rewrite(fresh, (table, 0), {**row, "id": new_id})
    return _checked(_block_in(text, block.end, fresh), wanted)


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _row(text: str, part: Part, index: int) -> Block:
    if not isinstance(part, Rows):
        raise Unwritable(line_of(text, part))
    block = part.blocks[index]
    if not block.whole:
        raise Unwritable(line_of(text, block))
    return block


def _end_of(part: Part) -> int:
    return part.blocks[-1].end if isinstance(part, Rows) else part.end


def _own_end(root: Block) -> int:
    """Past the statements that stand before any header: a header may not come before them."""
    return max((each.end for each in root.statements()), default=0)


def _block_in(text: str, place: int, block: str) -> str:
    """A block of lines put in, with an empty line before and after it."""
    before, after = _ended(text[:place]), text[place:]
    gap = "" if not before or before.endswith("\n\n") else "\n"
    return before + gap + block + ("\n" if after.strip("\n") and not after.startswith("\n") else "") + after


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _checked(text: str, wanted: Any) -> str:
    try:
        found = tomllib.loads(text)
    except ValueError as error:
        raise Unwritable from error
    if not same(found, wanted):
        raise Unwritable
    return text
