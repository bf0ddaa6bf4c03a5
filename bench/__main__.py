"""`python -m bench [beats|pages|postgresql|sqlite …]`: every figure beside its floor; nothing named: all."""

from __future__ import annotations

import os
import sys

import app.tables  # noqa: F401 — all models, for the copies
from bench import beats, pages
from bench.places import place
from bench.report import Report

PARTS, DATABASES = ("beats", "pages"), ("postgresql", "sqlite")


def main(wanted: list[str]) -> None:
    """Run the parts and databases that are named."""
    unknown = sorted(set(wanted) - {*PARTS, *DATABASES})
    if unknown:
        raise SystemExit(f"bench: there is no {unknown[0]!r}; choose from {', '.join((*PARTS, *DATABASES))}")
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    report = Report(seconds)
    for kind in [kind for kind in DATABASES if kind in wanted] or DATABASES:
        with place(kind) as where:
            parts = [part for part in PARTS if part in wanted] or PARTS
            if "beats" in parts:
                beats.measure(where, seconds, report.add)
            if "pages" in parts:
                pages.measure(where, seconds, report.add)


if __name__ == "__main__":
    main(sys.argv[1:])
