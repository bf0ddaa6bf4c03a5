"""What the import contracts cannot say: rules stand on the standard library only, and do no I/O."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Rules take `now`, numbers and text as values; whoever needs the world stands higher up.
WORLD = {"asyncio", "http", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3"}
WORLD |= {"subprocess", "tempfile", "threading", "time", "urllib", "uuid"}


def impure_imports(source: str) -> list[str]:
    """The names a rules module imports and may not: anything but `app.rules` and the harmless library."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            ours = name == "app.rules" or name.startswith("app.rules.")
            if not ours and (top not in sys.stdlib_module_names or top in WORLD):
                found.append(name)
    return found


def test_rules_are_pure() -> None:
    paths = sorted((ROOT / "app" / "rules").rglob("*.py"))
    assert paths
    wrong = {str(path.relative_to(ROOT)): impure_imports(path.read_text("utf-8")) for path in paths}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import bisect\nfrom app.rules.viewing import spans", []),
        ("import flask", ["flask"]),
        ("from app.base.clock import now", ["app.base.clock"]),
        ("def f():\n    import time", ["time"]),
        ("from app.ruleset import x", ["app.ruleset"]),
    ],
)
def test_the_check_sees(source: str, found: list[str]) -> None:
    assert impure_imports(source) == found


def test_the_package_itself_imports_nothing() -> None:
    tree = ast.parse((ROOT / "app" / "__init__.py").read_text("utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
