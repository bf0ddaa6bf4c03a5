"""The pages of units: the tree of a day, one unit, what is done with it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import audit, clock, labels
from app.base.access import can, guard, scope
from app.base.cells import XLSX
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import database, session, settings
from app.people import roles_queries, timeline
from app.rules import units as rules
from app.rules.units import CHANGE, OPEN
from app.units import acts, export, queries
from app.units.acts import Plan
from app.units.forms import ActForm

bp = Blueprint("units", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]
SEE, DO = "unit.see", "unit.change"


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _after(day: date) -> datetime:
    """The end of a day where the academy is."""
    return datetime.combine(day + timedelta(days=1), time(), settings().timezone)


def _day() -> date:
    """The day that is asked for; today where there is none, or one that is no day, or lies ahead."""
    try:
        return min(date.fromisoformat(request.args.get("day", "")), _today())
    except ValueError:
        return _today()


def _shown(day: date) -> dict[str, str]:
    """The day in an address: today stays away."""
    return {} if day == _today() else {"day": day.isoformat()}


def _unit(code: str) -> rules.Unit:
    found = queries.find(scope(SEE), session(), code)
    if found is None:
        raise NotFound(_("There is no such unit among those you look after."))
    return found


@bp.get("/desk/units")
@guard(SEE)
def tree() -> str:
    """The units as they stood on a day, with their people."""
    day, text = _day(), request.args.get("q", "")[:60]
    found = queries.tree(scope(SEE), session(), day, _after(day), text)
    shown = _shown(day)
    return render_template(
        "units/tree.html", tree=found, q=text, today=_today(), shown=shown, root=f"{url_for('units.tree')}/",
        tail=f"?day={shown['day']}" if shown else "",
        natures={each: labels.label("nature", each) for each in {row.unit.nature for row in found.rows}},
    )  # fmt: skip


@bp.get("/desk/units-of-a-day")
@guard(SEE)
def counts() -> Response:
    """The same as CSV or Excel (`as=xlsx`). Who took it is in the audit log."""
    day, text = _day(), request.args.get("q", "")[:60]
    found = queries.tree(scope(SEE), session(), day, _after(day), text)
    name = f"units-{day.isoformat()}"
    if request.args.get("as") == "xlsx":
        answer, name = Response(export.as_xlsx(found), mimetype=XLSX), f"{name}.xlsx"
    else:
        answer, name = Response(export.as_csv(found), mimetype="text/csv"), f"{name}.csv"
    with database().writing() as writer:
        audit.record(writer, current_user.person_id, "unit.export", "units:all", day=day, rows=len(found.rows))
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.get("/desk/units/<code>")
@guard(SEE)
def one(code: str) -> str:
    """One unit: what it is, what it was, what was done with it, and who belonged to it on a day."""
    unit, day = _unit(code), _day()
    now, past = timeline.units(session()), timeline.past(session())
    every = rules.as_of(now, past, day)
    then = next((each for each in every if each.id == unit.id), None)
    branch = rules.below(every, unit.id) if then is not None else frozenset({unit.id})
    with_below = request.args.get("below") == "1"
    ids = sorted(branch if with_below else {unit.id})
    if not scope(SEE).everything:
        ids = [each for each in ids if each in scope(SEE).unit_ids]
    page = request.args.get("page", 1, type=int)
    page = page if 0 < page < 1_000_000 else 1
    found, total = queries.members(session(), ids, day, _after(day), page)
    names = {each.id: each for each in now}

    def page_of(number: int) -> str:
        given: dict[str, Any] = {**_shown(day), "below": "1" if with_below else None, "page": number}
        return url_for("units.one", code=code, _anchor="members", **given)

    return render_template(
        "units/one.html", unit=unit, then=then, day=day, today=_today(), members=found, total=total, page=page,
        pages=max(1, -(-total // queries.PAGE)), with_below=with_below, page_of=page_of,
        below=[each for each in every if each.parent == unit.id and queries.sees(scope(SEE), each)],
        above=_seen(names.get((then or unit).parent or 0)), successor=_seen(names.get(unit.successor or 0)),
        former=queries.names_of(past, unit.id), history=queries.history(session(), unit.id),
        staff=roles_queries.of_unit(session(), unit.id, day), may_act=can(DO) and unit.closed_on is None, names=names,
    )  # fmt: skip


def _seen(unit: rules.Unit | None) -> tuple[rules.Unit, bool] | None:
    """A unit, and whether its page opens."""
    return None if unit is None else (unit, queries.sees(scope(SEE), unit))


@bp.route("/desk/new-unit", methods=["GET", "POST"])
@guard(DO)
def new() -> Page:
    """Open a unit."""
    return _act(OPEN, None)


@bp.route("/desk/units/<code>/<any(change, merge, split, close):act>", methods=["GET", "POST"])
@guard(DO)
def act(code: str, act: str) -> Page:
    """Do something with a unit: fill in, look at what it would change, confirm."""
    with database().reading() as reader:
        unit = queries.find(scope(DO), reader, code)
    if unit is None:
        raise NotFound(_("There is no such unit among those you look after."))
    return _act(act, unit)


def _act(kind: str, unit: rules.Unit | None) -> Page:
    with database().reading() as reader:
        every = timeline.units(reader)
    codes = {each.id: each.code for each in every}
    given: dict[str, Any] = {"day": _today()}
    if unit is not None:
        given |= {"nature": unit.nature}
        if kind == CHANGE:
            given |= asdict(unit) | {"parent": codes.get(unit.parent or 0, "")}
    elif kind == OPEN:
        given |= {"parent": request.args.get("below", "")}
    form = ActForm(data=given)
    form.offer(kind, every, unit)
    if not form.is_submitted():
        return _page(kind, unit, form, None)
    if not form.validate():
        return _page(kind, unit, form, None), 422
    wanted, shown = form.wanted(kind, unit.code if unit else ""), request.form.get("shown", "")
    try:
        if shown and "confirm" in request.form:
            code = acts.perform(session(), wanted, current_user.person_id, _today(), shown)
            flash(_("Done. It stands in the unit's history."), "done")
            return redirect(url_for("units.one", code=code))
        with database().reading() as reader:
            found = acts.plan(reader, wanted, _today())
    except acts.Changed as changed:
        session().rollback()
        flash(changed.text, "refused")
        with database().reading() as reader:
            return _page(kind, unit, form, acts.plan(reader, wanted, _today())), changed.status
    except Refused as refused:
        if "confirm" in request.form:
            session().rollback()
        _beside(form, refused)
        return _page(kind, unit, form, None), refused.status
    return _page(kind, unit, form, found)


def _beside(form: ActForm, refused: Refused) -> None:
    """Put a refusal beside its field."""
    if refused.field in form:
        form[refused.field].errors = [*form[refused.field].errors, refused.text]
    else:
        form.form_errors.append(refused.text)


def _page(kind: str, unit: rules.Unit | None, form: ActForm, plan: Plan | None) -> str:
    to = url_for("units.new") if unit is None else url_for("units.act", code=unit.code, act=kind)
    return render_template("units/act.html", kind=kind, unit=unit, form=form, plan=plan, to=to)
