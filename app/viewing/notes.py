"""Notes at places of a lesson: forms for everybody, JSON for the player's script. Always the learner's own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.base import numbers
from app.base.access import guard
from app.base.errors import BadInput, Refused
from app.base.unit_of_work import session
from app.courses import queries as courses
from app.viewing import notebook
from app.viewing.models import Note
from app.viewing.offered import offered_material

bp = Blueprint("notes", __name__, template_folder="templates")


@bp.get("/lessons/<int:lesson_id>/notes")
@guard("study")
def listing(lesson_id: int) -> ResponseReturnValue:
    """The learner's notes of a lesson as JSON."""
    offered_material(lesson_id)
    found = notebook.notes_of(session(), current_user.person_id, lesson_id)
    return jsonify(notes=[_shown(note) for note in found])


@bp.post("/lessons/<int:lesson_id>/notes")
@guard("study")
def add(lesson_id: int) -> ResponseReturnValue:
    """Keep a note. Form: `text`, `at` (12:34). JSON: `text`, `at_ms`."""
    length_ms = offered_material(lesson_id).media_version.length_ms
    try:
        text, at_ms = _given(length_ms, None)
        note = notebook.add(session(), current_user.person_id, lesson_id, at_ms or 0, text)
    except Refused as error:
        return _again(error, lesson_id, None)
    return _done(lesson_id, _shown(note), _("The note is saved."))


@bp.get("/notes/<int:note_id>")
@guard("study")
def note(note_id: int) -> str:
    """One note, to be changed: for browsers without scripts."""
    found = notebook.note_of(session(), current_user.person_id, note_id)
    return _form(found.lesson_id, found, found.text, numbers.clock(found.at_ms))


@bp.post("/notes/<int:note_id>")
@guard("study")
def change(note_id: int) -> ResponseReturnValue:
    """Other words, another place. Fields as for a new one; without a time it stays where it is."""
    found = notebook.note_of(session(), current_user.person_id, note_id)
    material = courses.open_material(session(), found.lesson_id)
    try:
        text, at_ms = _given(material.media_version.length_ms if material else None, found)
        changed = notebook.change(session(), current_user.person_id, note_id, at_ms, text)
    except Refused as error:
        return _again(error, found.lesson_id, found)
    return _done(found.lesson_id, _shown(changed), _("The note is changed."))


@bp.post("/notes/<int:note_id>/delete")
@guard("study")
def remove(note_id: int) -> ResponseReturnValue:
    """Delete a note."""
    lesson_id = notebook.remove(session(), current_user.person_id, note_id)
    session().flush()
    return _done(lesson_id, None, _("The note is deleted."))


def _given(length_ms: int | None, known: Note | None) -> tuple[str, int | None]:
    """Text and place of the request, whichever way it came; no place is the one that is known."""
    if not request.is_json:
        at = request.form.get("at", "").strip()
        # A clock of whole seconds must not move what it does not mean to move.
        same = known is not None and at in ("", numbers.clock(known.at_ms))
        return request.form.get("text", ""), None if same else notebook.read_time(at or "0", length_ms)
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        body = None
    text, at_ms = (body.get("text"), body.get("at_ms")) if isinstance(body, dict) else (None, None)
    if not isinstance(text, str) or not (type(at_ms) is int or (at_ms is None and known is not None)):
        raise BadInput(_('The body must be {"text": "…", "at_ms": number}.'))
    return text, None if at_ms is None else notebook.inside(at_ms, length_ms)


def _shown(note: Note) -> dict[str, Any]:
    # The number is larger than a browser's whole numbers: as text.
    return {"id": str(note.id), "at_ms": note.at_ms, "text": note.text}


def _done(lesson_id: int, shown: dict[str, Any] | None, said: str) -> ResponseReturnValue:
    if not request.is_json:
        flash(said, "done")
        return redirect(url_for("viewing.lesson", lesson_id=lesson_id) + "#notes", 303)
    notes = notebook.notes_of(session(), current_user.person_id, lesson_id)
    return jsonify(note=shown, count=len(notes), html=render_template("viewing/notes.html", notes=notes))


def _again(error: Refused, lesson_id: int, known: Note | None) -> ResponseReturnValue:
    """Nothing is lost: the form stands there with what was typed, and says what is wrong."""
    if request.is_json:
        raise error
    page = _form(lesson_id, known, request.form.get("text", ""), request.form.get("at", ""), error)
    return page, error.status


def _form(lesson_id: int, known: Note | None, text: str, at: str, error: Refused | None = None) -> str:
    return render_template(
        "viewing/note.html", lesson_id=lesson_id, note=known, text=text, at=at, error=error,
        most=notebook.MOST_TEXT,
    )  # fmt: skip
