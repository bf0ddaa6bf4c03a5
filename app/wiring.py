"""What joins slices without a web: who listens to which event, and the beat path of a process."""

from __future__ import annotations

from app.base import events
from app.base.db import Database
from app.base.settings import Settings
from app.classes import queries as classes
from app.courses import reach as courses_reach
from app.credits import reach
from app.viewing import endings, service
from app.viewing.beats import Beats
from app.viewing.now import EMBEDDED_CLOCK
from app.viewing.rows import Policy
from app.viewing.stores import PostgresStore, SqliteStore, Store
from app.viewing.writer import Writer


def make_beats(settings: Settings, db: Database) -> Beats:
    """The beat path of this process: its store, its writer, and what follows a crossed mark."""
    store: Store
    if settings.sqlite:
        store = SqliteStore(settings.database_url.removeprefix("sqlite:///"), EMBEDDED_CLOCK)
    else:
        store = PostgresStore(settings.database_url)
    policy = Policy(settings.ceiling_seconds * 1000, settings.backlog_days * 86_400_000)

    def after(learner_id: int, media_version_id: int) -> None:
        with db.writing() as session:
            service.write_due_evidence(session, settings, learner_id, media_version_id)

    return Beats((service.lease_key(settings),), Writer(store, policy, settings.batch_window_ms), after)


def listen() -> None:
    """Who is stirred by what happens in a lower slice, and what a lower slice asks of an upper one."""
    reach.wire(classes.class_of)
    courses_reach.wire(classes.offer_of)
    events.listen(events.PERSON_DISABLED, endings.end_of_person)
    events.listen(events.LEARNER_LEFT, endings.end_of_membership)
    events.listen(events.LESSON_WITHDRAWN, endings.end_of_lesson)
    events.listen(events.COURSE_WITHDRAWN, endings.end_of_course)
    events.listen(events.OFFER_WITHDRAWN, endings.end_of_offer)
