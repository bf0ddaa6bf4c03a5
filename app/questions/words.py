"""What is wrong with a question, or not kept of it, in words: what, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from app.base import plain
from app.rules.questions.draft import Draft, Fault

_FAULTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "no_text": lambda _h: _("Write the question."),
    "long_text": lambda h: _("A question has at most %(most)s characters; this one has %(has)s.", **h),
    "long_explanation": lambda h: _("An explanation has at most %(most)s characters; this one has %(has)s.", **h),
    "few_options": lambda h: _("At least %(least)s options are needed; here: %(has)s.", **h),
    "many_options": lambda h: _("At most %(most)s options can be shown; here: %(has)s.", **h),
    "empty_option": lambda h: _("Option %(number)s is empty. Write it, or take it out.", **h),
    "long_option": lambda h: _(
        "Option %(number)s has %(has)s characters; at most %(most)s fit on a phone. Shorten it.", **h
    ),
    "same_option": lambda h: _("Options %(other)s and %(number)s are the same. Change one.", **h),
    "none_right": lambda _h: _("No option is right. Mark the right one (in GIFT with =)."),
    "several_right": lambda h: _(
        "%(has)s options are right, and only one may be chosen. Let several be chosen (in GIFT with ~%%50%% for each "
        "of two), or leave one right.", **h
    ),
    "control": lambda h: _(
        "An invisible control character (%(sign)s) stands here. Delete it, or type the words around it anew.", **h
    ),
    "long_block": lambda h: _(
        "This block has more than %(most)s characters. Put an empty line between two questions.", **h
    ),
    "title": lambda _h: _("The title begins with :: and does not end. Put :: behind it."),
    "unclosed": lambda _h: _(
        "A { stands here without its }. Close it; inside a question there is no empty line. A brace that is text is "
        "written \\{."
    ),
    "unopened": lambda _h: _("A } stands here without a { before it. A brace that is text is written \\}."),
    "many_braces": lambda _h: _(
        "There is more than one pair of braces. Put an empty line between two questions; a brace that is text is "
        "written \\{ or \\}."
    ),
    "no_answers": lambda _h: _(
        "The braces hold no answers. Begin each with = (right) or ~ (wrong), or write T or F."
    ),
    "stray": lambda h: _("“%(text)s” stands before the first = or ~. Mark it with one of them.", **h),
}  # fmt: skip

_NOT_ASKED: dict[str, Callable[[], str]] = {
    "essay": lambda: _("an essay: nobody could say at once whether it is right"),
    "short": lambda: _("a short answer: a typed word is not compared"),
    "numerical": lambda: _("a number to be typed"),
    "matching": lambda: _("things to be matched"),
    "description": lambda: _("a text without a question"),
    "picture": lambda: _("it shows a picture or a film; only words are asked"),
}
_REMARKS: dict[str, Callable[[], str]] = {
    "feedback": lambda: _("The feedback to single answers is left out; one explanation is kept."),
    "half_right": lambda: _("An answer that was half right counts as wrong."),
    "withdrawn": lambda: _("It was in the bank before and was withdrawn."),
    "contradicts": lambda: _(
        "Another question has the same words and other answers. Look whether both are right."
    ),
}  # fmt: skip


def fault(found: Fault) -> str:
    """One fault as a sentence or two."""
    return _FAULTS[found.code](found.holes)


def not_asked(kind: str) -> str:
    """Why a kind of question is not taken, as part of a sentence."""
    return _NOT_ASKED[kind]()


def remark(code: str) -> str:
    """What an editor should know about a question that is taken."""
    return _REMARKS[code]()


def kinds() -> dict[str, str]:
    """The kinds of questions by code."""
    return {"single": _("One answer"), "multiple": _("Several answers"), "truefalse": _("True or false")}


def unseen(draft: Draft) -> tuple[str, str] | None:
    """(field, complaint) about an invisible character in a question; None when there is none."""
    for at, text, lines in (
        ("text", draft.text, True),
        ("explanation", draft.explanation, True),
        *(("options", each.text, False) for each in draft.options),
    ):
        if wrong := plain.complaint(text, lines=lines):
            return at, wrong
    return None
