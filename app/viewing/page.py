"""What the pages of a lesson show, watched or read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class PlayerPage:
    """What the template shows; times in milliseconds."""

    title: str
    position: int
    kind: str
    course_code: str
    course_title: str
    length_ms: int
    counted: list[list[int]]
    pending: list[list[int]]
    resume_ms: int
    outline: list[dict[str, Any]]
    media_url: str = ""
    captions: list[dict[str, str]] = field(default_factory=list)
    rates: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def counted_ms(self) -> int:
        """Sum of the counted ranges."""
        return sum(end - start for start, end in self.counted)

    @property
    def pending_ms(self) -> int:
        """Sum of the pending ranges."""
        return sum(end - start for start, end in self.pending)

    @property
    def unseen_ms(self) -> int:
        """What is neither."""
        return max(0, self.length_ms - self.counted_ms - self.pending_ms)
