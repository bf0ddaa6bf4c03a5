"""Presence checks: what waits for an answer in a lesson, and the answers. JSON for players, a form without scripts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.base import numbers
from app.base.access import guard
from app.base.errors import BadInput
from app.base.unit_of_work import session, settings
from app.courses.queries import Material
from app.viewing import presence, queries
from app.viewing.offered import answerable_material
from app.viewing.presence import Outcome, Waits

bp = Blueprint("checks", __name__)
MOST_FLASHED = 400


@bp.get("/lessons/<int:lesson_id>/checks")
@guard("study")
def waiting(lesson_id: int) -> ResponseReturnValue:
    """What waits, as JSON or as a piece of the player page."""
    material = answerable_material(lesson_id)
    if _wants_json():
        return jsonify(**_state(material))
    return fragment(material)


def fragment(material: Material) -> str:
    """The waiting checks of a lesson as a piece of its page."""
    found = presence.waits(session(), settings(), current_user.person_id, material)
    return render_template("viewing/checks.html", checks=found, lesson_id=material.lesson.id)


@bp.post("/lessons/<int:lesson_id>/checks")
@guard("study")
def answer(lesson_id: int) -> ResponseReturnValue:
    """Take an answer: `check`, `question` (where one was shown) and `chosen`."""
    material = answerable_material(lesson_id)
    check, question, chosen, asked = _given()
    if question is None:  # a player that shows one question at a time need not repeat which
        shown = presence.waits(session(), settings(), current_user.person_id, material)
        now = next((each for each in shown if each.check == check), None)
        question = str(now.question.id) if now is not None and now.question is not None else ""
    found = presence.answer(session(), settings(), current_user.person_id, material, check, question, chosen, asked)
    if _wants_json():
        return jsonify(
            result=found.result, text=said(found), explanation=found.explanation, credited=found.credited,
            ranges=[list(piece) for piece in found.ranges], **_state(material),
        )  # fmt: skip
    text = " ".join(filter(None, (said(found), found.explanation)))
    # It travels in a cookie, which holds little.
    flash(
        text if len(text) <= MOST_FLASHED else f"{text[:MOST_FLASHED]}…",
        "notice" if found.result != "counted" else "done",
    )
    return redirect(url_for("viewing.lesson", lesson_id=lesson_id, _anchor="checks"))


def _given() -> tuple[str, str | None, list[str], str]:
    """(check, question or None, chosen, asked) of a form or of JSON; `BadInput` for anything else."""
    if not request.is_json:
        form = request.form
        return form.get("check", ""), form.get("question", ""), form.getlist("chosen"), form.get("asked", "")
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        body = None
    if isinstance(body, dict):
        check, question, chosen = body.get("check"), body.get("question"), body.get("chosen", [])
        asked = body.get("asked", "")
        fine = isinstance(check, str) and (question is None or isinstance(question, str)) and isinstance(chosen, list)
        fine = fine and isinstance(asked, str)
        if fine and len(chosen) <= 20 and all(isinstance(key, str) for key in chosen):
            return str(check), question, chosen, asked
    raise BadInput(_('The body must be {"check": text, "chosen": [text …]}.'))


def _wants_json() -> bool:
    return request.is_json or request.accept_mimetypes.best == "application/json"


def _state(material: Material) -> dict[str, Any]:
    counted, pending = queries.receipt(session(), current_user.person_id, material.media_version.id)
    found = presence.waits(session(), settings(), current_user.person_id, material)
    return {"checks": [_told(each) for each in found], "coverage": counted, "pending": pending}


def _told(waits: Waits) -> dict[str, Any]:
    question = waits.question
    return {
        "check": waits.check,
        "kind": "question" if question else "confirm",
        "ranges": [list(piece) for piece in waits.ranges],
        "attempt": waits.attempt,
        "asked": str(waits.asked),
        "question": question
        and {
            "id": str(question.id),
            "text": question.text,
            "kind": "multiple" if question.several else "single",
            "options": [{"key": choice.key, "text": choice.text} for choice in question.choices],
        },
    }


def said(found: Outcome) -> str:
    """What an answer did, in words."""
    length = numbers.clock(sum(end - start for start, end in found.ranges))
    if found.confirmed:
        return str(_("Confirmed: %(length)s now count.", length=length))
    words: dict[str, str] = {
        presence.RIGHT: _("Right: %(length)s now count.", length=length),
        presence.WRONG: _("Not right. Answer again; nothing is lost."),
        presence.LAPSED: _(
            "Three answers were not right. Watch this part (%(length)s) again, then answer again.", length=length
        ),
        presence.NOTHING: _("This was answered already, or has changed. Here is what waits now."),
    }
    return words[found.result]
