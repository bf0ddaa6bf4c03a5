"""The statement: one's own, and for staff that of whom they supervise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.base import audit, clock
from app.base.access import guard, scope, signed_in
from app.base.errors import NotFound
from app.base.labels import full_day
from app.base.pages import is_english
from app.base.unit_of_work import database, session, settings
from app.credits import queries, rulebook, shown
from app.credits.export import statement_csv
from app.credits.statement import AsOf, Line, Statement, statement_of
from app.credits.statement.asof import of_days, of_moment
from app.credits.statement.forms import AsOfForm, moment_of
from app.credits.statement.pages import Address, Chosen, as_of_text, page_of
from app.credits.statement.printed import articles
from app.people.queries import PersonRow, person_by_key, unit_of

bp = Blueprint("credits", __name__, template_folder="templates")
Page = str | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose statement; `key` is "" for one's own."""

    id: int
    name: str
    login: str
    key: str = ""


@bp.get("/statement")
@signed_in
def statement() -> Page:
    """The learner's own statement."""
    return _page(_own())


@bp.get("/statement.csv")
@signed_in
def statement_file() -> Response:
    """The same as a file."""
    return _file(_own())


@bp.get("/statement/<person_key>")
@guard("statement.see")
def statement_for(person_key: str) -> Page:
    """Somebody's statement, for staff whose scope reaches them; looking is audited."""
    return _page(_reached(person_key, "statement.see"))


@bp.get("/statement/<person_key>/statement.csv")
@guard("statement.see")
def statement_file_for(person_key: str) -> Response:
    """The same as a file; taking it is audited."""
    return _file(_reached(person_key, "statement.export"))


@bp.get("/statement/rules/<int:number>")
@signed_in
def clauses(number: int) -> str:
    """A version's clauses as printed, for everybody whom they bind."""
    book = rulebook.book(session())
    versions = book.versions if book is not None else ()
    rules = next((each for each in versions if each.version == number), None)
    if rules is None:
        raise NotFound(_("There is no such version."))
    after = next((each for each in versions if each.effective > rules.effective), None)
    return render_template(
        "credits/clauses.html",
        rules=rules,
        title=rules.title.get("en" if is_english() else "zh") or rules.id,
        articles=articles(rules),
        versions=versions[::-1],
        after=after,
        full_day=full_day,
    )


def _own() -> Whose:
    return Whose(current_user.person_id, current_user.name, current_user.login)


def _reached(person_key: str, action: str) -> Whose:
    person: PersonRow | None = queries.learner_in_scope(scope("statement.see"), session(), person_key, _today())
    if person is None:
        raise NotFound(_("There is no such person among those you may see."))
    # A page that is only read commits nothing, so the look is written by a unit of work of its own.
    with database().writing() as writing:
        audit.record(writing, current_user.person_id, action, f"person:{person.key}")
    return Whose(person.id, person.name, person.login, person.key)


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _days() -> tuple[AsOf | None, AsOfForm]:
    """The days that the address asks for, and their form; with mistakes it has errors, and the days are left out."""
    moment = moment_of(request.args.get("known", ""))
    given = request.args.to_dict()
    if moment is not None:
        given["known"] = clock.local_day(moment, settings().timezone).isoformat()
    form = AsOfForm(formdata=MultiDict(given))
    if not form.validate():
        return None, form
    if moment is not None:
        return of_moment(form.happened.data, moment, settings().timezone), form
    return of_days(form.happened.data, form.known.data, _today(), settings().timezone), form


def _wanted(person_id: int, as_of: AsOf | None) -> Statement | None:
    """The statement that the address asks for; an unknown period is not found."""
    given = request.args.get("period", "")
    try:
        period = date.fromisoformat(given) if given else None
    except ValueError as error:
        raise NotFound(_("There is no such period.")) from error
    found = statement_of(session(), person_id, _today(), period, _number("open"), as_of)
    if found is None and given and as_of is None:
        raise NotFound(_("There is no such period."))
    return found


def _file(whose: Whose) -> Response:
    as_of, form = _days()
    if form.errors:
        raise NotFound(" ".join(text for texts in form.errors.values() for text in texts))
    found = _wanted(whose.id, as_of)
    if found is None:
        raise NotFound(_("There is no statement yet: no rules are in force."))
    answer = Response(statement_csv(found, settings().timezone), mimetype="text/csv; charset=utf-8")
    days = f"-{as_of.happened.isoformat()}-{as_of.known.isoformat()}" if as_of else ""
    name = f"statement-{whose.login}-{found.period.start.isoformat()}{days}.csv"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _page(whose: Whose) -> Page:
    as_of, form = _days()
    found = _wanted(whose.id, as_of)
    unit = unit_of(session(), whose.id, as_of.happened if as_of else _today())
    unit_name = (unit.name_en if is_english() else unit.name) if unit else ""
    page: dict[str, Any] = {
        "overline": f"{whose.name} · {unit_name}" if unit_name else whose.name,
        "staff": bool(whose.key),
        "statement": found,
        "form": form,
        "as_of": as_of,
        "as_of_text": as_of_text(found, as_of) if as_of else "",
    }
    at = Address(whose.key, as_of)
    page["now_url"] = at.plain()
    if found is not None:
        form.period.data = found.period.start.isoformat()
        page |= page_of(found, at, Chosen(_number("open"), _number("page") or 1, request.args.get("all") == "1"))
        opened: Line | None = page["opened"]
        page["granted"] = _granted(opened, staff=bool(whose.key)) if opened is not None else []
    answer = render_template("credits/statement.html", **page)
    return (answer, 422) if form.errors else answer


def _granted(line: Line, *, staff: bool) -> list[tuple[str, str]]:
    """Who granted the time that a line gives, and the ticket that says why; nothing for any other line."""
    key, ticket = line.piece.facts.get("granted_by"), line.piece.facts.get("ticket")
    if not key or not ticket:
        return []
    person = person_by_key(session(), str(key))
    link = shown.link(url_for("ticket_desk.find" if staff else "tickets.one", ticket=ticket), _("Open the ticket"))
    return [(_("Granted by"), person.name if person else _("A member of staff")), (_("Ticket"), link)]
