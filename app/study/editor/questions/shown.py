"""What the pages of the question bank show: the bank by lesson, one page of it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from app.base.unit_of_work import session
from app.courses import queries as courses
from app.courses.queries import CourseRow, DraftRow
from app.questions import queries
from app.questions.queries import Held
from app.study.editor.views import english

PAGE = 20


@dataclass(frozen=True, slots=True)
class Pick:
    """A lesson, or the course as a whole, as a filter. `asked`: how many may be asked in it, its own or the
    course's; None where nothing is asked (an article)."""

    value: str
    name: str
    own: int
    asked: int | None


@dataclass(frozen=True, slots=True)
class Bank:
    """A course's bank as its page shows it."""

    total: int
    picks: tuple[Pick, ...]
    found: int
    page: int
    pages: int
    rows: tuple[Held, ...]
    lessons: dict[int, str]

    def about(self, lesson_id: int | None) -> str:
        """The lesson's name, or that of the whole."""
        return about(self.lessons, lesson_id)


def name_of(lesson: DraftRow) -> str:
    """A lesson's title in the page's language."""
    return lesson.title_en if english() else lesson.title


def lesson_names(course: CourseRow) -> dict[int, str]:
    """The lessons that questions may be about, in order."""
    return {row.id: name_of(row) for row in courses.drafts_of(session(), course.id)}


def about(lessons: dict[int, str], lesson_id: int | None) -> str:
    """What a question is about, in words."""
    if lesson_id is None:
        return str(_("The course as a whole"))
    return lessons[lesson_id] if lesson_id in lessons else str(_("A lesson that was withdrawn"))


def bank(course: CourseRow, wanted: str, lesson: str, page: int) -> Bank:
    """The questions that hold the wanted words, about a lesson (its number, "0" for the whole, "" for all)."""
    held = queries.bank(session(), course.id)
    drafts = courses.drafts_of(session(), course.id)
    order: dict[int | None, int] = {row.id: number for number, row in enumerate(drafts)}
    order[None] = -1
    found = [each for each in held if _matches(each, wanted.casefold().split()) and _about(each, lesson)]
    found.sort(key=lambda each: (order.get(each.lesson_id, len(order)), each.id))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(page, 1), pages)
    return Bank(
        total=len(held),
        picks=tuple(_picks(held, drafts)),
        found=len(found),
        page=page,
        pages=pages,
        rows=tuple(found[(page - 1) * PAGE : page * PAGE]),
        lessons={row.id: name_of(row) for row in drafts},
    )


def _picks(held: list[Held], drafts: list[DraftRow]) -> list[Pick]:
    own: dict[int | None, int] = {}
    for each in held:
        own[each.lesson_id] = own.get(each.lesson_id, 0) + 1
    whole = own.get(None, 0)
    lessons = [
        Pick(str(row.id), name_of(row), count := own.get(row.id, 0), (count or whole) if _asks(row) else None)
        for row in drafts
    ]
    return [Pick("0", _("The course as a whole"), whole, None), *lessons]


def _asks(lesson: DraftRow) -> bool:
    """Are questions put in such a lesson? Only where time runs by itself."""
    return lesson.kind in ("video", "audio")


def _about(each: Held, lesson: str) -> bool:
    return not lesson or lesson == str(each.lesson_id or 0)


def _matches(each: Held, parts: list[str]) -> bool:
    draft = each.draft
    text = "\n".join([draft.text, draft.explanation, *(option.text for option in draft.options)]).casefold()
    return all(part in text for part in parts)
