"""What only the operator does: the first administrators, and keys for the three separated ones."""

from __future__ import annotations

import json as encoding
from datetime import timedelta

import click

from app.base import clock
from app.base import settings as reading
from app.base.errors import Refused
from app.commands.common import database
from app.people import queries
from app.people import service as people
from app.people.identifiers import plain_login
from app.people.keys import service as keys
from app.rules import check_code
from app.rules.access import REACHES, ROLES


@click.command()
@click.argument("login")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def slip(login: str, as_json: bool) -> None:
    """Make a slip with which the account LOGIN chooses a password."""
    settings = reading.load()
    lasts = timedelta(days=settings.slip_days)
    db = database(settings)
    try:
        with db.writing() as session:
            person = queries.person_by_login(session, plain_login(login))
            if person is None or person.disabled:
                raise click.ClickException(f"there is no open account {login}")
            code = check_code.shown(keys.slips(session, [person.id], lasts, None, None)[person.id])
    finally:
        db.engine.dispose()
    until = (clock.now() + lasts).isoformat(timespec="seconds")
    address = f"{settings.public_url}/activate"
    if as_json:
        click.echo(encoding.dumps({"login": person.login, "code": code, "address": address, "until": until}))
    else:
        click.echo(f"{person.login}  {code}  {address}  until {until}")


@click.command()
@click.argument("login")
@click.argument("role", type=click.Choice([role for role in ROLES if "academy" in REACHES[role]]))
@click.option("--name", help="The person's name: makes the account LOGIN where there is none.")
def appoint(login: str, role: str, name: str | None) -> None:
    """Give the account LOGIN the role ROLE for the whole academy, from today on.

    For the first administrators; the others are appointed on the pages. Exits 1 when it cannot be.
    """
    db = database(reading.load())
    try:
        with db.writing() as session:
            person = queries.person_by_login(session, plain_login(login))
            if person is None and name is None:
                raise click.ClickException(f"there is no account {login}; --name NAME makes it")
            if person is not None and person.disabled:
                raise click.ClickException(f"the account {login} is closed")
            person_id = person.id if person is not None else people.create_person(session, login, name or "").id
            people.grant_role(session, person_id, role, "academy")
    except Refused as error:
        raise click.ClickException(error.text) from error
    finally:
        db.engine.dispose()
    click.echo(f"{plain_login(login)}  {role}")
