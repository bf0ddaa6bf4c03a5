"""Two desks of one form: search a person, see the roles held, appoint, end. Effective on the next request."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.appointments.forms import AppointForm, EndForm
from app.base import clock, labels
from app.base.access import guard
from app.base.errors import BadInput, Forbidden, NotFound, Refused
from app.base.unit_of_work import database, session, settings
from app.classes import queries as classes
from app.people import confirming, entering, roles, roles_queries
from app.people import queries as people
from app.people.queries import PersonRow
from app.people.roles import Wanted
from app.people.roles_queries import Appointment
from app.people.search import find_people
from app.rules.access import APPOINTS

Page = str | Response | tuple[str, int]
MOST_FOUND, MOST_LISTED = 30, 300
# Everybody studies: that role comes with the roster and is not listed among appointments.
UNLISTED = ("learner",)


class Desk:
    """One of the two: its blueprint's name, and the permission that opens it and says which roles it gives."""

    def __init__(self, name: str, permission: str) -> None:
        self.name, self.permission = name, permission
        self.roles = APPOINTS[permission]

    def url(self, view: str, **values: Any) -> str:
        """An address of this desk."""
        return url_for(f"{self.name}.{view}", **values)

    def listing(self) -> str:
        """Who is found; without a search, all appointments that hold or are to come, of one role or of all."""
        q, role = request.args.get("q", "").strip()[:60], request.args.get("role", "")
        offered = [each for each in self.roles if each not in UNLISTED]
        wanted = [role] if role in offered else offered
        held = [] if q else roles_queries.listed(session(), wanted, _today(), MOST_LISTED + 1)
        return render_template(
            "appointments/listing.html", desk=self, q=q, role=role if role in offered else "", offered=offered,
            found=find_people(session(), q, MOST_FOUND), held=held[:MOST_LISTED], more=len(held) > MOST_LISTED,
            today=_today(), place=_places(held), most=MOST_FOUND,
        )  # fmt: skip

    def person(self, key: str) -> Page:
        """What somebody holds, held and will hold; a form to appoint."""
        # The form is checked, and the password judged, before the request's own transaction begins.
        form, person = AppointForm(since=_today()), _person(key)
        with database().reading() as reader:
            form.offer(self.roles, classes.classes(reader), roles_queries.unit_tree(reader))
        if form.is_submitted() and form.validate():
            try:
                wanted = self._wanted(form)
                _confirm(form.password.data)
                roles.appoint(
                    session(), self.permission, current_user.person_id, person.id, wanted,
                    separated=settings().separated_admins,
                )  # fmt: skip
            except Forbidden:
                raise
            except Refused as refused:
                _beside(form, refused)
                return self._page(person, form, refused.status)
            flash(_("Appointed. It holds from the first day on, at the next page that is opened."), "done")
            return redirect(self.url("person", key=key))
        return self._page(person, form, 422 if form.is_submitted() else 200)

    def _wanted(self, form: AppointForm) -> Wanted:
        kind, scope_id = form.reach()
        instead, number = None, (form.stands_in_for.data or "").strip().casefold()
        if number:
            with database().reading() as reader:
                found = people.person_by_login(reader, number)
            if found is None:
                raise BadInput(_("Nobody has this staff number."), "stands_in_for")
            instead = found.id
        field = form.class_ if kind == "class" else form.unit
        place = next((str(each.label) for each in field.choices or () if each.value == str(scope_id)), "")
        return Wanted(
            str(form.role.data), kind, scope_id, form.since.data, form.until(), instead, place.strip("\u3000")
        )

    def _page(self, person: PersonRow, form: AppointForm, status: int, ending: Any = None) -> Page:
        if status >= 400 and request.method == "POST":
            session().rollback()
        held = roles_queries.of_person(session(), person.id)
        page = render_template(
            "appointments/person.html", desk=self, person=person, form=form, held=held, today=_today(),
            place=_places(held), own=person.id == current_user.person_id, ending=ending,
            unit=people.unit_of(session(), person.id, _today()),
        )  # fmt: skip
        return page, status

    def end(self, key: str, grant_id: int) -> Page:
        """End an appointment: at once, or after a last day."""
        form, person = EndForm(), _person(key)
        if form.validate():
            try:
                _confirm(form.password.data)
                held = [each.id for each in roles_queries.of_person(session(), person.id)]
                if grant_id not in held:
                    raise NotFound(_("There is no such appointment."))
                until = form.last.data + timedelta(days=1) if form.last.data else _today()
                roles.end(session(), self.permission, current_user.person_id, grant_id, until)
            except (Forbidden, NotFound):
                raise
            except Refused as refused:
                form.password.errors = [*form.password.errors, refused.text]
            else:
                flash(_("Ended. It no longer holds from the next page that is opened."), "done")
                return redirect(self.url("person", key=key))
        blank = AppointForm(formdata=None, since=_today())
        with database().reading() as reader:
            blank.offer(self.roles, classes.classes(reader), roles_queries.unit_tree(reader))
        return self._page(person, blank, 422, ending=(grant_id, form))

    def blueprint(self, prefix: str) -> Blueprint:
        """Its addresses."""
        bp, need = (
            Blueprint(self.name, __name__, template_folder="templates", url_prefix=prefix),
            guard(self.permission),
        )
        views: tuple[tuple[str, str, Any, list[str]], ...] = (
            ("", "listing", self.listing, ["GET"]),
            ("/<key>", "person", self.person, ["GET", "POST"]),
            ("/<key>/<int:grant_id>/end", "end", self.end, ["POST"]),
        )
        for rule, name, view, methods in views:
            bp.add_url_rule(rule, name, need(_called(view)), methods=methods)
        return bp


def _called(view: Any) -> Any:
    """A function of its own: a method cannot carry what a guard marks it with."""

    def call(**values: Any) -> Any:
        return view(**values)

    return call


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _person(key: str) -> PersonRow:
    with database().reading() as reader:
        found = people.person_by_key(reader, key)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


def _confirm(password: str) -> None:
    with database().reading() as reader:
        known = people.known_by_id(reader, current_user.person_id)
    confirming.confirm(database(), current_user.person_id, password, entering.guess_of(known, known.login))


def _beside(form: Any, refused: Refused) -> None:
    """Put a refusal beside its field."""
    name = {"scope": "role", "until": "last", "class": "class_"}.get(refused.field or "", refused.field)
    if name in form:
        form[name].errors = [*form[name].errors, refused.text]
    else:
        form.form_errors.append(refused.text)


def _places(held: list[Appointment]) -> Any:
    """How the class or unit of an appointment is called."""
    english = labels.english()
    groups = (
        {row.id: (row.name_en if english else "") or row.name for row in classes.classes(session())} if held else {}
    )
    units = roles_queries.unit_names(
        session(), [each.scope_id for each in held if each.scope_kind == "unit" and each.scope_id is not None]
    )

    def place(each: Appointment) -> str:
        if each.scope_id is None:
            return labels.label("reach", each.scope_kind)
        if each.scope_kind == "class":
            return groups.get(each.scope_id, "?")
        code, name, name_en = units.get(each.scope_id, ("", "?", ""))
        return (name_en if english else "") or name or code

    return place


roles_bp = Desk("roles", "role.grant").blueprint("/desk/roles")
staff_bp = Desk("staff", "staff.appoint").blueprint("/desk/staff")
