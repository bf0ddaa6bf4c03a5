"""What every page shares: configuration, languages, headers, refusals as pages, health."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request, session, url_for
from flask_babel import Babel, get_locale
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.routing import IntegerConverter, Map

from app.base import charts, dots, labels
from app.base.access import SIGNED_IN, can, public
from app.base.db import is_busy
from app.base.errors import Refused
from app.base.plain import one_line
from app.base.settings import Settings
from app.base.unit_of_work import database, settings

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ("zh_Hans_CN", "en")
# Form posts; uploads go in pieces, a captions file or an article is small.
MOST_BODY = 32_000_000
# The fields of one form. The largest holds a rule set twice, in Chinese, percent-encoded, and every field of it.
MOST_FIELDS = 4_000_000
MOST_KEY = 2**63 - 1  # what a database's integer holds
# A page of the first room stands, for the menu, in the second.
ABOVE = {
    "certificates": "credits", "certificate_desk": "supervision", "notes": "study", "proposals": "rules",
    "simulations": "rules", "tickets": "credits", "traces": "credits", "ticket_desk": "supervision",
    "myself": "people", "taking": "people", "second": "people", "keys": "people", "oidc": "people", "viewing": "study",
    "workshop": "rules",
}  # fmt: skip


class KeyConverter(IntegerConverter):
    """A number in an address; one that no row can have leads nowhere."""

    def __init__(self, map_: Map, *args: Any, **options: Any) -> None:
        super().__init__(map_, *args, **({"max": MOST_KEY} | options))


def configure(app: Flask, chosen: Settings) -> None:
    """Flask's own configuration, from ours."""
    app.config.update(
        SECRET_KEY=chosen.secret,
        MAX_CONTENT_LENGTH=MOST_BODY,
        MAX_FORM_MEMORY_SIZE=MOST_FIELDS,
        SESSION_COOKIE_NAME="duxue",
        SESSION_COOKIE_SECURE=chosen.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE=LOCALES[0],
        BABEL_DEFAULT_TIMEZONE=str(chosen.timezone),
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def locale() -> str:
    """The person's language: chosen in this browser, else the account's, else the browser's, else Chinese."""
    chosen = session.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    if current_user and current_user.is_authenticated and current_user.locale in LOCALES:
        return str(current_user.locale)
    return "en" if request.accept_languages.best_match(["zh", "en"], "zh") == "en" else LOCALES[0]


def init_app(app: Flask) -> None:
    """Wire it all."""
    Babel(app, locale_selector=locale)
    app.context_processor(_context)
    app.template_filter("local")(local_time)
    app.jinja_env.globals["full_day"] = labels.full_day
    app.jinja_env.filters["day_before"] = lambda day: day - timedelta(days=1)
    charts.init_app(app)
    dots.init_app(app)
    app.url_map.converters["int"] = KeyConverter
    app.before_request(_no_nul)
    app.after_request(_headers)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _database)
    app.register_error_handler(Exception, _broken)
    app.add_url_rule("/healthz", "base.healthz", healthz)


def local_time(moment: datetime) -> str:
    """A stored moment in the academy's time zone, with its year, in the reader's language."""
    return labels.full_time(moment)


def is_english() -> bool:
    """Is this page shown in English?"""
    return str(get_locale()) == "en"


def _context() -> dict[str, Any]:
    english, chosen = is_english(), settings()
    found: dict[str, Any] = {
        "academy_name": chosen.academy_name_en if english else chosen.academy_name,
        "english": english,
        "sample": chosen.sample,
    }
    if current_user and current_user.is_authenticated:
        groups = menu()
        found.update(
            person_name=current_user.name,
            me_url=url_for("people.account"),
            home_url=url_for("study.my_year"),
            learner_nav=learner_nav() if can("study") else [],
            menu=groups,
            desk_url=groups[0][1][0][1] if groups else "",
            learner_url=url_for("study.my_year") if can("study") else "",
        )
    return found


Link = tuple[str, str, str, bool]


def _links(entries: list[tuple[str, str, str, str]]) -> list[Link]:
    return [
        (label, url_for(endpoint), icon, _is_here(endpoint))
        for label, endpoint, icon, need in entries
        if need == SIGNED_IN or can(need)
    ]


# Somebody else's papers, in rooms that the learner's own share: staff come to them from a class.
STAFF_PLACES = ("credits.statement_for", "traces.learner")


def _is_here(endpoint: str) -> bool:
    """Is the present page this place, or one below it? My year and its plan stand beside the courses in one room."""
    here = "study.my_year" if request.endpoint == "study.gap" else request.endpoint or ""
    if here in STAFF_PLACES:
        return endpoint == "supervision.classes"
    if here == endpoint or "study.my_year" in (here, endpoint):
        return here == endpoint
    return endpoint.partition(".")[0] in (request.blueprint, ABOVE.get(request.blueprint or ""))


def learner_nav() -> list[Link]:
    """The learner's places: (label, url, icon, current)."""
    return _links(
        [
            (_("My year"), "study.my_year", "year", "study"),
            (_("Courses"), "study.catalogue", "book", "study"),
            (_("Statement"), "credits.statement", "ledger", "study"),
            (_("Messages"), "notices.messages", "bell", SIGNED_IN),
            (_("Me"), "people.account", "me", SIGNED_IN),
        ]
    )


