"""Which line of a TOML text holds which row and key: `tomllib` does not say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*'
    r'|[\[\]{}=,\n]|[^\s"\'#\[\]{}=,]+',
    re.S,
)


@dataclass(slots=True)
class Lines:
    """Line numbers from 1, by (table, row) and (table, row, key); a single table is row 0."""

    rows: dict[tuple[str, int], int] = field(default_factory=dict)
    keys: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def of(self, table: str, row: int, key: str | None = None) -> int:
        """The key's line, else its row's, else 1."""
        line = self.rows.get((table, row), 1)
        return line if key is None else self.keys.get((table, row, key), line)


def scan(text: str) -> Lines:
    """The lines of every row and key of a text that `tomllib` has accepted."""
    return _Scanner(text).lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines = Lines()
        self._count: dict[str, int] = {}
        self._table, self._row = "", 0
        self._name = ""  # the key in whose value we are
        self._open: list[str] = []
        line, last, fresh, tokens = 1, 0, True, list(_TOKEN.finditer(text))
        skip = False  # inside a header, up to the end of its line
        for place, found in enumerate(tokens):
            line += text.count("\n", last, found.start())
            last, token = found.start(), found.group()
            if token == "\n":
                if not self._open:
                    fresh, skip = True, False
            elif skip or token.startswith("#"):
                continue
            elif fresh and token == "[":
                self._header([t.group() for t in tokens[place + 1 : place + 3]], line)
                fresh, skip = False, True
            elif fresh:
                self._name = token.strip("\"'").split(".")[0]
                self.lines.keys[self._table, self._row, self._name] = line
                fresh = False
            else:
                following = tokens[place + 1].group() if place + 1 < len(tokens) else ""
                self._inside(token, following, line)

    def _header(self, following: list[str], line: int) -> None:
        many = following[0] == "["
        name, _, sub = following[-1 if many else 0].strip("\"'").partition(".")
        if sub:  # [convert.steps]: a key of the row above it, whose own keys do not matter
            row = max(0, self._count.get(name, 1) - 1)
            self.lines.keys.setdefault((name, row, sub.split(".")[0]), line)
            self._table, self._row = f"{name}.{sub}", row
            return
        self._table, self._row = name, self._add(name, line) if many else 0
        self.lines.rows.setdefault((name, self._row), line)

    def _add(self, name: str, line: int) -> int:
        row = self._count.get(name, 0)
        self._count[name] = row + 1
        self.lines.rows[name, row] = line
        return row

    def _inside(self, token: str, following: str, line: int) -> None:
        """A token of a value; rows may be written as a list of tables before any header."""
        if token in "[{":
            if not self._table and token == "{" and len(self._open) < 2:
                self._row = self._add(self._name, line)
            self._open.append(token)
        elif token in "]}":
            self._open.pop()
            if not self._open and not self._table:
                self._row = 0
        elif following == "=" and not self._table and len(self._open) <= 2 and self._open:
            self.lines.keys[self._name, self._row, token.strip("\"'")] = line
