"""Rows of figures: printed one by one, kept in bench/results.json."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine
from bench.driver import Outcome

RESULTS = Path(__file__).with_name("results.json")


def row(
    name: str, database: str, load: str, outcome: Outcome, share: float, floor: float | None = None,
    promise: str = "", **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """One figure. `floor` is in the unit of `value`; in an open loop it is the offered rate."""
    return {
        "name": name,
        "database": database,
        "load": load,
        "value": round(outcome.rate, 1),
        "unit": "1/s",
        "floor": None if floor is None else round(floor, 1),
        "ratio": None if not floor else round(outcome.rate / floor, 3),
        "promise": promise,
        "p50_ms": round(outcome.percentile_ms(0.5), 1),
        "p95_ms": round(outcome.percentile_ms(0.95), 1),
        "p99_ms": round(outcome.percentile_ms(0.99), 1),
        "machine_share": round(share, 3),
        "failed": outcome.failed,
        "unsent": outcome.unsent,
        **more,
    }


class Report:
    """Prints each row as it comes, and writes the file after each: a run broken off leaves what it had."""

    def __init__(self, seconds: float) -> None:
        self._rows: list[dict[str, Any]] = []
        self._old: list[dict[str, Any]] = _known()
        self._head = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine.describe()}
        self._head["seconds"] = str(seconds)
        print(f"{self._head['machine']}; {seconds:g} s a run; shares are of the whole machine, driver included")
        print(
            f"{'':<38}{'database':<12}{'load':<11}{'1/s':>8}{'floor':>8}{'ratio':>7}"
            f"{'p50':>7}{'p95':>7}{'p99 ms':>8}{'share':>7}{'failed':>8}  promise"
        )

    def add(self, one: dict[str, Any]) -> None:
        """Keep and print."""
        self._rows.append(one)
        floor = "" if one["floor"] is None else f"{one['floor']:.0f}"
        ratio = "" if one["ratio"] is None else f"{one['ratio']:.2f}"
        behind = f" ({one['unsent']} not even sent)" if one["unsent"] > 50 else ""
        queries = f"; {one['queries']} queries, {one['kilobytes']} KB" if "queries" in one else ""
        print(
            f"{one['name']:<38}{one['database']:<12}{one['load']:<11}{one['value']:>8.0f}{floor:>8}{ratio:>7}"
            f"{one['p50_ms']:>7.1f}{one['p95_ms']:>7.1f}{one['p99_ms']:>8.1f}{one['machine_share']:>6.0%} "
            f"{one['failed']:>7}  {one['promise']}{queries}{behind}",
            flush=True,
        )
        self._write()

    def keep(self, rows: list[dict[str, Any]]) -> None:
        """Keep rows of another form, which are printed elsewhere."""
        self._rows += rows
        self._write()

    def _write(self) -> None:
        fresh = set(map(_which, self._rows))
        rows = [*(row for row in self._old if _which(row) not in fresh), *self._rows]
        RESULTS.write_text(json.dumps({**self._head, "rows": rows}, ensure_ascii=False, indent=1) + "\n")


def _known() -> list[dict[str, Any]]:
    """What earlier runs measured: a run of one part leaves the figures of the others."""
    try:
        rows: list[dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError):
        return []
    return rows


def _which(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a row is about."""
    return tuple(row.get(name) for name in ("name", "database", "load", "batch", "case", "learners"))
