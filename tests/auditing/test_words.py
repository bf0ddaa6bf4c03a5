"""Every action that is recorded has a word: the sources are read, not a list kept beside them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.auditing.words import ACTIONS, KINDS

APP = Path(__file__).resolve().parents[2] / "app"
Functions = dict[str, ast.FunctionDef]


def sources() -> Iterator[ast.Module]:
    """Every file that records anything."""
    for path in sorted(APP.rglob("*.py")):
        text = path.read_text("utf-8")
        if "audit.record(" in text or "confirm_present(" in text:
            yield ast.parse(text)


class Actions:
    """The texts that an expression may come to: constants, choices, and parameters as they are passed in one module."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.inside = {
            node: each
            for each in ast.walk(tree)
            if isinstance(each, ast.FunctionDef)
            for node in ast.walk(each)
            if isinstance(node, ast.Call)
        }

    def found(self) -> set[str]:
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return {text for call in calls if _is_record(call) for text in self.texts(call.args[2], self.inside[call])}

    def texts(self, given: ast.expr, where: ast.FunctionDef) -> set[str]:
        if isinstance(given, ast.Constant):
            return {str(given.value)}
        if isinstance(given, ast.IfExp):
            return self.texts(given.body, where) | self.texts(given.orelse, where)
        if isinstance(given, ast.JoinedStr):
            made = {""}
            for part in given.values:
                ends = self.texts(part.value if isinstance(part, ast.FormattedValue) else part, where)
                made = {text + end for text in made for end in ends}
            return made
        if isinstance(given, ast.Name):
            return self.of_name(given.id, where)
        raise AssertionError(f"line {given.lineno}: say the action as a constant, a choice or a parameter")

    def of_name(self, name: str, where: ast.FunctionDef) -> set[str]:
        for node in self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    return {str(node.value.value)}
        for inner in ast.walk(where):
            if isinstance(inner, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in inner.targets):
                return self.texts(inner.value, where)
        names = [each.arg for each in where.args.args]
        place, found = names.index(name), set()
        default = place - len(names) + len(where.args.defaults)
        if default >= 0:
            found |= self.texts(where.args.defaults[default], where)
        for call, around in self.inside.items():
            if isinstance(call.func, ast.Name) and call.func.id == where.name:
                keyword = next((each.value for each in call.keywords if each.arg == name), None)
                if keyword is not None or place < len(call.args):
                    found |= self.texts(keyword or call.args[place], around)
        return found


def _is_record(call: ast.Call) -> bool:
    func = call.func
    return (
        isinstance(func, ast.Attribute)
        and func.attr == "record"
        and isinstance(func.value, ast.Name)
        and func.value.id == "audit"
    )


def proved() -> set[str]:
    """What somebody is asked for the password before: a refusal is recorded under the name that the caller gives."""
    found = set()
    for tree in sources():
        for where in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            calls = [node for node in ast.walk(where) if isinstance(node, ast.Call)]
            if {getattr(c.func, "attr", getattr(c.func, "id", "")) for c in calls} & {"confirm_present", "_both"}:
                texts = [n.value for n in ast.walk(where) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
                found |= {text for text in texts if re.fullmatch(r"(person|second_factor)\.[a-z_]+", text)}
    assert len(found) > 2
    return found


def recorded() -> set[str]:
    return {action for tree in sources() for action in Actions(tree).found()} | proved()


def test_every_action_that_is_recorded_has_a_word_and_every_word_an_action() -> None:
    assert recorded() == set(ACTIONS)


def test_the_reader_of_the_sources_follows_choices_and_parameters() -> None:
    text = """
def note(session, verb="kept"):
    audit.record(session, 1, f"thing.{'lost' if verb == 'x' else verb}", "thing:1")

def outer(session):
    note(session, "found")
    note(session, verb="sold")
"""
    assert Actions(ast.parse(text)).found() == {"thing.lost", "thing.kept", "thing.found", "thing.sold"}
    with pytest.raises(AssertionError, match="say the action"):
        Actions(ast.parse("def f(s):\n    audit.record(s, 1, made(), 'x')")).found()


def test_every_kind_of_subject_has_a_word() -> None:
    kinds = set()
    for tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_record(node):
                given = node.args[3]
                first = given.values[0] if isinstance(given, ast.JoinedStr) else given
                if isinstance(first, ast.Constant):
                    kinds.add(str(first.value).partition(":")[0])
    assert len(kinds) > 10
    assert kinds <= set(KINDS)
