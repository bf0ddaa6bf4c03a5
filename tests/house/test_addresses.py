"""No committed file names a package registry or a place on somebody's machine; locks carry hashes instead."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Put together here so that this file does not name them either.
HOSTS = [
    "py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com",
    "npm" + "mirror.com", "tao" + "bao.org", "tuna.tsing" + "hua", "mirrors.ali" + "yun",
    "mirrors.ten" + "cent",
    "mirrors.us" + "tc", "dou" + "ban.com", "proxy.go" + "lang", "crates" + ".io",
]  # fmt: skip
FORBIDDEN = re.compile("|".join(map(re.escape, HOSTS)) + "|(?<![\\w.$}/])/" + "(work|root|home)/[a-z]", re.IGNORECASE)
DATA = {".mp4", ".webm", ".png", ".jpg", ".jpeg", ".pdf", ".ico", ".woff2", ".xlsx", ".zip", ".m4a"}


def committed() -> list[Path]:
    """Every file that is in the repository or would be with the next `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        # A copy without history: what set-up and tests make is left out by name.
        made = {".venv", "node_modules", "var", ".git", "__pycache__", "vendor"}
        made |= {".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "duxue.egg-info"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.parts)]
    names = [name.decode() for name in listed.stdout.split(b"\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def complaints(text: str) -> list[str]:
    """The lines that name a forbidden address."""
    return [f"{number}: {line.strip()[:120]}" for number, line in enumerate(text.splitlines(), 1)
            if FORBIDDEN.search(line)]  # fmt: skip


def test_no_registry_and_no_machine_is_named() -> None:
    files = [path for path in committed() if path.suffix not in DATA]
    assert ROOT / "pyproject.toml" in files
    wrong = {}
    for path in files:
        if found := complaints(path.read_text(encoding="utf-8", errors="replace")):
            wrong[str(path.relative_to(ROOT))] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("--index-url https://" + HOSTS[0] + "/simple", True),
        ('"resolved": "https://registry.' + HOSTS[2] + '/x.tgz"', True),
        ("cp /" + "work/main/x .", True),
        ("pypinyin==0.55.0", False),
        ("see framework/main.py", False),
    ],
)
def test_the_check_sees(line: str, wrong: bool) -> None:
    assert bool(complaints(line)) is wrong


@pytest.mark.parametrize("name", ["run", "test"])
def test_lock_has_a_hash_for_every_package_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^#.*\n", "", text).strip())
    assert len(entries) > 30
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "index-url" not in text
    assert {"pip", "setuptools", "wheel"} <= {entry.split("==")[0] for entry in entries}


def test_the_test_lock_holds_all_of_the_run_lock() -> None:
    run, test = (
        set(re.findall(r"(?m)^\S+==\S+", (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")))
        for name in ("run", "test")
    )
    assert run <= test


def test_front_end_lock_has_hashes_and_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text("utf-8")
    assert '"integrity"' in text
    assert '"resolved"' not in text
