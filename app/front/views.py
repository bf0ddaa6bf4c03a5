"""What everybody may open without signing in: the home, announcements, courses offered to all, help, glossary."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template, request, send_from_directory, url_for
from flask import session as browser
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.base import clock, labels
from app.base.access import can, public
from app.base.errors import NotFound
from app.base.unit_of_work import session, settings
from app.courses import articles
from app.front import finding, help_pages, queries
from app.front.queries import AnnouncementRow, PublicCourse

bp = Blueprint("front", __name__, template_folder="templates")
ON_HOME = 5  # announcements and courses each
PER_PAGE = 20
HOME_HELP = ("signing-in", "how-time-counts", "faq")


def today() -> date:
    """The academy's day."""
    return clock.local_day(clock.now(), settings().timezone)


def frame() -> str:
    """The layout of a page that everybody may open: the learner's, the staff's, or the visitor's."""
    if not current_user.is_authenticated:
        return "front/visitor.html"
    return "layout.html" if can("study") else "desk.html"


def written(markdown: str) -> Markup:
    """Markdown as clean HTML. What its author began at the second level stands right below the page's own heading."""
    begins_lower = not re.search(r"(?m)^# ", markdown)
    return Markup(articles.article_html(re.sub(r"(?m)^##", "#", markdown) if begins_lower else markdown))


@bp.app_context_processor
def _for_all() -> dict[str, Any]:
    """What the foot of every page, and the visitor's head, say."""
    found: dict[str, Any] = {"registration": settings().registration, "front_frame": frame}
    if not current_user.is_authenticated:
        found["visitor_nav"] = _visitor_nav()
    return found


def _visitor_nav() -> list[tuple[str, str, str, bool]]:
    at = (request.endpoint or "").removeprefix("front.")
    places = (
        (_("Home"), "study.my_year", "home", ("study.my_year",)),
        (_("Courses"), "front.catalogue", "book", ("catalogue",)),
        (_("News"), "front.announcements", "report", ("announcements", "announcement")),
        (_("Help"), "front.help_list", "info", ("help_list", "help_page", "glossary")),
    )
    return [(name, url_for(endpoint), icon, at in here) for name, endpoint, icon, here in places]


def home() -> str | Response:
    """The academy's face for who is not signed in; who was, until just now, is sent to sign in again."""
    if g.get("sign_in_idle") or browser.get("_user_id"):
        browser.pop("_user_id", None)  # once: afterwards the home is a home again
        door: Response = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        return door
    day = today()
    found = queries.public_courses(session(), day)
    return render_template(
        "front/home.html",
        news=queries.shown(session(), day, ON_HOME),
        courses=found[:ON_HOME],
        count=len(found),
        length_ms=sum(each.length_ms for each in found),
        help=[page for page in map(help_pages.pages(_language()).get, HOME_HELP) if page],
        today=day,
    )


def _language() -> str:
    return "en" if labels.english() else "zh"


def page_number() -> int:
    """The page that the address asks for, from 1; what is no number is 1."""
    number = request.args.get("page", "1")
    return max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1


@bp.get("/announcements")
@public
def announcements() -> str:
    """What is shown today, the pinned first, then the newest."""
    day, page = today(), page_number()
    total = queries.count_shown(session(), day)
    pages = max(1, -(-total // PER_PAGE))
    page = min(page, pages)
    news = queries.shown(session(), day, PER_PAGE, (page - 1) * PER_PAGE)

    def address(number: int) -> str:
        return url_for("front.announcements", page=number if number > 1 else None)

    return render_template(
        "front/announcements.html", news=news, total=total, page=page, pages=pages, page_url=address, today=day
    )


@bp.get("/announcements/<int:announcement_id>")
@public
def announcement(announcement_id: int) -> str:
    """One announcement. What is not shown today exists only for who writes announcements."""
    found = queries.find_announcement(session(), announcement_id)
    day = today()
    if found is None or (found.state(day) != "shown" and not can("announcement.write")):
        raise NotFound(_("There is no such announcement, or it is no longer shown."))
    return render_template("front/announcement.html", news=found, told=told(found), state=found.state(day))


def told(found: AnnouncementRow, english: bool | None = None) -> dict[str, Any]:
    """Title and text in the reader's language; in Chinese where there is no English, and then `lang` says so."""
    wanted = labels.english() if english is None else english
    own = wanted and bool(found.title_en or found.body_en)
    title, body = (found.title_en or found.title, found.body_en or found.body) if own else (found.title, found.body)
    return {
        "title": title,
        "html": written(body),
        "title_lang": "zh-CN" if wanted and not found.title_en else "",
        "lang": "zh-CN" if wanted and not found.body_en else "",
    }


@bp.get("/catalogue")
@public
def catalogue() -> str | Response:
    """The courses offered to everybody: titles, length, worth. Who studies here has the whole catalogue."""
    if can("study"):
        return redirect(url_for("study.catalogue"))
    found = queries.public_courses(session(), today())
    bucket = request.args.get("bucket", "")[:40]
    fits = [each for each in found if bucket in ("", each.bucket)]
    pages = max(1, -(-len(fits) // PER_PAGE))
    page = min(page_number(), pages)

    def address(number: int) -> str:
        return url_for("front.catalogue", bucket=bucket or None, page=number if number > 1 else None)

    return render_template(
        "front/catalogue.html", courses=fits[(page - 1) * PER_PAGE : page * PER_PAGE], count=len(found),
        fits=len(fits), bucket=bucket, buckets=_buckets(found), page=page, pages=pages, page_url=address,
    )  # fmt: skip


def _buckets(found: list[PublicCourse]) -> list[tuple[str, int]]:
    there = [each.bucket for each in found]
    return [(name, there.count(name)) for name in sorted(set(there))]


@bp.get("/help")
@public
def help_list() -> str:
    """The pages of help in groups; with `q` those that fit, the best first."""
    asked = request.args.get("q", "").strip()[:100]
    pages = help_pages.pages(_language())
    return render_template(
        "front/help.html",
        groups=help_pages.groups(_language()),
        asked=asked,
        hits=finding.find(asked, list(pages.values())) if asked else [],
    )


@bp.get("/help/<slug>")
@public
def help_page(slug: str) -> str:
    """One page of help."""
    found = help_pages.pages(_language()).get(slug)
    if found is None:
        raise NotFound(_("There is no such page of help."))
    return render_template("front/help_page.html", found=found, groups=help_pages.groups(_language()))


@bp.get("/help/pictures/<name>")
@public
def picture(name: str) -> Response:
    """A picture of a guide."""
    return send_from_directory(help_pages.PICTURES, name, max_age=3600)


@bp.get("/help/glossary")
@public
def glossary() -> str:
    """What the words of the academy mean."""
    return render_template(
        "front/glossary.html", terms=help_pages.glossary(_language()), groups=help_pages.groups(_language())
    )
