"""Keys that only the operator makes: for the first administrator, and for the three separated ones."""

from __future__ import annotations

import json as encoding
from datetime import timedelta

import click

from app.base import clock
from app.base import settings as reading
from app.commands.common import database
from app.people import queries
from app.people.identifiers import plain_login
from app.people.keys import service as keys
from app.rules import check_code


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
