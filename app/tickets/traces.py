"""The trace behind a credit: what of a lesson was watched when, for its learner and for staff whose scope reaches
them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.base import audit, clock
from app.base.access import guard, scope, signed_in
from app.base.errors import NotFound
from app.base.labels import full_time
from app.base.unit_of_work import database, session, settings
from app.courses import queries as courses
from app.courses.queries import Material
from app.credits import queries as credits
from app.people.queries import PersonRow
from app.tickets import attachment, telling
from app.viewing import queries as viewing

bp = Blueprint("traces", __name__, template_folder="templates")


@bp.get("/traces/<int:media_version_id>")
@signed_in
def own(media_version_id: int) -> str:
    """One's own viewings of a lesson as it was then; `mark` in the address is the coverage that gave the credit."""
    return _page(current_user.person_id, media_version_id, None)


@bp.get("/statement/<person_key>/traces/<int:media_version_id>")
@guard("statement.see")
def learner(person_key: str, media_version_id: int) -> str:
    """The same of somebody in scope; looking is audited."""
    today = clock.local_day(clock.now(), settings().timezone)
    person = credits.learner_in_scope(scope("statement.see"), session(), person_key, today)
    if person is None:
        raise NotFound(_("There is no such person among those you may see."))
    with database().writing() as writing:
        audit.record(
            writing, current_user.person_id, "trace.see", f"person:{person.key}", media_version=media_version_id
        )
    return _page(person.id, media_version_id, person)


def _page(person_id: int, media_version_id: int, staff_of: PersonRow | None) -> str:
    material = courses.material_of_version(session(), media_version_id)
    marks = viewing.recorded_marks(session(), person_id, media_version_id) if material is not None else {}
    if material is None or not (marks or viewing.progress(session(), person_id, [media_version_id])):
        raise NotFound(_("No viewing of this lesson is recorded."))
    frozen = attachment.freeze(session(), person_id, material, settings().beat_seconds)
    chosen = request.args.get("mark", "")
    mark = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 12 else 0
    return render_template(
        "tickets/trace.html",
        material=material,
        page=telling.page_of(attachment.story(frozen)),
        crossed=[(ms, marks[ms], ms == mark) for ms in sorted(marks)],
        person=staff_of,
        full_time=full_time,
        **_links(material, staff_of),
    )


def _links(material: Material, staff_of: PersonRow | None) -> dict[str, Any]:
    if staff_of is not None:
        return {"back_url": url_for("credits.statement_for", person_key=staff_of.key), "staff": True}
    return {"back_url": url_for("credits.statement"), "staff": False, "lesson_id": material.lesson.id}
