"""`duxue`: everything an operator does."""

from __future__ import annotations

import importlib

import click

from app import wiring
from app.base.settings import SettingError

# Where each command is. Only the one that is called is imported: what others need takes a second to read.
WHERE = {
    "appoint": "accounts:appoint",
    "audit": "audit:audit",
    "backup": "backups:backup",
    "classes": "classes:classes",
    "credits": "credits:credits",
    "jobs": "serving:run_jobs",
    "migrate": "serving:migrate",
    "opening": "opening:opening",
    "restore": "backups:restore",
    "roster": "roster:roster",
    "rules": "rules:rules",
    "scim": "scim:scim",
    "serve": "serving:serve",
    "slip": "accounts:slip",
}


class Commands(click.Group):
    """The commands. A setting that cannot be used ends any of them with its text, not with a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return sorted(WHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None where there is none."""
        if cmd_name not in WHERE:
            return None
        module, _colon, name = WHERE[cmd_name].partition(":")
        found: click.Command = getattr(importlib.import_module(f"app.commands.{module}"), name)
        return found

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SettingError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Duxue 笃学: an online academy whose every credit can be proved."""
    wiring.listen()


if __name__ == "__main__":
    main()
