"""Where in a TOML text each table, row, key and value stands, to the character.

`tomllib` gives values without places, and a rule set is changed by hand as well as in the form: so that
nothing else moves, the form's changes are cut into the text. Reads only what `tomllib` has accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

_BLANK = re.compile(r"(?:[ \t]|\r?\n|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LEAF = re.compile(r"[^\s,\]}#][^,\]}#\n]*")
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}" + r"|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'",
    re.S,
)
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[btnfr"\\])')
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


@dataclass(slots=True)
class Value:
    """A value as written, [start, end). `items` of a list, `keys` of an inline table: name → (key's start, value)."""

    start: int
    end: int
    items: list[Value] | None = None
    keys: dict[str, tuple[int, Value]] | None = None


@dataclass(slots=True)
class Statement:
    """`key = value` under a header: whole lines, [start, end), a comment behind it included."""

    start: int
    end: int
    value: Value


@dataclass(slots=True)
class Block:
    """A table written under a header, or by dotted keys (`prefix` is then what stands before its keys).

    [start, end) are the lines from its header (and the comment lines right above it) to its last statement.
    `body`: where its own first statement may stand. `whole`: nothing of another table lies between.
    """

    start: int
    end: int
    body: int
    header: bool
    prefix: str = ""
    entries: dict[str, Statement | Block | Rows] = field(default_factory=dict)
    whole: bool = True

    def statements(self) -> Iterator[Statement]:
        """Its own statements, and those of dotted keys, in no order."""
        for each in self.entries.values():
            if isinstance(each, Statement):
                yield each
            elif isinstance(each, Block) and not each.header:
                yield from each.statements()


@dataclass(slots=True)
class Rows:
    """The rows of `[[table]]`."""

    blocks: list[Block] = field(default_factory=list)


Part: TypeAlias = Block | Rows | Statement | Value


def read(text: str) -> Block:
    """The document. Only for a text that `tomllib.loads` has accepted."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.root = Block(0, 0, 0, header=True)
        self.here = self.root
        self.above: list[Block] = [self.root]  # whom a further statement makes longer

    def document(self) -> Block:
        while True:
            self._skip()
            if self.at >= len(self.text):
                return self.root
            if self.text[self.at] == "[":
                self._header()
            else:
                self._statement()

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _header(self) -> None:
        line = self._line_start(self.at)
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path = self._path()[0]
        end = self._line_end()
        start = self._comments_above(line)
        last, above, parent = self.here, [self.root], self.root
        for name in path[:-1]:
            parent = self._inside(parent, name, start, end)
            above.append(parent)
        known = parent.entries.get(path[-1])
        if many:
            rows = known if isinstance(known, Rows) else Rows()
            parent.entries[path[-1]] = rows
            self.here = Block(start, end, end, header=True)
            rows.blocks.append(self.here)
        else:
            # A table may be opened by a deeper header before its own.
            self.here = known if isinstance(known, Block) else Block(start, end, end, header=True)
            self.here.body = end
            parent.entries[path[-1]] = self.here
        self._reach(above, last, end)
        self.above = [*above, self.here]

    def _reach(self, above: list[Block], last: Block, end: int) -> None:
        """Tables that this one lies in reach as far; one that had ended before is no longer in one piece."""
        for each in above[1:]:
            if last is not each and each not in self.above:
                each.whole = False
            each.end = max(each.end, end)

    def _inside(self, parent: Block, name: str, start: int, end: int) -> Block:
        known = parent.entries.get(name)
        if isinstance(known, Rows):
            return known.blocks[-1]
        if isinstance(known, Block):
            return known
        made = Block(start, end, -1, header=True)
        parent.entries[name] = made
        return made

    def _statement(self) -> None:
        start = self._line_start(self.at)
        path, written = self._path()
        self.at += 1  # the equals sign
        self._spaces()
        value = self._value()
        end = self._line_end()
        parent, prefix = self.here, ""
        for name, raw in zip(path[:-1], written, strict=False):
            prefix += f"{raw}."
            known = parent.entries.get(name)
            if not isinstance(known, Block):
                known = Block(start, end, end, header=False, prefix=prefix)
                parent.entries[name] = known
            known.end = end
            parent = known
        parent.entries[path[-1]] = Statement(start, end, value)
        for each in self.above:
            each.end = max(each.end, end)

    def _path(self) -> tuple[list[str], list[str]]:
        """The parts of a dotted key, and how each is written; stops at `=` or `]`."""
        names, written = [], []
        while True:
            self._spaces()
            begin = self.at
            names.append(self._key())
            written.append(self.text[begin : self.at])
            self._spaces()
            if self.text[self.at] != ".":
                return names, written
            self.at += 1

    def _key(self) -> str:
        if self.text[self.at] in "\"'":
            return self._quoted()
        found = _BARE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found.group()

    def _quoted(self) -> str:
        found = _TEXT.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        raw = found.group()
        return raw[1:-1] if raw[0] == "'" else _ESCAPE.sub(_unescaped, raw[1:-1])

    def _value(self) -> Value:
        begin, first = self.at, self.text[self.at]
        if first == "[":
            return self._list(begin)
        if first == "{":
            return self._inline(begin)
        found = (_TEXT if first in "\"'" else _LEAF).match(self.text, self.at)
        assert found is not None
        self.at = begin + len(found.group().rstrip())
        return Value(begin, self.at)

    def _list(self, begin: int) -> Value:
        items: list[Value] = []
        self.at += 1
        while True:
            self._skip()
            if self.text[self.at] == "]":
                self.at += 1
                return Value(begin, self.at, items=items)
            if self.text[self.at] == ",":
                self.at += 1
            else:
                items.append(self._value())

    def _inline(self, begin: int) -> Value:
        top = Value(begin, begin, keys={})
        self.at += 1
        while True:
            self._skip()
            if self.text[self.at] == "}":
                self.at += 1
                top.end = self.at
                return top
            if self.text[self.at] == ",":
                self.at += 1
                continue
            place = self.at
            path = self._path()[0]
            self.at += 1
            self._spaces()
            value = self._value()
            assert top.keys is not None
            # A dotted key inside braces has no span of its own that could be replaced.
            top.keys[path[0]] = (place, value if len(path) == 1 else Value(-1, -1))

    def _spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def _line_start(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def _line_end(self) -> int:
        """Past the line's end: nothing but a comment may follow a header or a value."""
        found = self.text.find("\n", self.at)
        self.at = len(self.text) if found < 0 else found + 1
        return self.at

    def _comments_above(self, line: int) -> int:
        """The first of the comment lines that stand right above this line."""
        while line:
            before = self._line_start(line - 1)
            if not self.text[before:line].lstrip(" \t").startswith("#"):
                break
            line = before
        return line


def _unescaped(found: re.Match[str]) -> str:
    word = found.group(1)
    return chr(int(word[1:], 16)) if word[0] in "uU" else _ESCAPED[word]
