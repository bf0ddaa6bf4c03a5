"""Which lesson a learner's page is about."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_login import current_user

from app.base import clock
from app.base.errors import Forbidden, NotFound
from app.base.unit_of_work import session, settings
from app.classes import queries as classes
from app.courses import queries as courses
from app.courses.queries import Material
from app.viewing import traces


def offered_material(lesson_id: int) -> Material:
    """The lesson, if it is offered to this learner; a colleague's course is not told apart from none."""
    material = courses.open_material(session(), lesson_id)
    if material is None:
        raise NotFound(_("This lesson does not exist or was withdrawn."))
    today = clock.local_day(clock.now(), settings().timezone)
    if classes.offer_of(session(), current_user.person_id, material.course.id, today) is None:
        raise Forbidden(_("This course is not offered to your class."))
    return material


def answerable_material(lesson_id: int) -> Material:
    """The version of a lesson that this learner opened last: what waits there can be answered for ever, also after a
    new version came or the lesson is offered no more. Who never opened it is told what anybody is."""
    version_id = traces.of_lesson(session(), current_user.person_id, lesson_id)
    material = courses.material_of_version(session(), version_id) if version_id is not None else None
    return material or offered_material(lesson_id)
