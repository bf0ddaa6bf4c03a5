"""A question before it is in a bank: what it holds, what may be wrong with it, what tells it from another."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field

SINGLE, MULTIPLE, TRUEFALSE = KINDS = ("single", "multiple", "truefalse")
MOST_TEXT, MOST_OPTION, MOST_EXPLANATION = 1000, 200, 2000
FEWEST_OPTIONS, MOST_OPTIONS = 2, 8
_HAN = re.compile(r"[\u3400-\u9fff]")
# Not str.split(): that also parts at control characters, which must stay to be seen and refused.
_SPACES = re.compile(r"[ \t\xa0\u2000-\u200a\u3000]+")
_BREAKS = re.compile(r"\r\n|\r|\n")
_MANY_BREAKS = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen."""

    text: str
    right: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A question. `kind` is one of KINDS; a true/false question holds its two words, the true one first."""

    kind: str
    text: str
    options: tuple[Option, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a code that the words for people hang on, at which field, and what stands in its holes."""

    code: str
    at: str = ""
    holes: dict[str, object] = field(default_factory=dict)


def tidy(text: str, *, lines: bool = False) -> str:
    """Without blanks around it and runs of them inside; without `lines`, on one line."""
    found = [_SPACES.sub(" ", line).strip(" ") for line in _BREAKS.split(text)]
    if lines:
        return _MANY_BREAKS.sub("\n\n", "\n".join(found)).strip("\n")
    return " ".join(filter(None, found))


def true_or_false(text: str, right: bool, explanation: str = "") -> Draft:
    """A statement that is true or false. Its two words are in the statement's own language."""
    words = ("对", "错") if _HAN.search(text) else ("True", "False")
    return Draft(TRUEFALSE, text, (Option(words[0], right), Option(words[1], not right)), explanation)


def tidied(draft: Draft) -> Draft:
    """The same question as a bank keeps it."""
    text, explanation = tidy(draft.text, lines=True), tidy(draft.explanation, lines=True)
    if draft.kind == TRUEFALSE and draft.options:
        return true_or_false(text, draft.options[0].right, explanation)
    return Draft(draft.kind, text, tuple(Option(tidy(each.text), each.right) for each in draft.options), explanation)


def faults(draft: Draft) -> list[Fault]:
    """Everything that keeps a tidied question from being asked; empty when nothing does."""
    found = []
    if not draft.text:
        found.append(Fault("no_text", "text"))
    for name, text, most in (("text", draft.text, MOST_TEXT), ("explanation", draft.explanation, MOST_EXPLANATION)):
        if len(text) > most:
            found.append(Fault(f"long_{name}", name, {"most": most, "has": len(text)}))
    return [*found, *_option_faults(draft)]


def _option_faults(draft: Draft) -> list[Fault]:
    texts = [each.text for each in draft.options]
    if not FEWEST_OPTIONS <= len(texts) <= MOST_OPTIONS:
        code = "few_options" if len(texts) < FEWEST_OPTIONS else "many_options"
        return [Fault(code, "options", {"least": FEWEST_OPTIONS, "most": MOST_OPTIONS, "has": len(texts)})]
    found = []
    for number, text in enumerate(texts, 1):
        if not text:
            found.append(Fault("empty_option", "options", {"number": number}))
        elif len(text) > MOST_OPTION:
            found.append(Fault("long_option", "options", {"number": number, "most": MOST_OPTION, "has": len(text)}))
        elif text in texts[: number - 1]:
            found.append(Fault("same_option", "options", {"number": number, "other": texts.index(text) + 1}))
    right = sum(each.right for each in draft.options)
    if right == 0:
        found.append(Fault("none_right", "right"))
    elif draft.kind != MULTIPLE and right > 1:
        found.append(Fault("several_right", "right", {"has": right}))
    return found


def digest(draft: Draft) -> str:
    """What a tidied question asks, as SHA-256: kind, text and options; not their order, not why they are right."""
    return _hash([draft.kind, _flat(draft.text), sorted([_flat(each.text), each.right] for each in draft.options)])


def wording(draft: Draft) -> str:
    """The question's words alone: another one with the same words and other answers contradicts it."""
    return _flat(draft.text)


def _flat(text: str) -> str:
    return tidy(text)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