def menu() -> list[tuple[str, list[Link]]]:
    """The rail of those who work here: (group, links); only what they may open."""
    groups = [
        (
            _("Classes"),
            [
                (_("My classes"), "supervision.classes", "class", "class.see"),
                (_("Classes by rule"), "arranging.page", "filter", "class.arrange"),
            ],
        ),
        (_("Material"), [(_("Course editor"), "editor.courses", "file", "course.edit")]),
        (
            _("People"),
            [
                (_("Accounts"), "accounts.listing", "people", "account.see"),
                (_("Own people"), "liaison.listing", "me", "unit.staff"),
                (_("Units"), "units.tree", "tree", "unit.see"),
                (_("Corrections"), "corrections.listing", "edit", "correction.decide"),
                (_("Import"), "roster.desk", "import", "roster.import"),
            ],
        ),
        (
            _("Academy"),
            [
                (_("Appointments"), "staff.listing", "me", "staff.appoint"),
                (_("Announcements"), "announcements.listing", "report", "announcement.write"),
                (_("Credit rules"), "rules.versions", "rules", "rules.see"),
                (_("Periods"), "periods.periods", "lock", "period.see"),
                (_("Books"), "books.page", "shield", "books.verify"),
            ],
        ),
        (
            _("Security"),
            [(_("Roles"), "roles.listing", "me", "role.grant"), (_("Audit log"), "audit.page", "ledger", "audit.see")],
        ),
    ]
    found = [(group, _links(entries)) for group, entries in groups]
    return [(group, links) for group, links in found if links]


def _headers(response: Response) -> Response:
    chosen = settings()
    material = chosen.content_origin(request.host)
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: {material}; "
        f"media-src 'self' blob: {material}; connect-src 'self' {material}; font-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.endpoint not in ("static", "assets.css") and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def _no_nul() -> None:
    """No text of ours holds a NUL, and PostgreSQL takes none: a path with one leads nowhere, a field is refused."""
    if "\0" in request.path:
        raise NotFound
    given = [request.args]
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given.append(request.form)
    if any("\0" in text for fields in given for pair in fields.items(multi=True) for text in pair):
        raise BadRequest(_("A field holds a character that no text has (NUL). Nothing was changed; type it anew."))


def _wants_json() -> bool:
    return request.is_json or request.accept_mimetypes.best == "application/json"


def came_from() -> str:
    """The path of the page on which a form was sent, as the browser says; "" when it was not one of ours."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _page(status: int, title: str, message: str, back_url: str = "") -> tuple[str | Response, int]:
    if _wants_json():
        return jsonify(error=title, text=message), status
    shown = render_template("error.html", status=status, title=title, message=message, back_url=back_url)
    return shown, status


def _refused(error: Refused) -> tuple[str | Response, int]:
    titles = {403: _("This is not open to you"), 404: _("Not found"), 429: _("Too many tries")}
    return _page(error.status, titles.get(error.status, _("This cannot be done")), error.text)


def _csrf(error: CSRFError) -> tuple[str | Response, int]:
    message = _("This form is too old or came from another page. Nothing was changed; go back to it and send it again.")
    return _page(400, _("Not saved"), message, came_from())


def _http(error: HTTPException) -> Any:
    code = error.code or 500
    if code < 400:
        return error
    words = {
        401: (_("Sign in first"), _("Your sign-in has ended. Sign in and go on where you were.")),
        403: (_("This is not open to you"), _("Your roles do not open this page.")),
        404: (_("Not found"), _("There is nothing at this address. It may have been withdrawn.")),
        405: (_("Not possible"), _("This address does not take this kind of request.")),
        413: (_("Too large"), _("What was sent is too large. Large files go through the upload field.")),
    }
    title, message = words.get(code, (_("This cannot be done"), error.description or ""))
    return _page(code, title, message)


def _broken(error: Exception) -> tuple[str | Response, int]:
    current_app.logger.exception("unexpected error on %s %s", request.method, one_line(request.path))
    message = _("Something broke on our side. Nothing of this step was saved; what was there before is untouched.")
    return _page(500, _("Our mistake"), message)


def _database(error: DBAPIError | PoolTimeout) -> tuple[Response, int]:
    if not is_busy(error):
        return make_response(_broken(error)[0]), 500
    current_app.logger.warning("the database was busy on %s %s: %s", request.method, one_line(request.path), error)
    message = _("The academy is very busy just now. Nothing of this step was saved; try again in a few seconds.")
    answer = make_response(_page(503, _("One moment"), message, came_from())[0])
    answer.headers["Retry-After"] = "5"
    return answer, 503


@public
def healthz() -> tuple[Response, int]:
    """200 only when the database and the content origin answer."""
    chosen = settings()
    checks = {"database": _database_answers(), "content": _content_answers(chosen)}
    well = all(checks.values())
    return jsonify(status="ok" if well else "failing", **checks), 200 if well else 503


def _database_answers() -> bool:
    try:
        with database().reading() as found:
            found.execute(text("SELECT 1"))
    except Exception:  # whatever is wrong, the answer is no
        current_app.logger.exception("the database does not answer")
        return False
    return True


def _content_answers(chosen: Settings) -> bool:
    host = "127.0.0.1" if chosen.host in ("0.0.0.0", "::") else chosen.host
    try:
        with urllib.request.urlopen(f"http://{host}:{chosen.content_port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
