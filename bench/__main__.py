"""`python -m bench [beats|pages|fairness|credits|rosters|postgresql|sqlite …]`: figures beside floors;
nothing named: all.

`python -m bench faults [N] [postgresql|sqlite]`: N random faults in the books, each of which `verify` must name."""

from __future__ import annotations

import os
import sys

import app.tables  # noqa: F401 — all models, for the copies
from bench import beats, credits, fairness, faults, pages, parts, rosters, traces
from bench.places import place
from bench.report import Report

PARTS, DATABASES = ("beats", "pages", "fairness", "credits", "rosters"), ("postgresql", "sqlite")


def main(wanted: list[str]) -> None:
    """Run the parts and databases that are named."""
    if wanted[:1] == ["faults"]:
        _faults(wanted[1:])
        return
    unknown = sorted(set(wanted) - {*PARTS, *DATABASES})
    if unknown:
        raise SystemExit(f"bench: there is no {unknown[0]!r}; choose from {', '.join((*PARTS, *DATABASES))}")
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    report = Report(seconds)
    kinds = [kind for kind in DATABASES if kind in wanted] or DATABASES
    chosen = [part for part in PARTS if part in wanted] or PARTS
    for kind in kinds if {"beats", "pages"} & set(chosen) else ():
        with place(kind) as where:
            if "beats" in chosen:
                beats.measure(where, seconds, report.add)
                parts.measure(where, report.keep)
                traces.measure(where, report.keep)
            if "pages" in chosen:
                pages.measure(where, seconds, report.add)
    if "credits" in chosen:
        credits.measure(kinds, report.keep)
    if "rosters" in chosen:
        rosters.measure(kinds, report.keep)
    if "fairness" in chosen:
        missed = fairness.measure(kinds, report.keep)
        if missed:
            raise SystemExit("bench: fairness missed its targets:\n  " + "\n  ".join(missed))


def _faults(wanted: list[str]) -> None:
    numbers = [int(each) for each in wanted if each.isdigit()]
    kinds = tuple(kind for kind in DATABASES if kind in wanted) or DATABASES
    if not faults.measure(kinds, numbers[0] if numbers else 100):
        raise SystemExit("bench: a fault in the books was not named")


if __name__ == "__main__":
    main(sys.argv[1:])
