"""Questions as GIFT text, so that another platform, or this one, can take them in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.rules.questions.draft import MULTIPLE, TRUEFALSE, Draft, tidy

_SPECIAL = re.compile(r"[\\:#={}~]")
# What would be read as the name of a format, or as a weight.
_MISTAKABLE = ("[", "%")


def write(groups: Iterable[tuple[str, Iterable[Draft]]]) -> str:
    """Tidied questions in groups of (category, questions); a category may be "". Reading it gives them again."""
    parts = []
    for category, drafts in groups:
        if name := tidy(category):
            parts.append(f"$CATEGORY: {name.replace('/', '//')}")
        parts += [_question(each) for each in drafts]
    return "\n\n".join(parts) + "\n" if parts else ""


def _question(draft: Draft) -> str:
    title = tidy(draft.text)
    # Always a title, and a format said: what begins the text can then not be mistaken.
    head = f"::{_escaped(title if len(title) <= 40 else title[:39] + '…')}::[plain]{_escaped(draft.text)}"
    why = f"####{_guarded(draft.explanation)}" if draft.explanation else ""
    if draft.kind == TRUEFALSE:
        return f"{head}{{{'TRUE' if draft.options[0].right else 'FALSE'}{why}}}"
    lines = [head + "{", *_options(draft), *([f"\t{why}"] if why else []), "}"]
    return "\n".join(lines)


def _options(draft: Draft) -> Iterable[str]:
    right = sum(each.right for each in draft.options)
    for each in draft.options:
        if draft.kind == MULTIPLE:
            mark = f"~%{100 / right:.5f}%" if each.right else "~%-100%"
            mark = mark.replace(".00000%", "%")
        else:
            mark = "=" if each.right else "~"
        yield f"\t{mark}{_guarded(each.text)}"


def _guarded(text: str) -> str:
    return f"[plain]{_escaped(text)}" if text.startswith(_MISTAKABLE) else _escaped(text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\n", "\\n")
