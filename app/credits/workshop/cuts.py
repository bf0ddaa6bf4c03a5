"""Single cuts into a TOML text: a value in its place, a key or an element more or less.

Each cut reads the text anew; whether the whole says what was meant is for `surgery` to check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, TypeAlias

from app.credits.workshop.spans import Block, Part, Rows, Statement, Value, read

Path: TypeAlias = tuple[str | int, ...]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_MARGIN = re.compile(r"[ \t]*")
# Every change reads the text anew; a value that differs in more places is written anew as a whole.
_MOST_CUTS = 30


class Unwritable(Exception):
    """This place cannot be changed without moving others; `line` (from 1) is where it stands."""

    def __init__(self, line: int = 0) -> None:
        super().__init__(f"line {line}")
        self.line = line


def written(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key_text(name)} = {written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types throughout: to Python `1` is `True`, to the rules it is not. In which order a
    table's keys are written means nothing."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)


def amended(text: str, path: Path, old: Any, new: Any) -> str:
    """Recursive: tables key by key, lists element by element, anything else in its place."""
    if same(old, new):
        return text
    part = part_at(text, path)
    if isinstance(part, Value) and part.start >= 0 and _cuts(old, new) > _MOST_CUTS:
        return text[: part.start] + written(new) + text[part.end :]
    if isinstance(old, dict) and isinstance(new, dict) and (isinstance(part, Block) or _has_keys(part)):
        gone = [key for key in old if key not in new]
        # Dotted keys are all that there is of their table: it would be gone with the last of them.
        late = isinstance(part, Block) and not part.header
        for key in [] if late else gone:
            text = _dropped(text, path, key)
        for key, value in new.items():
            text = amended(text, (*path, key), old[key], value) if key in old else _put(text, path, key, value)
        for key in gone if late else []:
            text = _dropped(text, path, key)
        return text
    if isinstance(old, list) and isinstance(new, list) and isinstance(part, Value) and part.items and new:
        return _list_amended(text, path, old, new)
    if not isinstance(part, Value) or part.start < 0:
        raise Unwritable(line_of(text, part))
    return text[: part.start] + written(new) + text[part.end :]


def _has_keys(part: Part) -> bool:
    """An inline table with keys: it is changed inside; an empty one is written anew."""
    return isinstance(part, Value) and bool(part.keys)


def _cuts(old: Any, new: Any) -> int:
    """In how many places two values differ, at most."""
    if isinstance(old, dict) and isinstance(new, dict):
        both = [key for key in old if key in new]
        return len(old) + len(new) - 2 * len(both) + sum(_cuts(old[key], new[key]) for key in both)
    if isinstance(old, list) and isinstance(new, list):
        return abs(len(old) - len(new)) + sum(map(_cuts, old, new))
    return 0 if same(old, new) else 1


def _list_amended(text: str, path: Path, old: list[Any], new: list[Any]) -> str:
    for place in range(len(old) - 1, len(new) - 1, -1):
        part = part_at(text, path)
        assert isinstance(part, Value)
        text = without_item(text, part, place)
    for place, (one, other) in enumerate(zip(old, new, strict=False)):
        text = amended(text, (*path, place), one, other)
    for value in new[len(old) :]:
        part = part_at(text, path)
        assert isinstance(part, Value)
        text = appended(text, part, written(value))
    return text


def _put(text: str, path: Path, key: str, value: Any) -> str:
    """One more key of a table that is there."""
    part = part_at(text, path)
    line = f"{key_text(key)} = {written(value)}"
    if isinstance(part, Value):
        if part.keys is None or part.start < 0:
            raise Unwritable(line_of(text, part))
        ends = [each.end for _place, each in part.keys.values()]
        if min(ends, default=0) < 0:
            raise Unwritable(line_of(text, part))
        place = max(ends, default=part.start + 1)
        return f"{text[:place]}{', ' if ends else ''}{line}{text[place:]}"
    if not isinstance(part, Block) or part.body < 0:
        raise Unwritable(line_of(text, part))
    place = _where_to_put(part)
    before = "" if not place or text[place - 1] == "\n" else "\n"
    margin = _MARGIN.match(text, min((s.start for s in part.statements()), default=place))
    assert margin is not None
    return f"{text[:place]}{before}{margin.group()}{part.prefix}{line}\n{text[place:]}"


def _where_to_put(block: Block) -> int:
    """After the block's own last statement; before the printed text, where that comes last."""
    own = sorted(block.statements(), key=lambda each: each.start)
    if not own:
        return block.body
    printed = block.entries.get("text")
    if isinstance(printed, Statement) and printed is own[-1] and len(own) > 1:
        return printed.start
    return own[-1].end


def _dropped(text: str, path: Path, key: str) -> str:
    part = part_at(text, path)
    if isinstance(part, Value):
        assert part.keys is not None
        names = list(part.keys)
        place = names.index(key)
        start, value = part.keys[key]
        if value.start < 0:
            raise Unwritable(line_of(text, part))
        if place:
            before = part.keys[names[place - 1]][1].end
            if before < 0:
                raise Unwritable(line_of(text, part))
            return text[:before] + text[value.end :]
        end = part.keys[names[1]][0] if len(names) > 1 else value.end
        return text[:start] + text[end:]
    assert isinstance(part, Block)
    found = part.entries[key]
    if isinstance(found, Statement):
        return text[: found.start] + text[found.end :]
    if not isinstance(found, Block) or found.header:
        raise Unwritable(line_of(text, found))
    for each in sorted(found.statements(), key=lambda s: s.start, reverse=True):
        text = text[: each.start] + text[each.end :]
    return text


def appended(text: str, part: Value, fresh: str) -> str:
    """One more element, on a line of its own where the last one has one."""
    if not part.items:
        return text[: part.start + 1] + fresh + text[part.start + 1 :]
    last = part.items[-1]
    line = text.rfind("\n", 0, last.start) + 1
    margin = text[line : last.start]
    between = f",\n{margin}" if line > part.start and not margin.strip() else ", "
    return text[: last.end] + between + fresh + text[last.end :]


def without_item(text: str, part: Value, index: int) -> str:
    """The text without this element of a list."""
    items = part.items or []
    if index:
        return text[: items[index - 1].end] + text[items[index].end :]
    return text[: items[0].start] + text[items[1].start if len(items) > 1 else items[0].end :]


def part_at(text: str, path: Path) -> Part:
    """What stands at a path; a statement is its value."""
    found: Part = read(text)
    for step in path:
        if isinstance(found, Block) and isinstance(step, str):
            found = found.entries[step]
        elif isinstance(found, Rows) and isinstance(step, int):
            found = found.blocks[step]
        elif isinstance(found, Value) and found.keys is not None and isinstance(step, str):
            found = found.keys[step][1]
        elif isinstance(found, Value) and found.items is not None and isinstance(step, int):
            found = found.items[step]
        else:
            raise Unwritable(line_of(text, found))
        if isinstance(found, Statement):
            found = found.value
    return found


def line_of(text: str, part: Part) -> int:
    """On which line (from 1) a part begins."""
    start = part.blocks[0].start if isinstance(part, Rows) else part.start
    return text.count("\n", 0, max(0, start)) + 1


def key_text(name: str) -> str:
    """A key as it is written: quoted where it must be."""
    return name if _BARE.fullmatch(name) else written(name)
