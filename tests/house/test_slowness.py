"""What `make check` leaves out is there, and nothing beside a change is left out."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import slowness

ROOT = Path(__file__).parents[2]


def test_the_list_names_tests_that_exist() -> None:
    """A test that was renamed is quick until it is measured again; its old name only misleads."""
    names = slowness.LIST.read_text().split()
    assert names == sorted(set(names))
    for file in sorted({name.partition("::")[0] for name in names}):
        tree = ast.parse((ROOT / file).read_text())
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} | {"TestAcademy::runTest"}
        wanted = {name.partition("::")[2] for name in names if name.startswith(f"{file}::")}
        assert wanted <= there, f"{file}: QUICK=--note-slow make check"


def test_what_is_slow_is_left_out_but_beside_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = next(name for name in slowness.LIST.read_text().split() if name.startswith("tests/credits/"))
    room = slow.split("/")[1]
    names = [f"{slow}[sqlite]", f"tests/{room}/test_new.py::test_new"]
    gone: list[object] = []
    config = SimpleNamespace(
        getoption=lambda _name: True, hook=SimpleNamespace(pytest_deselected=lambda items: gone.extend(items))
    )

    def kept() -> list[str]:
        items = [SimpleNamespace(nodeid=name) for name in names]
        slowness.pytest_collection_modifyitems(config, items)  # type: ignore[arg-type]
        return [item.nodeid for item in items]

    monkeypatch.setattr(slowness, "touched", frozenset)
    assert kept() == names[1:]
    assert len(gone) == 1
    monkeypatch.setattr(slowness, "touched", lambda: frozenset({room}))
    assert kept() == names


def test_rooms_with_changes_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"diff": "app/people/service.py\nREADME.md\n", "ls-files": "tests/roster/test_new.py\n"}
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_more: SimpleNamespace(stdout=said[command[1]], returncode=0)
    )
    assert slowness.touched() == {"people", "roster"}
