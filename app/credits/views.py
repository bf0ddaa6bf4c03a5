"""The statement: one's own, and for staff that of whom they supervise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.base import audit, clock
from app.base.access import guard, scope, signed_in
from app.base.errors import NotFound
from app.base.labels import label, month, seal
from app.base.pages import is_english
from app.base.unit_of_work import database, session, settings
from app.credits import queries, shown
from app.credits.export import statement_csv
from app.credits.statement import Line, Statement, statement_of
from app.people.queries import PersonRow, person_by_key, unit_of

bp = Blueprint("credits", __name__, template_folder="templates")
PAGE = 40  # lines of the ledger on one page


@bp.get("/statement")
@signed_in
def statement() -> str:
    """The learner's own statement."""
    return _page(current_user.person_id, current_user.name, None)


@bp.get("/statement.csv")
@signed_in
def statement_file() -> Response:
    """The same as a file."""
    return _file(current_user.person_id, current_user.login)


@bp.get("/statement/<person_key>")
@guard("statement.see")
def statement_for(person_key: str) -> str:
    """Somebody's statement, for staff whose scope reaches them; looking is audited."""
    person = _reached(person_key, "statement.see")
    return _page(person.id, person.name, person)


@bp.get("/statement/<person_key>/statement.csv")
@guard("statement.see")
def statement_file_for(person_key: str) -> Response:
    """The same as a file; taking it is audited."""
    person = _reached(person_key, "statement.export")
    return _file(person.id, person.login)


def _reached(person_key: str, action: str) -> PersonRow:
    person = queries.learner_in_scope(scope("statement.see"), session(), person_key, _today())
    if person is None:
        raise NotFound(_("There is no such person among those you may see."))
    # A page that is only read commits nothing, so the look is written by a unit of work of its own.
    with database().writing() as writing:
        audit.record(writing, current_user.person_id, action, f"person:{person.key}")
    return person


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _wanted(person_id: int) -> Statement | None:
    """The statement that the address asks for; an unknown period is not found."""
    given, period = request.args.get("period", ""), None
    if given:
        try:
            period = date.fromisoformat(given)
        except ValueError as error:
            raise NotFound(_("There is no such period.")) from error
    found = statement_of(session(), person_id, _today(), period, _number("open"))
    if found is None and given:
        raise NotFound(_("There is no such period."))
    return found


def _file(person_id: int, login: str) -> Response:
    found = _wanted(person_id)
    if found is None:
        raise NotFound(_("There is no statement yet: no rules are in force."))
    answer = Response(statement_csv(found, settings().timezone), mimetype="text/csv; charset=utf-8")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"statement-{login}-{found.period.start.isoformat()}.csv"
    )
    return answer


def _page(person_id: int, name: str, staff_of: PersonRow | None) -> str:
    found = _wanted(person_id)
    unit = unit_of(session(), person_id, _today())
    more: dict[str, Any] = {"person_key": staff_of.key} if staff_of else {}
    endpoint = "credits.statement_for" if staff_of else "credits.statement"
    overline = f"{name} · {unit.name_en if is_english() else unit.name}" if unit else name
    page: dict[str, Any] = {"overline": overline, "staff": staff_of is not None, "statement": found}
    if found is not None:
        page |= _shown(found, endpoint, more)
        page["export_url"] = url_for(
            "credits.statement_file_for" if staff_of else "credits.statement_file",
            period=found.period.start.isoformat(),
            **more,
        )
    return render_template("credits/statement.html", **page)


def _shown(found: Statement, endpoint: str, more: dict[str, Any]) -> dict[str, Any]:
    """What the template needs beyond the statement itself: texts and links."""
    here: dict[str, Any] = {"period": found.period.start.isoformat(), **more}
    opened = _number("open")
    at = next((place for place, line in enumerate(found.lines) if line.seq == opened), None)
    size = len(found.lines) or 1 if request.args.get("all") == "1" else PAGE
    pages = max(1, -(-len(found.lines) // size))
    page = at // size + 1 if at is not None else min(max(1, _number("page") or 1), pages)
    part = found.lines[(page - 1) * size : page * size]
    return {
        "shown": shown,
        "seal": seal,
        "label": label,
        "months": _months(part),
        "open": opened,
        "told": shown.told(found.lines[at], found) if at is not None else None,
        "granted": _granted(found.lines[at], staff=bool(more)) if at is not None else [],
        "decimals": shown.decimals_of(found),
        "periods": [
            (_period_text(found, start), url_for(endpoint, **{**here, "period": start.isoformat()}),
             start == found.period.start)
            for start in found.periods
        ],
        "line_url": lambda line: url_for(
            endpoint, **here, **({"page": page} if line.seq == opened else {"open": line.seq}),
            _anchor=f"entry-{line.seq}",
        ),
        "page": page,
        "pages": pages,
        "page_url": lambda number: url_for(endpoint, **here, page=number),
        "all_url": url_for(endpoint, **here, all=1) if pages > 1 else "",
        "first": (page - 1) * size + 1,
        "last": (page - 1) * size + len(part),
    }  # fmt: skip


def _granted(line: Line, *, staff: bool) -> list[tuple[str, str]]:
    """Who granted the time that a line gives, and the ticket that says why; nothing for any other line."""
    key, ticket = line.piece.facts.get("granted_by"), line.piece.facts.get("ticket")
    if not key or not ticket:
        return []
    person = person_by_key(session(), str(key))
    link = Markup('<a href="{}">{}</a>').format(
        url_for("ticket_desk.find" if staff else "tickets.one", ticket=ticket), _("Open the ticket")
    )
    return [(_("Granted by"), person.name if person else _("A member of staff")), (_("Ticket"), link)]


def _period_text(found: Statement, start: date) -> str:
    rule = found.rules.period
    return shown.period_text(start, rule.end(rule.index(start)))


def _months(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """The lines in runs of one month each."""
    found: list[tuple[str, list[Line]]] = []
    for line in lines:
        text = month(line.day)
        if not found or found[-1][0] != text:
            found.append((text, []))
        found[-1][1].append(line)
    return found
