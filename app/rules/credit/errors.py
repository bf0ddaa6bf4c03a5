"""What is wrong with a rule set or a piece of evidence: all of it, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NOT_YET = "is part of the language but not supported yet"
SINGLE = ("ruleset", "period")


@dataclass(frozen=True, slots=True, order=True)
class RuleError:
    """One mistake: its line (from 1), the table, the row's id (or ""), what and what to do."""

    line: int
    table: str
    id: str
    message: str

    def __str__(self) -> str:
        if not self.table:
            return f"line {self.line}: {self.message}"
        head = f"[{self.table}]" if self.table in SINGLE else f"[[{self.table}]]"
        if self.message == NOT_YET:
            return f"line {self.line}: {head} {self.message}"
        name = f" {self.id!r}" if self.id else ""
        return f"line {self.line}: {head}{name}: {self.message}"


class RuleErrors(ValueError):
    """A rule set cannot be loaded. `errors` holds every mistake by line; `str` prints one a line."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        self.errors = sorted(set(errors))
        super().__init__("\n".join(map(str, self.errors)))


class EvidenceError(ValueError):
    """A piece of evidence cannot be read; the text names the piece, the field and what is allowed."""
