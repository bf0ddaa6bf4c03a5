"""`duxue rules`: read, try and simulate rule sets."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from app.commands.common import Useless
from app.commands.simulate import simulate
from app.rules.credit import evaluate as evaluating
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors

Told = dict[str, str | int]
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def rules() -> None:
    """Rule sets: evaluate them on evidence."""


class _Day(click.ParamType[date]):
    """A day such as 2026-01-31."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day; the command ends where it is none."""
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            day = date.max
        if not 1900 <= day.year <= 9000:
            self.fail(f"{value!r} is not a day such as 2026-01-31 in the years 1900 to 9000", param, ctx)
        return day


@rules.command()
@click.argument("rules_files", nargs=-1, required=True, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Canonical JSON (the only form so far).")
@click.option("--as-known", type=_Day(), help="Only what was known by the end of this day (YYYY-MM-DD).")
@click.option("--until", type=_Day(), help="Close empty periods up to this day (YYYY-MM-DD).")
def evaluate(rules_files: tuple[Path, ...], as_json: bool, as_known: date | None, until: date | None) -> None:
    """RULES.toml … EVIDENCE.json: what the rules make of the evidence. Exits 2 when either does not load."""
    *sets, evidence = rules_files
    if not sets:
        raise click.UsageError("name the rule sets first, and the evidence file last")
    loaded, mistakes = _loaded(sets)
    for each in mistakes:
        click.echo(f"{each['file']}: {each['message']}" if len(sets) > 1 else str(each["message"]), err=True)
    if mistakes:
        sys.exit(2)
    try:
        told = evaluating.evaluate_loaded(
            [rules for _path, rules in loaded], evidence.read_text(encoding="utf-8"), as_known, until
        )
    except UnicodeDecodeError as error:
        raise Useless(f"{evidence}: not UTF-8: {error.reason}") from error
    except ValueError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    click.echo(told.encode("utf-8", "backslashreplace"), nl=False)


@rules.command()
@click.argument("rules_files", nargs=-1, required=True, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as JSON.")
def check(rules_files: tuple[Path, ...], as_json: bool) -> None:
    """RULES.toml …: every mistake with its file, line and cause. Several files are versions of one rule set.

    Exits 2 when one does not load. A clause without its text in both languages is told, and no mistake.
    """
    loaded, mistakes = _loaded(rules_files)
    hints: list[Told] = [
        {"file": str(path), "line": rules.lines.get(name, 1), "message": f"clause {name!r} lacks its text in zh or en"}
        for path, rules in loaded
        for name in rules.without_text()
    ]
    if not mistakes and len(loaded) > 1:
        try:
            RuleBook([rules for _path, rules in loaded])
        except RuleErrors as wrong:
            mistakes += [{"file": "", "line": error.line, "message": str(error)} for error in wrong.errors]
    if as_json:
        click.echo(json.dumps({"mistakes": mistakes, "hints": hints}, ensure_ascii=False, sort_keys=True))
    else:
        for each in mistakes:
            click.echo(f"{each['file']}: {each['message']}" if each["file"] else str(each["message"]))
        for each in hints:
            click.echo(f"{each['file']}: line {each['line']}: {each['message']} (needed before publishing)")
        if not mistakes:
            click.echo(", ".join(f"{rules.id} version {rules.version} from {rules.effective}" for _p, rules in loaded))
    sys.exit(2 if mistakes else 0)


def _loaded(paths: Sequence[Path]) -> tuple[list[tuple[Path, RuleSet]], list[Told]]:
    """The files that load, and every mistake of the others."""
    loaded: list[tuple[Path, RuleSet]] = []
    mistakes: list[Told] = []
    for path in paths:
        try:
            loaded.append((path, load(path.read_text(encoding="utf-8"))))
        except RuleErrors as wrong:
            mistakes += [{"file": str(path), "line": error.line, "message": str(error)} for error in wrong.errors]
        except UnicodeDecodeError as error:
            mistakes.append({"file": str(path), "line": 1, "message": f"line 1: not UTF-8: {error.reason}"})
    return loaded, mistakes


rules.add_command(simulate)
