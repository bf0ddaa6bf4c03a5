"""create_app(): wiring, and the URL map on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from app import jobs
from app.base import access, assets, events, pages, unit_of_work
from app.base import settings as reading
from app.base.db import Database
from app.base.settings import Settings
from app.courses import views as courses_views
from app.credits import manage as credits_manage
from app.credits import views as credits_views
from app.people import login
from app.people import views as people_views
from app.study import editor as study_editor
from app.study import views as study_views
from app.supervision import views as supervision_views
from app.viewing import beats as beats_door
from app.viewing import service as viewing
from app.viewing import views as viewing_views
from app.viewing.beats import Beats
from app.viewing.rows import Policy
from app.viewing.stores import PostgresStore, SqliteStore, Store
from app.viewing.writer import Writer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOMS = (
    people_views.bp, study_views.bp, study_editor.bp, courses_views.bp, viewing_views.bp, credits_views.bp,
    credits_manage.bp, supervision_views.bp,
)  # fmt: skip


class Academy(Flask):
    """The Flask application, with the beat answered before Flask dispatches (ADR 0002)."""

    beats: Beats

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Beats first: through Flask's routing and context they would cost twenty times as much."""
        if environ["PATH_INFO"] == beats_door.PATH:
            return beats_door.door(self.beats, environ, start_response)
        return super().wsgi_app(environ, start_response)


def create_app(settings: Settings | None = None) -> Academy:
    """The academy. The database must have this release's schema (`duxue migrate`)."""
    settings = settings or reading.load()
    app = Academy("app", root_path=str(pages.ROOT), static_folder="static", template_folder="templates")
    db = Database(settings.database_url)
    app.extensions["duxue.settings"], app.extensions["duxue.db"] = settings, db
    pages.configure(app, settings)
    app.beats = make_beats(settings, db)
    unit_of_work.init_app(app)
    CSRFProtect(app)
    login.init_app(app)
    access.init_app(app)
    assets.init_app(app)
    pages.init_app(app)
    for room in ROOMS:
        app.register_blueprint(room)
    listen()
    access.seal(app)
    if settings.embedded:
        jobs.start_embedded(app)
    return app


def make_beats(settings: Settings, db: Database) -> Beats:
    """The beat path of this process: its store, its writer, and what follows a crossed mark."""
    store: Store
    if settings.sqlite:
        store = SqliteStore(settings.database_url.removeprefix("sqlite:///"), viewing.EMBEDDED_CLOCK)
    else:
        store = PostgresStore(settings.database_url)
    policy = Policy(settings.ceiling_seconds * 1000, settings.backlog_days * 86_400_000)

    def after(learner_id: int, media_version_id: int) -> None:
        with db.writing() as session:
            viewing.write_due_evidence(session, settings, learner_id, media_version_id)

    return Beats((viewing.lease_key(settings),), Writer(store, policy, settings.batch_window_ms), after)


def listen() -> None:
    """Who is stirred by what happens in a lower slice."""
    events.listen(events.PERSON_DISABLED, viewing.end_of_person)
    events.listen(events.LEARNER_LEFT, viewing.end_of_membership)
    events.listen(events.LESSON_WITHDRAWN, viewing.end_of_lesson)
    events.listen(events.COURSE_WITHDRAWN, viewing.end_of_course)
    events.listen(events.OFFER_WITHDRAWN, viewing.end_of_offer)
