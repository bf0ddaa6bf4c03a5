"""`duxue rules`: read, try and simulate rule sets."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

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


@rules.command()
@click.argument("rules_files", nargs=-1, required=True, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Canonical JSON (the only form so far).")
@click.option("--as-known", default=None, help="Only what was known by the end of this day (YYYY-MM-DD).")
@click.option("--until", default=None, help="Close empty periods up to this day (YYYY-MM-DD).")
def evaluate(rules_files: tuple[Path, ...], as_json: bool, as_known: str | None, until: str | None) -> None:
    """RULES.toml … EVIDENCE.json: what the rules make of the evidence. Exits 2 when either does not load."""
    *sets, evidence = rules_files
    try:
        last = date.fromisoformat(until) if until else None
        texts = [path.read_text(encoding="utf-8") for path in sets]
        known = date.fromisoformat(as_known) if as_known else None
        click.echo(
            evaluating.evaluate(texts, evidence.read_text(encoding="utf-8"), as_known=known, until=last), nl=False
        )
    except ValueError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


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
