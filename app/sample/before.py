"""The history of the first learners, whom tests and guides know: hours from an earlier platform, lessons watched."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.base import clock
from app.courses import queries as course_queries
from app.credits import service as credits
from app.viewing import history
from app.viewing.history import Seen

if TYPE_CHECKING:
    from app.sample.loading import Load


def write(made: Load, plan: dict[str, Any]) -> None:
    """What was learned so far this year: as evidence, which production code settles."""
    dice = random.Random(plan["seed"])
    elapsed = (made.today - made.year_began).days
    touched = set()
    for row in plan.get("opening", []):
        even_m = row["quota"] * 1000 * elapsed // 365
        for number in range(row["learners"][0], row["learners"][1] + 1):
            hours_m = int(even_m * dice.uniform(*row["pace"])) // 100 * 100
            touched.add(made.learners[number - 1])
            if hours_m > 0:
                _opening(made, made.learners[number - 1], row["bucket"], hours_m)
    for row in plan["watched"]:
        for number in range(row["learners"][0], row["learners"][1] + 1):
            for slug in row["courses"]:
                day = max(made.year_began, made.today - timedelta(days=dice.randint(*row["days_ago"])))
                moment = made.at(day, dice.randint(*plan["hours"]), dice.randint(0, 59))
                touched.add(made.learners[number - 1])
                _watched(made, made.learners[number - 1], slug, dice.uniform(*row["share"]), moment)
    for learner_id in sorted(touched):
        credits.settle(made.session, learner_id)


def _opening(made: Load, learner_id: int, bucket: str, hours_m: int) -> None:
    day = max(made.year_began, made.today - timedelta(days=75))
    credits.record(
        made.session, learner_id, key=f"opening:{made.year_began.year}:{bucket}", kind="opening",
        happened_at=made.at(day, 9), known_at=clock.now(), recorded_by="sample",
        facts={"hours_m": hours_m, "subject_bucket": bucket, "provider": "earlier-platform",
               "item": f"opening:{bucket}"},
    )  # fmt: skip


def _watched(made: Load, learner_id: int, slug: str, share: float, moment: datetime) -> None:
    for lesson in course_queries.lessons_of(made.session, made.courses[slug]):
        material = course_queries.open_material(made.session, lesson.id)
        assert material is not None
        watched_ms = int(material.media_version.length_ms * share)
        told = history.watched(made.session, made.settings, learner_id, [Seen(material, watched_ms, moment)])
        credits.record_all(made.session, learner_id, told)
