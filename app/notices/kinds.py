"""What each kind of message says. Who sends a kind registers its words, so that they stand beside what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.base import labels

Facts = Mapping[str, Any]
# A reason that somebody wrote stands in a message in full up to so many characters; its page has all of it.
BRIEF = 160


@dataclass(frozen=True, slots=True)
class Said:
    """A message in the reader's language: one sentence, and who or which desk it comes from. The picture beside it is
    an icon, or with `person` the first character of the source, which is then somebody's name."""

    text: str
    source: str
    icon: str = "bell"
    person: bool = False


Say = Callable[[Facts], Said]
_known: dict[str, Say] = {}


def kind(name: str) -> Callable[[Say], Say]:
    """Register `function(facts) -> Said` under a name that survives releases."""

    def register(function: Say) -> Say:
        _known[name] = function
        return function

    return register


def is_known(name: str) -> bool:
    """Is there anything to say for this kind?"""
    return name in _known


def names() -> list[str]:
    """Every kind that is registered."""
    return sorted(_known)


def say(name: str, facts: Facts) -> Said:
    """A message's words; of a kind that this release does not know, or knows with other facts, only that it came."""
    try:
        return _known[name](facts)
    except KeyError:
        return Said(str(_("Something has changed. The page says what.")), str(_("The academy")))


def brief(text: str) -> str:
    """What somebody wrote, on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= BRIEF else f"{line[: BRIEF - 1]}…"


def title(facts: Facts, name: str) -> str:
    """The title that facts carry in both languages (`name` and `name_en`), in the reader's."""
    return str((facts[f"{name}_en"] if labels.english() else "") or facts[name])
