"""What joins slices without a web: who listens to which event, and the beat path of a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.base import events
from app.base.db import Database
from app.base.settings import Settings
from app.classes import queries as classes
from app.classes import waiting as classes_waiting
from app.courses import queries as courses
from app.courses import reach as courses_reach
from app.credits import reach
from app.credits.books import messages as books_messages
from app.credits.books import traced
from app.credits.certificates import naming
from app.credits.closing import messages as closing_messages
from app.credits.closing import wired
from app.credits.closing.wired import Matters
from app.credits.workshop import messages as workshop_messages
from app.liaison import transfers
from app.myself.taking import messages as taking_messages
from app.notices import queries as notices_queries
from app.people import queries as people_queries
from app.roster import messages as roster_messages
from app.study import wired as study_wired
from app.tickets import answers as tickets_answers
from app.tickets import closing as tickets_closing
from app.tickets import queries as tickets_queries
from app.viewing import closing, endings, evidence, replay, service, signals
from app.viewing.beats import Beats
from app.viewing.loop import BeatsLoop
from app.viewing.now import EMBEDDED_CLOCK, time_ms
from app.viewing.rows import Policy, Waiting
from app.viewing.stores import PostgresStore, SqliteStore, Store
from app.viewing.writer import Writer, wake_threads


def make_beats(settings: Settings, db: Database, answered: Callable[[list[Waiting]], None] = wake_threads) -> Beats:
    """The beat path of this process: its store, its writer, and what follows a crossed mark."""
    store: Store
    if settings.sqlite:
        store = SqliteStore(settings.database_url.removeprefix("sqlite:///"), EMBEDDED_CLOCK)
    else:
        store = PostgresStore(settings.database_url)
    policy = Policy(settings.ceiling_seconds * 1000, settings.backlog_days * 86_400_000)

    def after(learner_id: int, media_version_id: int) -> None:
        with db.writing() as session:
            evidence.write_due_evidence(session, settings, learner_id, media_version_id)

    def signal(learner_id: int, viewing_id: int, kind: str) -> None:
        with db.writing() as session:
            signals.keep_signal(session, learner_id, viewing_id, kind, time_ms(session))

    writer = Writer(store, policy, settings.batch_window_ms, answered)
    return Beats((service.lease_key(settings),), writer, after, signal)


def beats_loop(settings: Settings, db: Database) -> BeatsLoop:
    """The same beat path under an event loop, which answers nothing else."""
    return BeatsLoop(partial(make_beats, settings, db))


def listen() -> None:
    """Who is stirred by what happens in a lower slice, and what a lower slice asks of an upper one."""
    people_queries.count_waiting(notices_queries.unread_of)
    reach.wire(classes.class_of)
    courses_reach.wire(classes.offer_of)
    naming.wire(courses.titles_of)
    traced.wire(replay.replayed)
    wired.wire(Matters(closing.pending, closing.lapse, evidence.sweep_due, tickets_closing.unanswered))
    study_wired.wire(tickets_answers.answered)
    classes_waiting.wire(tickets_queries.waiting)
    events.listen(events.PERSON_DISABLED, endings.end_of_person)
    events.listen(events.LEARNER_LEFT, endings.end_of_membership)
    events.listen(events.LEARNERS_LEFT, endings.end_of_memberships)
    events.listen(events.LESSON_WITHDRAWN, endings.end_of_lesson)
    events.listen(events.COURSE_WITHDRAWN, endings.end_of_course)
    events.listen(events.OFFER_WITHDRAWN, endings.end_of_offer)
    events.listen(events.UNIT_CLOSED, transfers.unit_closed)
    events.listen(events.PERSON_DISABLED, transfers.person_disabled)
    for messages in (workshop_messages, closing_messages, books_messages, roster_messages, taking_messages):
        events.listen(events.RUN_ENDED, messages.run_ended)
