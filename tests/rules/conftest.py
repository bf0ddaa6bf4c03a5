"""How long the properties of the rules are tried, and from which seed.

`DUXUE_RUNS`: examples a property (200 by default). `DUXUE_SEED`: repeats a run; without it every
run draws a new one. The seed stands in the header or the summary, and beside every failure.
"""

from __future__ import annotations

import os
import random
from collections.abc import Generator

import hypothesis.core
import pytest
from hypothesis import HealthCheck, settings

RUNS = int(os.environ.get("DUXUE_RUNS", "200"))
# Left in the environment so that processes which this one starts draw the same examples.
SEED = int(os.environ.setdefault("DUXUE_SEED", str(random.SystemRandom().getrandbits(32))))

settings.register_profile(
    "duxue",
    max_examples=RUNS,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("duxue")


def pytest_configure() -> None:
    """Start every property from our seed, unless --hypothesis-seed named another."""
    if hypothesis.core.global_force_seed is None:
        hypothesis.core.global_force_seed = SEED  # type: ignore[assignment]


def _told() -> str:
    return f"properties: {RUNS} runs each, DUXUE_SEED={hypothesis.core.global_force_seed}"


def pytest_report_header() -> str:
    """The seed (only where these tests were named on the command line; see the summary)."""
    return _told()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The seed, also where this file was loaded too late for the header."""
    terminalreporter.write_line(_told())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The seed beside every failure: with several processes there is no common header."""
    report = yield
    if report.failed:
        report.sections.append(("Seed", _told()))
    return report
