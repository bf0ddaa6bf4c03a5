"""The desk at which classes are made by rule: the rules, a preview of what would change, applying it, pins."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock, labels, runs
from app.base.access import guard
from app.base.errors import BadInput, NotFound, Refused
from app.base.unit_of_work import session, settings
from app.classes import assigning, class_rules, pinning, roll, shown, working
from app.classes.assigning import Wanted
from app.classes.forms import RuleForm, filled_with
from app.classes.roll import RuleRow

bp = Blueprint("arranging", __name__, template_folder="templates", url_prefix="/desk/classes")
Page = str | Response | tuple[str, int]
NEED = "class.arrange"


@bp.get("")
@guard(NEED)
def page() -> str:
    """The rules in their order, the classes with their sizes, what the last run did."""
    rows, classes, sizes = roll.rules(session()), roll.open_classes(session()), pinning.sizes(session())
    _units, tops = roll.units(session())
    year = assigning.training_year(session(), _today())
    newest = runs.latest(session(), working.KIND)
    made = [each.year for each in classes.values() if each.rule_id is not None and each.year is not None]
    return render_template(
        "classes/arranging.html",
        lines=shown.lines(rows, classes, sizes, tops, year),
        bars=shown.bars(rows, classes, sizes),
        inside=sum(sizes.values()),
        without=pinning.without_class(session(), _today()),
        ruleless=sum(1 for each in classes.values() if each.rule_id is None),
        pins=pinning.pinned(session(), _today()),
        run=newest,
        run_open=newest is not None and newest.is_open,
        years=[each for each in (year, year + 1) if made and min(made) < each],
    )


@bp.route("/rules/new", methods=["GET", "POST"])
@guard(NEED)
def new_rule() -> Page:
    """A rule behind the others."""
    form = _offered(RuleForm(smallest=class_rules.SMALLEST, best=class_rules.BEST, largest=class_rules.LARGEST), None)
    if form.is_submitted() and form.validate():
        try:
            class_rules.add(session(), form.wanted(), current_user.person_id)
        except Refused as error:
            _to_form(error, form)
        else:
            return _kept()
    return _form_page(form, None)


@bp.route("/rules/<int:rule_id>", methods=["GET", "POST"])
@guard(NEED)
def rule(rule_id: int) -> Page:
    """One rule, to be changed."""
    row = _row(rule_id)
    if request.method in ("GET", "HEAD"):
        return _form_page(_offered(RuleForm(None, **filled_with(class_rules.wanted_of(row))), row), row)
    form = _offered(RuleForm(), row)
    if form.validate():
        try:
            class_rules.change(session(), rule_id, form.wanted(), current_user.person_id)
        except NotFound:
            raise
        except Refused as error:
            _to_form(error, form)
        else:
            return _kept()
    return _form_page(form, row)


@bp.post("/rules/<int:rule_id>/<any(up, down):way>")
@guard(NEED)
def shift(rule_id: int, way: str) -> Response:
    """One place up or down: the first rule that fits holds."""
    class_rules.shift(session(), rule_id, way == "up", current_user.person_id)
    return redirect(url_for("arranging.page", _anchor="rules"))


@bp.post("/rules/<int:rule_id>/remove")
@guard(NEED)
def remove(rule_id: int) -> Response:
    """Away with a rule; its classes stay as they are."""
    class_rules.remove(session(), rule_id, current_user.person_id)
    flash(_("The rule is removed. Its classes stay with everybody in them, now without a rule."), "done")
    return redirect(url_for("arranging.page", _anchor="rules"))


@bp.post("/rules/begin")
@guard(NEED)
def begin() -> Response:
    """Where there are no rules: one for each nature that learners' units have."""
    if roll.rules(session()):
        raise Refused(_("There are rules already."))
    rows = class_rules.beginning(roll.read(session(), _today()), take_in=True)
    class_rules.keep(session(), rows, current_user.person_id)
    said = _("The rules are written. Nobody has moved; look at the preview.")
    flash(said if rows else _("No learner belongs to a unit yet, so there is nothing to make rules from."), "done")
    return redirect(url_for("arranging.page", _anchor="rules"))


