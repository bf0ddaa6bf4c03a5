"""How often random rule sets are tried: all runs in the long form, else fewer, for each costs a loading or two."""

from __future__ import annotations

from hypothesis import settings

from tests.rules.conftest import RUNS

LONG = 10_000
tried = settings(max_examples=RUNS if RUNS >= LONG else max(25, RUNS // 8))
