"""create_app(): wiring, and the URL map on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from app import jobs
from app.appointments import views as appointments_views
from app.auditing import views as auditing_views
from app.base import access, assets, pages, run_pages, styleguide, unit_of_work
from app.base import settings as reading
from app.base.db import Database
from app.base.settings import Settings
from app.classes import manage as classes_manage
from app.courses import views as courses_views
from app.credits import manage as credits_manage
from app.credits import views as credits_views
from app.credits.books import views as books_views
from app.credits.certificates import door as certificates_door
from app.credits.certificates import manage as certificates_manage
from app.credits.certificates import views as certificates_views
from app.credits.closing import manage as periods_manage
from app.credits.workshop import deciding as workshop_deciding
from app.credits.workshop import simulating as workshop_simulating
from app.credits.workshop import views as workshop_views
from app.doors.scim import views as scim_views
from app.front import manage as front_manage
from app.front import views as front_views
from app.liaison import manage as liaison_manage
from app.liaison import transferring
from app.myself import manage as myself_manage
from app.myself import views as myself_views
from app.myself.taking import views as taking_views
from app.notices import views as notices_views
from app.people import login
from app.people import views as people_views
from app.people.desk import manage as people_manage
from app.people.keys import views as keys_views
from app.people.oidc import views as oidc_views
from app.people.second import views as second_views
from app.roster import manage as roster_manage
from app.study import editor
from app.study import views as study_views
from app.supervision import views as supervision_views
from app.tickets import manage as tickets_manage
from app.tickets import traces
from app.tickets import views as tickets_views
from app.units import manage as units_manage
from app.viewing import beats as beats_door
from app.viewing import checks as viewing_checks
from app.viewing import notes as viewing_notes
from app.viewing import queries as viewing_queries
from app.viewing import reading as viewing_reading
from app.viewing import views as viewing_views
from app.viewing.beats import Beats
from app.wiring import listen, make_beats

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOMS = (
    run_pages.bp, people_views.bp, second_views.bp, keys_views.bp, oidc_views.bp, people_manage.bp,
    study_views.bp, editor.bp, courses_views.bp, viewing_views.bp, viewing_checks.bp,
    viewing_reading.bp, viewing_notes.bp, credits_views.bp, credits_manage.bp, periods_manage.bp, books_views.bp,
    supervision_views.bp, tickets_views.bp, tickets_manage.bp, workshop_views.bp, workshop_deciding.bp,
    workshop_simulating.bp, certificates_views.bp, certificates_manage.bp, certificates_door.bp, traces.bp,
    notices_views.bp,
    front_views.bp, front_manage.bp, roster_manage.bp, auditing_views.bp, appointments_views.roles_bp,
    appointments_views.staff_bp, classes_manage.bp, units_manage.bp, liaison_manage.bp, transferring.bp,
    myself_views.bp, myself_manage.bp, taking_views.bp, scim_views.bp,
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
    CSRFProtect(app).exempt(scim_views.bp)  # a token that no browser sends by itself
    login.init_app(app)
    login.also_active(app, viewing_queries.last_beat_ms)
    oidc_views.init_app(app, settings)
    access.init_app(app)
    assets.init_app(app)
    pages.init_app(app)
    styleguide.init_app(app, settings)
    for room in ROOMS:
        app.register_blueprint(room)
    listen()
    study_views.open_to_visitors(front_views.home)
    access.seal(app)
    if settings.embedded:
        jobs.start_embedded(app)
    return app
