"""Flask-Login over our own sign-ins: a revocable row each, of whose token only a hash is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask, current_app, flash, g, has_request_context, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.base import audit, clock
from app.base.access import PUBLIC, access_of
from app.base.errors import Forbidden
from app.base.pages import came_from
from app.base.unit_of_work import database, settings
from app.people import passwords, queries, service
from app.people.devices import device_name
from app.people.queries import Bearer
from app.rules.access import MUST_PROVE_TWICE, STAFF, Grant

TOUCH_SECONDS = 60  # how stale `seen_at` may become
FLUSH_SECONDS = 5  # how often this process writes what it has seen
LONGEST = timedelta(hours=24)  # a sign-in ends then, however busy
# What is owed before anything else → where it is done. There one may go, and out.
OWED = {"second_factor": "second.setting", "password": "people.account"}
OPEN_TO_OWING = frozenset({
    "people.account", "people.change_password", "people.end_sign_in", "people.end_others", "second.setting",
    "second.begin", "second.confirm",
})  # fmt: skip
# (session, person id, sign-in id) → the last activity that no page request shows, in ms since 1970
Activity = Callable[[Session, int, int], int]


class SignedIn(UserMixin):  # type: ignore[misc]
    """The present person: `flask_login.current_user`."""

    def __init__(self, bearer: Bearer, token: str) -> None:
        self.person_id: int = bearer.person_id
        self.key: str = bearer.key
        self.login: str = bearer.login
        self.name: str = bearer.name
        self.locale: str = bearer.locale
        self.session_id: int = bearer.session_id
        self.signed_in_at: datetime = bearer.created_at
        self.grants: tuple[Grant, ...] = bearer.grants
        self.waiting: int = bearer.waiting
        self.second_factor: bool = bearer.second_factor
        self.owes: str = _owed(bearer)
        self._token = token

    def get_id(self) -> str:
        """What the signed cookie carries: the token itself, no person's number."""
        return self._token

    def has(self, role: str) -> bool:
        """Does the person hold the role today?"""
        return any(grant.role == role for grant in self.grants)

    @property
    def works_here(self) -> bool:
        """Does the person hold a role beyond learning?"""
        return any(grant.role in STAFF for grant in self.grants)


def _owed(bearer: Bearer) -> str:
    """What the person must do first: set up the second factor that a role asks for, or change an old password."""
    roles = {grant.role for grant in bearer.grants}
    proved = bearer.second_factor or bearer.proved_twice
    if settings().second_factor == "required" and not proved and roles & MUST_PROVE_TWICE:
        return "second_factor"
    lasts = passwords.policy_of(settings()).lasts
    if lasts and bearer.password_since and clock.now() - bearer.password_since > lasts:
        return "password"
    return ""


def _owing() -> Response | None:
    """Before every request: who owes something goes there first, and opens nothing else but what is open to all."""
    # Known before the request's own writing begins: noting when a sign-in was seen is a transaction of its own.
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        bool(current_user.is_authenticated)
    if request.endpoint is None or request.endpoint in OPEN_TO_OWING:
        return None
    if access_of(current_app, request.endpoint) == PUBLIC or request.endpoint == "people.sign_out":
        return None
    owes = current_user.owes if current_user.is_authenticated else ""
    if not owes:
        return None
    if request.is_json or request.accept_mimetypes.best == "application/json":
        raise Forbidden(_("Something has to be done first: open the academy's pages."))
    return redirect(url_for(OWED[owes]))


class Seen:
    """When sign-ins were last seen, gathered: a busy academy writes one transaction for many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[int, float] = {}
        self._flushed = 0.0

    def latest(self, session_id: int) -> float:
        """Seconds since 1970 not yet written; 0 when there are none."""
        return self._seen.get(session_id, 0.0)

    def note(self, session_id: int, moment: float) -> dict[int, float]:
        """Keep one; gives what is to be written now (empty while the last writing is fresh)."""
        with self._lock:
            self._seen[session_id] = moment
            if 0 <= moment - self._flushed < FLUSH_SECONDS:
                return {}
            taken, self._seen, self._flushed = self._seen, {}, moment
            return taken


def _load(token: str) -> SignedIn | None:
    """The person of a token, unless the sign-in was revoked, idle too long, or the person disabled.

    Its own short transaction: a request that changes something must not hold the writer's lock from its
    first moment on because somebody was recognised.
    """
    now = clock.now()
    with database().reading() as reader:
        bearer = queries.bearer(reader, service.hash_of(token), clock.local_day(now, settings().timezone))
    if bearer is None:
        return None
    seen_store: Seen = current_app.extensions["duxue.seen"]
    seen = max(bearer.seen_at.timestamp(), seen_store.latest(bearer.session_id))
    idle = now.timestamp() - seen
    if idle > settings().idle_minutes * 60:
        idle = min(idle, now.timestamp() - _elsewhere(bearer))
    if idle > settings().idle_minutes * 60 or now - bearer.created_at > LONGEST:
        g.sign_in_idle = True
        return None
    if idle >= TOUCH_SECONDS:
        due = seen_store.note(bearer.session_id, now.timestamp())
        if due:
            with database().writing() as writer:
                service.touch(writer, due)
    return SignedIn(bearer, token)


def _elsewhere(bearer: Bearer) -> float:
    """The last activity beyond page requests (an open player's beats); asked only when pages are silent."""
    known: list[Activity] = current_app.extensions["duxue.activity"]
    with database().reading() as reader:
        return max((ask(reader, bearer.person_id, bearer.session_id) for ask in known), default=0) / 1000


def also_active(app: Flask, ask: Activity) -> None:
    """Count what `ask` finds as activity of a sign-in; the factory wires upper floors here."""
    app.extensions["duxue.activity"].append(ask)


def _unauthorized() -> Response:
    """To the sign-in page, and back afterwards; a form that was sent comes back to the page it stood on."""
    if g.get("sign_in_idle"):
        minutes = settings().idle_minutes
        flash(_("You were signed out after %(n)s minutes without activity.", n=minutes), "notice")
    wanted = request.full_path.rstrip("?")
    if request.method not in ("GET", "HEAD"):
        wanted = came_from() or "/"
        flash(_("Nothing was saved: your sign-in had ended. Sign in, and the form stands as you sent it."), "notice")
    return redirect(url_for("people.sign_in", next=None if wanted == "/" else wanted))


def enter(token: str, bearer: Bearer) -> None:
    """Begin the browser's session anew: nothing of the one before signing in is kept but the language."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale
    login_user(SignedIn(bearer, token))


def leave() -> None:
    """Forget the browser's session."""
    logout_user()
    session.clear()


def _origin() -> tuple[str, str]:
    """Where the request at hand comes from, for the audit log."""
    return (request.remote_addr or "", device_name(request.user_agent.string)) if has_request_context() else ("", "")


def init_app(app: Flask) -> None:
    """Wire Flask-Login."""
    audit.wire(_origin)
    manager = LoginManager()
    manager.session_protection = None  # the row is the session; a changed network must not end a lesson
    manager.user_loader(_load)
    manager.unauthorized_handler(_unauthorized)
    manager.init_app(app)
    app.before_request(_owing)
    app.extensions["duxue.seen"] = Seen()
    app.extensions["duxue.activity"] = []
