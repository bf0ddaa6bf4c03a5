"""The facts that a watched lesson's evidence carries, as they are at this moment."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from app.classes import queries as classes
from app.courses.queries import Material
from app.people import queries as people


def facts(session: Session, learner_id: int, material: Material, day: date) -> dict[str, object]:
    """What rules may ask of this lesson watched by this learner on this academy-local day.

    Codes as text; `length_ms` in milliseconds. `seen_ms` is added when it is known.
    """
    offer = classes.offer_of(session, learner_id, material.course.id, day)
    unit = people.unit_of(session, learner_id, day)
    group = classes.class_of(session, learner_id, day)
    return {
        "course": material.course.code,
        "lesson": material.lesson.id,
        "media_version": material.media_version.id,
        "title": material.lesson.title,
        "title_en": material.lesson.title_en,
        "length_ms": material.media_version.length_ms,
        "provider": material.provider_code,
        "category": material.course.category,
        "subject_bucket": material.course.subject_bucket,
        "requirement_class": offer.requirement_class if offer else "elective",
        "unit": unit.code if unit else "",
        "band": unit.band if unit else "",
        "class": group.code if group else "",
        "item": f"lesson:{material.lesson.id}",
        "edition": str(material.media_version.version),
    }
