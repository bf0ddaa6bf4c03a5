"""The reader: articles and documents page by page, each page a stretch of the reading time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.base import clock
from app.base.access import guard
from app.base.pages import is_english
from app.base.unit_of_work import session, settings
from app.courses.articles import article_pages
from app.courses.documents import pages_of
from app.courses.origin import picture_url
from app.courses.queries import READ, Material
from app.rules.viewing.pages import page_at, page_ranges
from app.viewing.offered import offered_material
from app.viewing.words import player_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.viewing.page import PlayerPage
    from app.viewing.presence import Waits

bp = Blueprint("reading", __name__, template_folder="templates")
TITLE = 40
HEAD = 4


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page as the reader shows it: clean HTML of an article, or a document's picture (its size in pixels)."""

    number: int
    title: str
    html: Markup | None = None
    picture: str = ""
    width: int = 0
    height: int = 0
    text: str = ""


def show(page: PlayerPage, material: Material, credit: list[dict[str, Any]], checks: Sequence[Waits]) -> str:
    """The reader's page: what `viewing.lesson` answers for lessons that are read."""
    leaves = leaves_of(material)
    ranges = page_ranges(len(leaves), page.length_ms)
    start = page_at(page.resume_ms, len(leaves), page.length_ms)
    page.data = {
        "lesson": material.lesson.id,
        "media_version": material.media_version.id,
        "zone": str(settings().timezone),
        "now_ms": clock.now_ms(),
        "length_ms": page.length_ms,
        "coverage": page.counted,
        "pending": page.pending,
        "held": [
            {"range": list(pair), "reason": "network_away" if each.check == "away" else "presence_check"}
            for each in checks
            for pair in each.ranges
        ],
        "ranges": ranges,
        "start": start,
        "csrf": generate_csrf(),
        "credit_url": url_for("viewing.credit", lesson_id=material.lesson.id),
        "sign_in_url": url_for("people.sign_in", next=request.path),
        "texts_url": url_for("reading.pages", lesson_id=material.lesson.id) if page.kind == "document" else "",
        "words": _words(),
    }
    return render_template(
        "viewing/reader.html",
        page=page,
        leaves=leaves,
        start=start,
        credit=credit,
        checks=checks,
        lesson_id=material.lesson.id,
        minutes=max(1, round(page.length_ms / 60_000)),
        states=[_state(one, page.counted) for one in ranges],
    )


@bp.get("/lessons/<int:lesson_id>/pages")
@guard("study")
def pages(lesson_id: int) -> ResponseReturnValue:
    """All pages under one another, to print or to read without scripts; as JSON, the texts on a document's pages."""
    material = offered_material(lesson_id)
    if material.lesson.kind not in READ:
        return redirect(url_for("viewing.lesson", lesson_id=lesson_id))  # it plays
    leaves = leaves_of(material)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(texts=[leaf.text for leaf in leaves])
    lesson = material.lesson
    title = lesson.title_en if is_english() and lesson.title_en else lesson.title
    return render_template(
        "viewing/pages.html", leaves=leaves, title=title, lesson_id=lesson_id, code=material.course.code
    )


def leaves_of(material: Material) -> list[Leaf]:
    """The pages of a lesson that is read, at least one."""
    version = material.media_version
    if version.article is not None:
        found = article_pages(version.article)
        return [
            Leaf(number, page.title or _("Page %(n)s", n=number), Markup(page.html))
            for number, page in enumerate(found, 1)
        ]
    found_pages = pages_of(session(), version.id)
    titles = _titles([page.text for page in found_pages])
    return [
        Leaf(
            number=number,
            title=titles[number - 1] or _("Page %(n)s", n=number),
            picture=picture_url(settings(), request.host, page.sha256),
            width=page.width,
            height=page.height,
            text=page.text,
        )
        for number, page in enumerate(found_pages, 1)
    ]


def _titles(texts: list[str]) -> list[str]:
    """The first line of every page that is not at the head of many: what runs along names no page."""
    lines = [[line.strip() for line in text.splitlines() if line.strip()] for text in texts]
    often = Counter(line for page in lines for line in set(page[:HEAD]))
    most = max(1, len(texts) // 4)
    return [_cut(next((line for line in page[:HEAD] if often[line] <= most), "")) for page in lines]


def _cut(line: str) -> str:
    """A line for a list, shortened where it is long."""
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"


def _state(page: tuple[int, int], counted: list[list[int]]) -> str:
    """done, begun or todo."""
    start, end = page
    ms = sum(max(0, min(end, high) - max(start, low)) for low, high in counted)
    return "done" if ms >= end - start else "begun" if ms else "todo"


def _words() -> dict[str, Any]:
    """What the reader's scripts say; what is not about reading, as the player says it."""
    words = player_words()
    return {
        **words,
        "saved": _("Recorded: {at}"),
        "cannot_open": _("The academy does not answer, so nothing could be counted. Try again."),
        "try_again": _("Try again"),
        "cannot_show": _("The picture of this page did not arrive. Reload the page, or read its text."),
        "at": _("Page {n} of {count}"),
        "page_time": _("This page: {done} of {length}"),
        "page_done": _("This page is read. Go on."),
        "all_done": _("All pages are read."),
        "begin": _("Time begins as soon as the academy answers."),
        "not_yet": _("This course is read in order. Time on this page counts once the pages before it are read."),
        "to_unread": _("To page {n}"),
        "states": {"done": _("read"), "begun": _("begun"), "todo": _("not read"), "pending": _("waits for an answer")},
        "zoom": _("{n} %"),
        "no_text": _("This page holds no text, only a picture."),
        "none_found": _("On no page."),
        "parts": {**words["parts"], "play": _("Read what is missing: {length}")},
        "reasons": {
            **words["reasons"],
            "faster_than_time": _("More was reported than time had passed. Stay on this page and it counts."),
            "too_many": _("Too many parts at once. Stay on this page and it counts."),
            "lease_ended": _("The viewing had already ended. Read this page again and it counts."),
            "closed": _("The viewing was already closed. Read this page again and it counts."),
        },
    }
