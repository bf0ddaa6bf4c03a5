"""What the documents say about settings and commands is what the code does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

from app import cli
from app.base import settings

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    *(path for folder in (".", "docs", "docs/adr", "docs/guide", "content") for path in (ROOT / folder).glob("*.md")),
    *(path for path in (ROOT / "deploy").rglob("*.*") if path.suffix != ".pyc"),
]
# Read by make, the tests and the bench only.
DEVELOPMENT = {"DUXUE_RUNS", "DUXUE_SEED", "DUXUE_NO_SKIP", "DUXUE_SAMPLES"}


def table_rows(text: str) -> Iterator[list[str]]:
    """The cells of every line of a Markdown table whose first cell is code."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) > 1:
            yield cells


def readers() -> Iterator[ast.Call]:
    """The calls in app/base/settings.py that read one variable."""
    tree = ast.parse((ROOT / "app" / "base" / "settings.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node


def settings_in_code() -> dict[str, ast.Call]:
    """Each variable that the settings read, with the call that reads it."""
    found = {}
    for call in readers():
        for argument in call.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                name = re.fullmatch(r"DUXUE_[A-Z_]+|(?:CONTENT_)?PORT", argument.value)
                if name and (ast.unparse(call.func) in ("env.get", "_number", "_flag", "_line", "_one_of")):
                    found[argument.value] = call
    return found


def settings_in_docs() -> dict[str, list[str]]:
    """Each variable of the table in docs/settings.md, with its cells."""
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    return {cells[0].strip("`"): cells[1:] for cells in table_rows(text)}


def test_every_setting_is_described_and_every_description_is_a_setting() -> None:
    assert set(settings_in_code()) == set(settings_in_docs()) - DEVELOPMENT
    assert len(settings_in_code()) > 15


def test_defaults_and_limits_are_those_of_the_code() -> None:
    told, checked = settings_in_docs(), 0
    for name, call in settings_in_code().items():
        default, says = told[name]
        if ast.unparse(call.func) == "_number":
            _env, _name, given, low, high = call.args
            for number in (low, high):
                assert re.search(rf"\b{ast.unparse(number).replace('_', '')}\b", says), (name, says)
            if isinstance(given, ast.Constant):
                assert default == f"`{given.value!r}`", name
            checked += 1
    assert checked >= 8
    plain = settings.load({"DUXUE_DATA_DIR": "/nowhere", "DUXUE_SECRET": "x" * 32})
    assert told["DUXUE_TIMEZONE"][0] == f"`{plain.timezone}`"
    assert told["DUXUE_ACADEMY_NAME"][0] == f"`{plain.academy_name}`"
    assert told["DUXUE_ACADEMY_NAME_EN"][0] == f"`{plain.academy_name_en}`"
    assert told["DUXUE_HOST"][0] == f"`{plain.host}`"
    assert plain.content_port == plain.port + 1
    assert (plain.embedded, plain.secure_cookies, plain.sample) == (True, False, False)


def test_every_variable_that_any_document_names_exists() -> None:
    known = set(settings_in_code()) | DEVELOPMENT
    wrong = {
        str(path.relative_to(ROOT)): names
        for path in [*TEXTS, ROOT / "Makefile"]
        if (names := set(re.findall(r"DUXUE_[A-Z_]*[A-Z]", path.read_text("utf-8"))) - known)
    }
    assert wrong == {}


def commands(group: click.Group = cli.main, before: str = "duxue") -> Iterator[tuple[str, click.Command]]:
    """Every command with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


def test_every_command_and_option_is_described() -> None:
    told = {cells[0].strip("`"): cells[1] for cells in table_rows((ROOT / "docs/commands.md").read_text("utf-8"))}
    known = dict(commands())
    assert set(told) == set(known)
    for name, command in known.items():
        options = {word for each in command.params if isinstance(each, click.Option) for word in each.opts}
        assert set(re.findall(r"--[a-z-]+", told[name])) == {word for word in options if word.startswith("--")}, name


def test_every_command_that_any_document_names_exists() -> None:
    known = {name for name, _command in commands()}
    groups = {name.rsplit(" ", 1)[0] for name in known if name.count(" ") > 1}
    count = 0
    for path in TEXTS:
        for call in re.findall(r"(?m)(?:`|/|^)(duxue [a-z]+(?: [a-z]+)?)", path.read_text("utf-8")):
            first = " ".join(call.split()[:2])
            assert first in known or call in known or call in groups, (path.name, call)
            count += 1
    assert count > 30