@bp.get("/preview")
@guard(NEED)
def preview() -> Page:
    """What the rules would change today; nothing is written."""
    wanted = _wanted(request.args)
    plan = assigning.plan(session(), _today(), wanted)
    most = shown.MOST_NAMED
    return render_template(
        "classes/preview.html",
        plan=plan,
        wanted=wanted,
        shown=shown,
        bars=shown.planned_bars(plan),
        ways=shown.ways(plan)[:most],
        movers=plan.moved[:most],
        unplaced=plan.unplaced[:most],
        leaving=plan.left[:most],
        fingerprint=plan.fingerprint(),
        closing=[shown.class_name(plan, each) for each in plan.closing],
        most=most,
    )


@bp.post("/apply")
@guard(NEED)
def apply() -> Response:
    """Put it in line, as the preview showed it."""
    fingerprint = request.form.get("shown", "")
    if len(fingerprint) != 64:
        raise BadInput(_("Look at the preview first; what it shows is applied."))
    working.request(session(), current_user.person_id, _wanted(request.form), fingerprint)
    return redirect(url_for("arranging.page", _anchor="run"))


@bp.get("/pins")
@guard(NEED)
def pins() -> str:
    """Find somebody, to be pinned to a class or released."""
    asked = request.args.get("q", "").strip()[:60]
    english = labels.english()
    groups = [(each.code, (each.name_en if english else "") or each.name) for each in _classes()]
    return render_template(
        "classes/pins.html", asked=asked, found=pinning.find(session(), asked, _today()),
        pinned=pinning.pinned(session(), _today()), groups=groups, most=pinning.MOST_FOUND,
    )  # fmt: skip


@bp.post("/pins/<key>")
@guard(NEED)
def pin(key: str) -> Response:
    """Into the class that was chosen, and to stay there."""
    pinning.pin(session(), key, request.form.get("class", ""), _today(), current_user.person_id)
    flash(_("Pinned. Rules do not move this person any more."), "done")
    return redirect(url_for("arranging.pins", q=request.form.get("q") or None))


@bp.post("/pins/<key>/release")
@guard(NEED)
def release(key: str) -> Response:
    """The rules hold for this person again."""
    pinning.release(session(), key, current_user.person_id)
    flash(_("Released. The rules hold for this person again; the next preview shows what follows."), "done")
    return redirect(url_for("arranging.pins", q=request.form.get("q") or None))


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _classes() -> list[roll.GroupRow]:
    return list(roll.open_classes(session()).values())


def _row(rule_id: int) -> RuleRow:
    found = next((row for row in roll.rules(session()) if row.id == rule_id), None)
    if found is None:
        raise NotFound(_("There is no such rule. It may have been removed."))
    return found


def _wanted(given: Any) -> Wanted:
    year = given.get("year", "")
    if year and not (year.isascii() and year.isdigit() and len(year) == 4):
        raise BadInput(_("There is no such training year."), "year")
    return Wanted(bool(given.get("take_in")), int(year) if year else None)


def _offered(form: RuleForm, row: RuleRow | None) -> RuleForm:
    """The form with what can be ticked: what the academy has, and what the rule names already."""
    units, tops = roll.units(session())
    law = row.rule if row is not None else None
    natures = {each.nature for each in units.values()} | (law.natures if law else set())
    bands = set(pinning.bands(session())) | (law.bands if law else set())
    districts = {code: shown.unit_name(unit, code) for code, unit in tops.items()}
    districts |= {code: code for code in (law.districts if law else ()) if code not in districts}
    form.offer(_labelled("nature", natures), _labelled("band", bands), sorted(districts.items()))
    return form


def _labelled(kind: str, codes: set[str]) -> list[tuple[str, str]]:
    return [(code, labels.label(kind, code)) for code in shown.in_order(kind, codes) if code]


def _to_form(error: Refused, form: RuleForm) -> None:
    """What a service refuses stands at its field, or above the form."""
    session().rollback()
    if error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.text]
    else:
        form.form_errors.append(error.text)


def _kept() -> Response:
    flash(_("The rule is kept. Nobody has moved; look at the preview."), "done")
    return redirect(url_for("arranging.page", _anchor="rules"))


def _form_page(form: RuleForm, row: RuleRow | None) -> Page:
    failed = bool(form.errors or form.form_errors)
    return render_template("classes/rule.html", form=form, row=row), 422 if failed else 200
