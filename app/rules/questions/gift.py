"""GIFT, Moodle's text format for questions, read by its own rules; see docs/questions.md for what is taken.

Every block of the text becomes one item: a question, one that cannot be asked here, or an error. Whatever the text
holds, reading it ends soon and raises nothing. Control characters stand in for what was escaped: no text has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.rules.questions import markup
from app.rules.questions.draft import (
    MULTIPLE,
    SINGLE,
    Draft,
    Fault,
    Option,
    faults,
    tidied,
    tidy,
    true_or_false,
)

MOST_BLOCK = 20_000
MOST_TITLE = 80
BLANK = "____"
# What a presence check cannot ask: kinds without choice, and what shows more than words.
NOT_ASKED = ("essay", "short", "numerical", "matching", "description", "picture")

_ESCAPED = re.compile(r"\\([\\:#={}~n])")
_HELD = {"\\": "\x01", ":": "\x02", "#": "\x03", "=": "\x04", "{": "\x05", "}": "\x06", "~": "\x07", "n": "\x08"}
_FREED = {held: "\n" if each == "n" else each for each, held in _HELD.items()}
_ANY_HELD = re.compile("[\x01-\x08]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_AROUND = " \t\u3000\xa0\ufeff"
_CATEGORY = "$CATEGORY:"
_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_WEIGHT = re.compile(r"\s*%(-?\d{1,3}(?:\.\d{0,7})?)%")
_NEW_LINE = re.compile(r"[ \t]*\n\s*\Z")
_WORD = re.compile(r"\w")
_TRUTH = {"T": True, "TRUE": True, "F": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Taken:
    """A question that can be asked. `category`: the last part of the $CATEGORY line above it, "" without one.

    `remarks`: what of it is not kept (`feedback`, `half_right`).
    """

    line: int
    title: str
    draft: Draft
    category: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A good question of a kind that is not asked here: one of NOT_ASKED."""

    line: int
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """A block that cannot be read; `line` is the first one of the block, or the one that is wrong."""

    line: int
    title: str
    faults: tuple[Fault, ...]


Item = Taken | NotTaken | Wrong


@dataclass(frozen=True, slots=True)
class _Block:
    line: int
    text: str
    category: str


class _Unreadable(Exception):
    def __init__(self, code: str, line: int = 0, **holes: object) -> None:
        super().__init__(code)
        self.fault, self.line = Fault(code, "", holes), line


def parse(text: str) -> Iterator[Item]:
    """The items of a text in its order. Every line belongs to at most one; comments and empty lines to none."""
    for block in _blocks(text):
        yield _item(block)


def _blocks(text: str) -> Iterator[_Block]:
    """Runs of lines between empty ones. A line that opens a title begins anew where the question above is whole."""
    category, first, held, whole = "", 0, list[str](), False
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        line = line.strip(_AROUND)
        heading = line.startswith(_CATEGORY)
        if held and (not line or heading or (whole and line.startswith("::"))):
            yield _Block(first, "\n".join(held), category)
            held, whole = [], False
        if heading:
            category = _last_part(line.removeprefix(_CATEGORY))
        elif line:
            # A comment keeps its place, so that lines can be counted.
            first = first if held else number
            comment = line.startswith("//")
            if held or not comment:
                held.append("" if comment else line)
            whole = whole or (not comment and "}" in _ESCAPED.sub("", line))
    if held:
        yield _Block(first, "\n".join(held), category)


def _last_part(path: str) -> str:
    """The name after the last slash; a doubled slash is one of a name."""
    return tidy(path.replace("//", "\x01").rpartition("/")[2].replace("\x01", "/"))


def _free(text: str) -> str:
    """Escaped characters as what they stand for."""
    return _ANY_HELD.sub(lambda found: _FREED[found[0]], text)


def _item(block: _Block) -> Item:
    title = ""
    try:
        _check(block)
        held = _ESCAPED.sub(lambda found: _HELD[found[1]], block.text)
        title, held = _title(held)
        return _question(block, title, held)
    except _Unreadable as error:
        return Wrong(error.line or block.line, title or _opening(block.text), (error.fault,))


def _check(block: _Block) -> None:
    if len(block.text) > MOST_BLOCK:
        raise _Unreadable("long_block", most=MOST_BLOCK)
    if found := _CONTROL.search(block.text):
        line = block.line + block.text.count("\n", 0, found.start())
        raise _Unreadable("control", line, sign=f"U+{ord(found[0]):04X}")


def _title(held: str) -> tuple[str, str]:
    """The title and what follows it."""
    if not held.startswith("::"):
        return "", held
    title, colons, rest = held[2:].partition("::")
    if not colons:
        raise _Unreadable("title")
    return tidy(_free(title))[:MOST_TITLE], rest


def _opening(text: str) -> str:
    """What a block without a title is known by."""
    found = tidy(_CONTROL.sub("", text))
    return found if len(found) <= 40 else f"{found[:39]}…"


