"""What a drill found: a row of docs/reliability.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kept`: whether the promise held; None: it could not be drilled here, and `figures` says why."""

    name: str
    promise: str
    figures: str
    kept: bool | None
