"""`duxue scim`: tokens of identity systems."""

from __future__ import annotations

import json

import click

from app.base import settings as reading
from app.base.errors import Refused
from app.commands.common import database
from app.doors.scim import tokens


@click.group()
def scim() -> None:
    """Identity systems that keep people and units (SCIM 2.0)."""


@scim.group()
def token() -> None:
    """What an identity system shows itself with."""


@token.command("new")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, default=tokens.SCOPES, show_default=True, type=click.Choice(tokens.SCOPES),
    help="What it opens: reading, changing people, changing units; may be repeated.",
)  # fmt: skip
@click.option("--days", default=365, show_default=True, help=f"How long it holds, 1 to {tokens.LONGEST} days.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def new(name: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token for the identity system NAME. It is printed once and kept nowhere."""
    settings = reading.load()
    db = database(settings)
    try:
        with db.writing() as session:
            number, made = tokens.make(session, name, scopes, days)
    except Refused as error:
        raise click.ClickException(error.text) from error
    finally:
        db.engine.dispose()
    address = f"{settings.public_url}/scim/v2"
    if as_json:
        click.echo(json.dumps({"id": number, "name": name, "token": made, "address": address}, ensure_ascii=False))
    else:
        click.echo(f"{number}  {made}  {address}")


@token.command("revoke")
@click.argument("number", type=int, metavar="ID")
def revoke(number: int) -> None:
    """Token ID opens nothing more, from the next request on."""
    db = database(reading.load())
    try:
        with db.writing() as session:
            tokens.revoke(session, number)
    except Refused as error:
        raise click.ClickException(error.text) from error
    finally:
        db.engine.dispose()
    click.echo(f"{number} revoked")


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def listing(as_json: bool) -> None:
    """All tokens: number, name, scopes, until when, whether revoked. Never the token."""
    db = database(reading.load())
    try:
        with db.reading() as session:
            rows = [
                {
                    "id": row.id, "name": row.name, "scopes": row.scopes,
                    "until": row.expires_at.isoformat(timespec="seconds"), "revoked": row.revoked_at is not None,
                    "used": row.used_at.isoformat(timespec="seconds") if row.used_at else None,
                }
                for row in tokens.listed(session)
            ]  # fmt: skip
    finally:
        db.engine.dispose()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = "revoked" if row["revoked"] else f"until {row['until']}"
        click.echo(f"{row['id']}  {row['name']}  {row['scopes']}  {state}")
