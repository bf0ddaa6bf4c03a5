"""From a GIFT file into a bank, in two steps: a plan that can be looked at, then all that is good of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import plain
from app.base.errors import BadInput
from app.questions import queries, service, words
from app.rules.questions import gift
from app.rules.questions.draft import Draft, digest, wording

MOST_BYTES, MOST_ITEMS = 512_000, 500


@dataclass(frozen=True, slots=True)
class Good:
    """A question that will be taken, for a lesson or (None) the course. `remarks` for its editor."""

    line: int
    title: str
    draft: Draft
    lesson_id: int | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What will not be taken, and why."""

    line: int
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything in a file, each in its list, in the file's order."""

    good: tuple[Good, ...]
    known: tuple[Left, ...]
    not_taken: tuple[Left, ...]
    wrong: tuple[Left, ...]


def decode(raw: bytes) -> str:
    """UTF-8 or GB18030 (or UTF-16 that says so) as text. `BadInput` when it is neither, empty or too large."""
    if len(raw) > MOST_BYTES:
        raise BadInput(
            _("A file of questions has at most %(most)s KB. Split it in two.", most=MOST_BYTES // 1000), "file"
        )
    text = plain.decoded(raw)
    if text is not None:
        return text
    raise BadInput(_("This is not a text file. GIFT is plain text, in UTF-8 or GB18030."), "file")


def plan(session: Session, course_id: int, text: str, lesson_of: Callable[[str], int | None]) -> Plan:
    """What an import would do. `lesson_of`: the lesson that a $CATEGORY is about, None for the course as a whole.

    `BadInput` when there is nothing in the text, or too much.
    """
    items = _items(text)
    held = queries.history(session, course_id)
    there = {each.digest: "" for each in held if not each.withdrawn}
    before = {each.digest for each in held if each.withdrawn}
    worded = {each.wording for each in held if not each.withdrawn}
    good, known, not_taken, wrong = list[Good](), list[Left](), list[Left](), list[Left]()
    for item in items:
        if isinstance(item, gift.NotTaken):
            not_taken.append(Left(item.line, item.title, words.not_asked(item.kind)))
        elif isinstance(item, gift.Wrong):
            wrong.append(Left(item.line, item.title, " ".join(words.fault(each) for each in item.faults)))
        elif unseen := words.unseen(item.draft):
            wrong.append(Left(item.line, item.title, unseen[1]))
        elif (name := digest(item.draft)) in there:
            known.append(Left(item.line, item.title, there[name] or _("in the bank already")))
        else:
            there[name] = _("the same as in line %(line)s", line=item.line)
            words_ = wording(item.draft)
            more = [*(["withdrawn"] if name in before else []), *(["contradicts"] if words_ in worded else [])]
            worded.add(words_)
            remarks = tuple(words.remark(code) for code in (*item.remarks, *more))
            good.append(Good(item.line, item.title, item.draft, lesson_of(item.category), remarks))
    return Plan(tuple(good), tuple(known), tuple(not_taken), tuple(wrong))


def _items(text: str) -> list[gift.Item]:
    items: list[gift.Item] = []
    for item in gift.parse(text):
        items.append(item)
        if len(items) > MOST_ITEMS:
            raise BadInput(_("A file has at most %(most)s questions. Split it in two.", most=MOST_ITEMS), "file")
    if not items:
        raise BadInput(_("There is no question in this file."), "file")
    return items


def apply(session: Session, course_id: int, good: Iterable[Good], *, actor_id: int | None, source: str) -> int:
    """Take all that is good, or nothing; how many. `Refused` when somebody else took one of them meanwhile."""
    drafts = [(each.draft, each.lesson_id) for each in good]
    return service.add_all(session, course_id, drafts, actor_id=actor_id, source=source)
