"""Finding pages of help: every word must occur; a run of Chinese without spaces may also occur in pieces of two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.front.help_pages import HelpPage

_HAN = re.compile(r"[\u3400-\u9fff]+")
AROUND = 36  # characters on each side of what was found
# What makes a question of it and stands in every other page as well.
_ASKING = re.compile(r"怎么办|怎么样|为什么|怎么|怎样|如何|[?？!！。，、]")
ENOUGH = 0.6  # so many of the pieces of two must be there


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that fits, and the words around what was found: before, the find itself, after."""

    page: HelpPage
    before: str
    found: str
    after: str


def find(asked: str, pages: Sequence[HelpPage]) -> list[Hit]:
    """The pages that fit, the best first: a find in the title goes before one in the text."""
    words = _plain(_ASKING.sub(" ", asked)).split() or _plain(asked).split()
    scored = [(_score(words, page), at) for at, page in enumerate(pages)]
    best = sorted((each for each in scored if each[0] > 0), key=lambda each: (-each[0], each[1]))
    return [_hit(words, pages[at]) for _points, at in best]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _pairs(word: str) -> list[str]:
    """The pieces of two of all its Chinese; none for a word without any, or of two characters."""
    return [run[at : at + 2] for run in _HAN.findall(word) if len(word) > 2 for at in range(len(run) - 1)]


def _score(words: Sequence[str], page: HelpPage) -> float:
    title, text = _plain(page.title), _plain(page.text)
    points = 0.0
    for word in words:
        if word in title:
            points += 3
        elif word in text:
            points += 1
        else:
            pairs = _pairs(word)
            share = sum(pair in title or pair in text for pair in pairs) / len(pairs) if pairs else 0
            if share < ENOUGH:
                return 0
            points += share / 2 + 2 * sum(pair in title for pair in pairs) / len(pairs)
    return points


def _hit(words: Sequence[str], page: HelpPage) -> Hit:
    """Normalising may change lengths, so the excerpt is cut from the normalised text only where they agree."""
    text, plain = page.text, _plain(page.text)
    if len(plain) == len(text):
        for wanted in (*words, *(pair for word in words for pair in _pairs(word))):
            at = plain.find(wanted)
            if at >= 0:
                start, end = max(0, at - AROUND), at + len(wanted)
                cut = ("…" if start else "", "…" if end + AROUND < len(text) else "")
                return Hit(page, cut[0] + text[start:at], text[at:end], text[end : end + AROUND] + cut[1])
    return Hit(page, page.lead, "", "")
