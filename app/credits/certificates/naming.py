"""The titles of courses, which evidence knows by their codes. Courses stand beside credits, so this is wired in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sqlalchemy.orm import Session

# (session, codes) → by code the title in Chinese and in English ("" for none)
TitlesOf = Callable[[Session, Collection[str]], Mapping[str, tuple[str, str]]]
_wired: list[TitlesOf] = []


def wire(titles_of: TitlesOf) -> None:
    """Say how titles of courses are found; the last one said holds."""
    _wired[:] = [titles_of]


def titles(session: Session, codes: Collection[str]) -> Mapping[str, tuple[str, str]]:
    """By code: the titles of the courses that are known; none while nothing is wired."""
    return _wired[0](session, codes) if _wired and codes else {}