def _question(block: _Block, title: str, held: str) -> Item:
    before, answers, after = _parted(held)
    form, before = _format(before, "moodle")
    text, pictured = markup.plain(_free(before), form)
    title = title or _opening(text) or _opening(block.text)
    if answers is None:
        return NotTaken(block.line, title, "description")
    truth, body, general = _general(answers)
    if kind := _kind_not_asked(truth, body):
        return NotTaken(block.line, title, kind)
    behind, pictured_behind = markup.plain(_free(after), form)
    reader = _Answers(form)
    draft = reader.truth(truth, body) if truth is not None else reader.choice(body)
    whole = _filled_in(text, behind, blank=truth is None)
    explanation = reader.plain(general) or draft.explanation
    if pictured or pictured_behind or reader.pictured:
        return NotTaken(block.line, title, "picture")
    made = tidied(Draft(draft.kind, whole, draft.options, explanation))
    if wrong := faults(made):
        return Wrong(block.line, title, tuple(wrong))
    return Taken(block.line, title, made, block.category, reader.remarks(general))


def _filled_in(text: str, behind: str, *, blank: bool) -> str:
    """The text with a blank where its answers stood, if words or marks follow (a statement has none to fill in)."""
    if blank and behind.strip():
        return f"{_NEW_LINE.sub(' ', text)}{BLANK}{behind}"
    return f"{text} {behind}" if _WORD.search(behind) else text


def _parted(held: str) -> tuple[str, str | None, str]:
    """What stands before the braces, in them (None where there are none), behind them."""
    opened, closed = held.count("{"), held.count("}")
    if not opened and not closed:
        return held, None, ""
    if not closed:
        raise _Unreadable("unclosed")
    if not opened or held.index("}") < held.index("{"):
        raise _Unreadable("unopened")
    if opened > 1 or closed > 1:
        raise _Unreadable("many_braces")
    before, _brace, rest = held.partition("{")
    answers, _brace, after = rest.partition("}")
    return before, answers.strip(), after


def _format(text: str, default: str) -> tuple[str, str]:
    """The format that a text names at its beginning, and the text without it."""
    found = _FORMAT.match(text)
    return (found[1].lower(), text[found.end() :]) if found else (default, text)


def _general(answers: str) -> tuple[bool | None, str, str]:
    """(true or false, if the answer is one; what stands before the general feedback; that feedback)."""
    body, _marks, general = answers.rpartition("####") if "####" in answers else (answers, "", "")
    body = body.strip()
    return _TRUTH.get(body.partition("#")[0].strip().upper()), body, general


def _kind_not_asked(truth: bool | None, body: str) -> str:
    if not body:
        return "essay"
    if body.startswith("#"):
        return "numerical"
    if truth is not None or "~" in body:
        return ""
    if body.startswith("="):
        return "matching" if "->" in body else "short"
    raise _Unreadable("no_answers")


class _Answers:
    """The answers of one question; remembers what of them is not kept."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._lost: list[str] = []
        self._why: list[str] = []
        self.pictured = False

    def plain(self, text: str) -> str:
        """A text in the question's format, or in the one that it names."""
        form, text = _format(text, self._form)
        found, pictured = markup.plain(_free(text), form)
        self.pictured = self.pictured or pictured
        return found

    def remarks(self, general: str) -> tuple[str, ...]:
        """What is not kept; where there is general feedback, no other."""
        found = [*self._lost, *(["feedback"] if self._why and tidy(general) else [])]
        return tuple(dict.fromkeys(found))

    def truth(self, right: bool | None, body: str) -> Draft:
        """Feedback: for a wrong answer, then for a right one. The former says what is so."""
        wrongly, _mark, rightly = body.partition("#")[2].partition("#")
        why = [found for part in (wrongly, rightly) if (found := self.plain(part)).strip()]
        self._why = why[:1]
        if len(why) > 1:
            self._lost.append("feedback")
        return true_or_false("", bool(right), why[0] if why else "")

    def choice(self, body: str) -> Draft:
        """`=right ~wrong`, or `~%50%right ~%-100%wrong` where several are right together."""
        stray, *parts = re.split(r"(?=[=~])", body)
        if stray.strip():
            raise _Unreadable("stray", text=_opening(_free(stray)))
        # `~=` is what some programs write for `=`.
        parts = [part for part, after in zip(parts, [*parts[1:], ""], strict=True)
                 if not (part.strip() == "~" and after.startswith("="))]  # fmt: skip
        single = any(part.startswith("=") for part in parts)
        options = tuple(self._option(part, single=single) for part in parts)
        return Draft(SINGLE if single else MULTIPLE, "", options, "\n".join(dict.fromkeys(self._why)))

    def _option(self, part: str, *, single: bool) -> Option:
        text, _mark, feedback = part[1:].partition("#")
        weight = _WEIGHT.match(text)
        worth = float(weight[1]) if weight else 100.0 * part.startswith("=")
        right = worth >= 100 if single else worth > 0
        if worth > 0 and not right:
            self._lost.append("half_right")
        if why := tidy(self.plain(feedback), lines=True):
            (self._why if right else self._lost).append(why if right else "feedback")
        return Option(self.plain(text[weight.end() :] if weight else text), right)
