"""Which tests the quick form leaves out: those that are slow, as they were once measured, and lie beside nothing that
changed. `--note-slow` measures anew, `--quick` leaves out; new tests are quick until they are measured."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("slow.txt")
SLOW_SECONDS = 0.2  # the mean of a test's parameters: what stays takes two cores a minute
ALWAYS = ("tests/house/test_tools.py",)  # linters and types


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options, for the two halves."""
    group = parser.getgroup("slowness")
    group.addoption("--quick", action="store_true", help=f"leave out what {LIST.name} names, but in rooms with changes")
    group.addoption("--note-slow", action="store_true", help=f"write {LIST.name} anew from this run")


def function_of(nodeid: str) -> str:
    """A test's name without its parameters and its group.

    >>> function_of("tests/a/test_b.py::test_c[sqlite]@group")
    'tests/a/test_b.py::test_c'
    """
    return nodeid.partition("[")[0].partition("@")[0]


def touched() -> frozenset[str]:
    """Names of rooms (`people`, `credits` …) in which something differs from the last commit."""
    said = ""
    for command in (["diff", "--name-only", "HEAD"], ["ls-files", "--others", "--exclude-standard"]):
        done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        said += done.stdout  # without git, or outside a repository, nothing is known to have changed
    parts = [Path(line).parts for line in said.splitlines()]
    return frozenset(part[1] for part in parts if len(part) > 2 and part[0] in ("app", "tests"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out, and says how much."""
    if not config.getoption("--quick"):
        return
    slow, near = frozenset(LIST.read_text().split()), touched()
    chosen: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        room = item.nodeid.split("/")[1]
        chosen[room in near or function_of(item.nodeid) not in slow].append(item)
    items[:] = chosen[True]
    config.hook.pytest_deselected(items=chosen[False])


class _Noting:
    """Sums up what tests took. Whatever is a group (xdist) is one: its first test builds what all of them use."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.names: dict[str, set[str]] = defaultdict(set)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        unit = report.nodeid.rpartition("]")[2].partition("@")[2] or function_of(report.nodeid)
        self.spent[unit] += report.duration
        self.names[unit].add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        slow = {
            function_of(name)
            for unit, spent in self.spent.items()
            if spent / len(self.names[unit]) > SLOW_SECONDS
            for name in self.names[unit]
        }
        LIST.write_text("".join(f"{name}\n" for name in sorted(slow) if not name.startswith(ALWAYS)))


def pytest_configure(config: pytest.Config) -> None:
    """Only where results are gathered."""
    if config.getoption("--note-slow") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Noting(), "slowness-noting")
