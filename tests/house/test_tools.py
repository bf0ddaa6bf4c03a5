"""The linters and the type checker are tests, so that `make test` and the guarded line cannot forget them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = [name for name in ("app", "tests", "tools", "bench", "migrations") if (ROOT / name).is_dir()]
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "ruff", "check", "--no-cache", *PLACES], id="ruff"),
        pytest.param(["-m", "mypy"], id="mypy"),
        pytest.param(["-c", LINT_IMPORTS, "--no-cache"], id="import-linter"),
        pytest.param(["-m", "djlint", "app/templates", "--lint", "--quiet"], id="djlint"),
    ],
)
def test_tool_has_no_complaint(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
