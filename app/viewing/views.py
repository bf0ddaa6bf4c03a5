"""The player page, and the opening of a viewing. (Beats do not come here: see beats.py.)"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from app.base import clock, labels, numbers
from app.base.access import guard
from app.base.errors import BadInput
from app.base.pages import is_english
from app.base.unit_of_work import session, settings
from app.courses import queries as courses
from app.courses.queries import LessonRow, Material
from app.viewing import notebook, presence, queries, reading, service
from app.viewing.offered import offered_material
from app.viewing.page import PlayerPage
from app.viewing.streaming import stream_of
from app.viewing.words import player_words

bp = Blueprint("viewing", __name__, template_folder="templates")
RATES = ("0.75", "1", "1.25", "1.5", "1.75", "2", "2.5", "3", "4")


@bp.get("/lessons/<int:lesson_id>")
@guard("study")
def lesson(lesson_id: int) -> str:
    """The player."""
    material = offered_material(lesson_id)
    page = _page(material)
    waiting = presence.waits(session(), settings(), current_user.person_id, material) if page.pending else []
    if material.lesson.kind in courses.READ:
        return reading.show(page, material, _credit(material), waiting)
    page.data["held"] = [
        {"range": list(pair), "reason": "network_away" if each.check == "away" else "presence_check"}
        for each in waiting
        for pair in each.ranges
    ]
    if not (page.media_url or page.data["stream"]["hls"]):
        return render_template("viewing/preparing.html", page=page)
    return render_template(
        "viewing/player.html", page=page, credit=_credit(material), checks=waiting, lesson_id=lesson_id,
        notes=notebook.notes_of(session(), current_user.person_id, lesson_id), most_text=notebook.MOST_TEXT,
    )  # fmt: skip


@bp.get("/lessons/<int:lesson_id>/credit")
@guard("study")
def credit(lesson_id: int) -> str:
    """What the learner has been credited for this lesson, as a piece of the player page."""
    return render_template("viewing/credit.html", credit=_credit(offered_material(lesson_id)))


@bp.post("/viewings")
@guard("study")
def open_viewing() -> ResponseReturnValue:
    """Open a lesson on this device. JSON in and out: docs/viewing-protocol.md."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        body = None
    wanted = body.get("lesson") if isinstance(body, dict) else None
    if type(wanted) is not int or not 0 < wanted < 2**63:
        raise BadInput(_('The body must be {"lesson": number}.'))
    opened = service.open_viewing(session(), settings(), current_user.person_id, wanted, current_user.session_id)
    return jsonify(
        lease=opened.lease,
        viewing=str(opened.viewing),
        media_version=opened.media_version,
        length_ms=opened.length_ms,
        coverage=opened.coverage,
        pending=opened.pending,
        resume_ms=opened.resume_ms,
        beat_seconds=settings().beat_seconds,
        max_rate=opened.rate_m / 1000,
        in_order=opened.in_order,
        credited=opened.credited,
    )


def _page(material: Material) -> PlayerPage:
    lesson_, version, course = material.lesson, material.media_version, material.course
    lessons, progress = queries.lessons_seen(session(), current_user.person_id, [course.id])
    rows = lessons[course.id]
    counted, pending = queries.receipt(session(), current_user.person_id, version.id)
    mine = progress.get(version.id)
    page = PlayerPage(
        title=_named(lesson_.title, lesson_.title_en),
        position=lesson_.position,
        kind=lesson_.kind,
        course_code=course.code,
        course_title=_named(course.title, course.title_en),
        length_ms=version.length_ms,
        counted=counted,
        pending=pending,
        resume_ms=mine.resume_ms if mine else 0,
        outline=[_outline(row, lesson_.id, progress) for row in rows],
    )
    if lesson_.kind not in courses.READ:
        _add_media(page, material)
    return page


def _add_media(page: PlayerPage, material: Material) -> None:
    stream = stream_of(material)
    page.media_url = stream["original"] or ""
    names = {"zh": "中文", "en": "English"}
    page.captions = [
        {
            "url": url_for("courses.caption", caption_id=each.id),
            "language": each.language,
            "label": names.get(each.language, each.language),
        }
        for each in material.captions
    ]
    most = material.course.max_rate_m
    page.rates = [rate for rate in RATES if float(rate) * 1000 <= most]
    page.data = {
        "lesson": material.lesson.id,
        "media_version": material.media_version.id,
        "length_ms": page.length_ms,
        "max_rate": most / 1000,
        "captions": page.captions,
        "notes_url": url_for("notes.add", lesson_id=material.lesson.id),
        "zone": str(settings().timezone),
        "now_ms": clock.now_ms(),
        "coverage": page.counted,
        "pending": page.pending,
        "resume_ms": page.resume_ms,
        "no_seek": material.course.in_order,
        "csrf": generate_csrf(),
        "credit_url": url_for("viewing.credit", lesson_id=material.lesson.id),
        "sign_in_url": url_for("people.sign_in", next=request.path),
        "words": player_words(),
        "stream": stream,
    }


def _outline(row: LessonRow, current: int, progress: dict[int, queries.Progress]) -> dict[str, Any]:
    mine = progress.get(row.media_version_id or 0)
    share = mine.counted_ms * 1000 // row.length_ms if mine and row.length_ms else 0
    kind = "now" if row.id == current else "done" if share >= 1000 else "todo"
    return {
        "kind": kind,
        "title": f"{row.position}. {_named(row.title, row.title_en)}",
        "url": url_for("viewing.lesson", lesson_id=row.id),
        "length": numbers.clock(row.length_ms or 0),
        "share": share if kind == "now" else 0,
    }


def _credit(material: Material) -> list[dict[str, Any]]:
    found = queries.credit_of(session(), current_user.person_id, material.media_version.id)
    return [
        {"seq": seq, "amount": amount, "bucket_label": labels.label("bucket", bucket)} for seq, bucket, amount in found
    ]


def _named(chinese: str, english: str) -> str:
    return english if is_english() and english else chinese
