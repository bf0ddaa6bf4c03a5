"""Simulating a draft over everybody and proving the ledger, at growing numbers of learners with 100 pieces each.

What is timed are the operator's own commands, started fresh: `duxue rules simulate` and `duxue credits verify`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete

from app.base.db import Database
from app.credits.simulation.models import PresentStand
from bench import ledgers
from bench.commands import Ran, run
from bench.ledgers import Ledgers

SIZES = (1_000, 4_000, 16_000, 64_000)


def measure(kinds: Sequence[str], keep: Callable[[list[dict[str, Any]]], None]) -> None:
    """Every size on every database. `BENCH_LEARNERS="1000 4000"` chooses sizes."""
    sizes = [int(size) for size in os.environ.get("BENCH_LEARNERS", "").split()] or SIZES
    print(f"\n{'credits':<34}{'database':<12}{'learners':>9}{'s':>9}{'cpu s':>9}{'MiB':>7}{'µs a piece':>12}  found")
    for kind in kinds:
        for size in sizes:
            begun = time.perf_counter()
            with ledgers.ledgers(kind, size) as where:
                print(f"· {kind}: {size} ledgers made in {time.perf_counter() - begun:.0f} s", flush=True)
                keep(_measured(where))


def _measured(where: Ledgers) -> list[dict[str, Any]]:
    year = date.today().year
    few = ledgers.draft(date(year + 1, 1, 1), cap='limit = 20\nper = "period" => limit = 19\nper = "period"')
    all_ = ledgers.draft(date(year + 1, 1, 1), rate="length / 45 => length / 46")
    simulate = ("rules", "simulate", "--json", "--as-if", f"{year}-01-01")
    rows = [
        _row("simulate, nothing packed", where, _duxue(where, *simulate, _file(where, few))),
    ]
    _forget(where)
    rows += [
        _row("simulate, the first of a day", where, _duxue(where, *simulate, _file(where, few))),
        _row("simulate", where, _duxue(where, *simulate, _file(where, few))),
        _row("simulate, everybody changes", where, _duxue(where, *simulate, _file(where, all_))),
        _row("verify", where, _duxue(where, "credits", "verify", "--json")),
    ]
    return rows


def _duxue(where: Ledgers, *arguments: str) -> Ran:
    return run(where.folder, where.urls.app_url, *arguments)


def _forget(where: Ledgers) -> None:
    """As the first simulation of a day finds it, where no task was there before."""
    db = Database(where.urls.app_url)
    with db.writing() as session:
        session.execute(delete(PresentStand))
    db.engine.dispose()


def _file(where: Ledgers, text: str) -> str:
    path = where.folder / "draft.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _row(name: str, where: Ledgers, ran: Ran) -> dict[str, Any]:
    told = json.loads(ran.said)
    found = f"{told['changed']} change" if "changed" in told else f"{told['differences']} differences"
    if told["learners"] != where.learners:
        raise SystemExit(f"bench: {name} saw {told['learners']} of {where.learners} learners")
    piece = ran.seconds / where.learners / ledgers.PIECES * 1e6
    print(
        f"{name:<34}{where.kind:<12}{where.learners:>9}{ran.seconds:>9.1f}{ran.cpu:>9.1f}{ran.bytes / 2**20:>7.0f}"
        f"{piece:>12.1f}  {found}",
        flush=True,
    )
    return {
        "name": name, "database": where.kind, "learners": where.learners, "pieces": where.learners * ledgers.PIECES,
        "seconds": round(ran.seconds, 2), "cpu_seconds": round(ran.cpu, 2), "peak_bytes": ran.bytes, "found": found,
    }  # fmt: skip
