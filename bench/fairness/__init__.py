"""Evasion and honest trouble, played against the running academy: docs/bench.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def measure(kinds: Sequence[str], keep: Callable[[list[dict[str, Any]]], None]) -> list[str]:
    """All cases in their long form on each database; what missed its target, in words."""
    from bench.fairness import run

    def say(text: str) -> None:
        print(text, flush=True)

    return run.long_form(say, kinds, lambda rows: keep([row.entry() for row in rows]))
