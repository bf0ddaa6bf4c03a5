"""Finding words in Chinese and English: as written, in pinyin (whole, begun, or by initials), and what comes close.

What is reckoned about a text is kept by the text itself: it cannot be out of date, and no page reckons it again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUNS = re.compile(f"[{_HAN}]+|[^{_HAN}]+")
_HAN_RUN = re.compile(f"[{_HAN}]")
_LETTERS = re.compile(r"[a-z]+")
_CHUNKS = re.compile(r"[a-z0-9]+")
# What a question is asked with: it says nothing of what is looked for.
_IDLE = re.compile("为什么|怎么样|怎么|怎样|如何|什么|哪些|[的了吗呢]")
_BETWEEN = re.compile(r"[\s,;、。]+")
_TWO_LETTERS = ("zh", "ch", "sh")
MOST_TERMS = 8
MOST_LETTERS = 60
CLOSE = 500  # thousandths: half of what was asked for


@dataclass(frozen=True, slots=True)
class Said:
    """What is searched: all of it as plain text, and the syllables of what may be asked for in pinyin."""

    text: str
    spoken: tuple[tuple[str, ...], ...]


def plain(text: str) -> str:
    """Without the differences that nobody means: width, case, compatibility forms."""
    return unicodedata.normalize("NFKC", text).casefold()


def terms(asked: str) -> tuple[str, ...]:
    """The words of a search, plain; at most eight."""
    found = [each[:MOST_LETTERS] for each in _BETWEEN.split(plain(asked)) if each]
    return tuple(dict.fromkeys(found))[:MOST_TERMS]


@lru_cache(maxsize=1 << 14)
def syllables(text: str) -> tuple[str, ...]:
    """A text as it is spelt: a syllable for each Chinese character (ü is v), Latin words and numbers as they are."""
    return tuple(part for each in lazy_pinyin(plain(text)) for part in _CHUNKS.findall(each))


@lru_cache(maxsize=1 << 12)
def said(spoken: tuple[str, ...], written: tuple[str, ...]) -> Said:
    """What is searched. `spoken` is found in pinyin too: titles and names, no long texts, in which initials fit
    anything."""
    return Said(plain("\n".join(spoken + written)), tuple(syllables(each) for each in spoken if each))


def fits(term: str, what: Said) -> bool:
    """Is a word of the search there: as written, in pinyin, or one part so and the other so (`AED怎么用`)?"""
    if term in what.text:
        return True
    if _LETTERS.fullmatch(spelt := term.replace("ü", "v").replace("'", "")):
        return len(spelt) > 1 and any(_sounds(spelt, each) for each in what.spoken)
    runs = _RUNS.findall(term)
    return len(runs) > 1 and all(fits(run, what) for run in runs)


def _sounds(spelt: str, heard: Sequence[str]) -> bool:
    """Do letters spell syllables that follow each other: each whole or by its initial, the last one also begun?"""
    return any(syllable[0] == spelt[0] and _follows(spelt, heard[at:]) for at, syllable in enumerate(heard))


def _follows(spelt: str, heard: Sequence[str]) -> bool:
    places = {0}  # how many letters the syllables so far may have taken
    for syllable in heard:
        after = set()
        for place in places:
            rest = spelt[place:]
            if syllable.startswith(rest):
                return True
            if rest.startswith(syllable):
                after.add(place + len(syllable))
            if rest[0] == syllable[0]:
                after.add(place + 1)
            if syllable.startswith(_TWO_LETTERS) and rest.startswith(syllable[:2]):
                after.add(place + 2)
        if not after:
            return False
        places = after
    return False


def closeness(asked: Sequence[str], what: Said) -> int:
    """How much of a search is there, in thousandths: the share of its pairs of neighbouring Chinese characters.

    0 below a half, and where a word without Chinese is not there at all.
    """
    rest = [run for term in asked for run in _RUNS.findall(_IDLE.sub(" ", term))]
    words = [word for run in rest if not _HAN_RUN.match(run) for word in run.split()]
    if not all(fits(word, what) for word in words):
        return 0
    pairs = [run[at : at + 2] for run in rest if _HAN_RUN.match(run) for at in range(len(run) - 1)]
    if not pairs:
        return CLOSE if words else 0
    share = sum(pair in what.text for pair in pairs) * 1000 // len(pairs)
    return share if share >= CLOSE else 0
