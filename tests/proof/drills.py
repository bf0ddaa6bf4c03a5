"""`python -m tests.proof.drills [name …]`: faults under load; the results go into docs/reliability.md.

DRILL_KILLS (60), DRILL_DATABASE_KILLS (20), DRILL_LEARNERS (16000) and DRILL_SECONDS (20) make them shorter.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import app.tables  # noqa: F401 — all models
from bench import machine
from tests.proof import drill_full, drill_kills, drill_phones, drill_restart
from tests.proof.cluster import NoPlace
from tests.proof.outcome import Outcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- drills: begin -->", "<!-- drills: end -->"


def _count(name: str, otherwise: int) -> int:
    return int(os.environ.get(name, otherwise))


def drills() -> dict[str, Callable[[], list[Outcome]]]:
    """Every drill by its name."""
    kills = _count("DRILL_KILLS", 60)
    return {
        "application": lambda: drill_kills.application_on_postgres(kills),
        "sqlite": lambda: drill_kills.application_on_sqlite(kills),
        "database": lambda: drill_kills.postmaster(_count("DRILL_DATABASE_KILLS", 20)),
        "restart": drill_restart.restart,
        "full": drill_full.full,
        "phones": lambda: drill_phones.phones(_count("DRILL_LEARNERS", 16_000), _count("DRILL_SECONDS", 20)),
    }


def main(wanted: list[str]) -> None:
    """Run the drills that are named (none: all) and write down what they found."""
    known = drills()
    if unknown := sorted(set(wanted) - set(known)):
        raise SystemExit(f"drills: there is no {unknown[0]!r}; choose from {', '.join(known)}")
    failed = False
    for name in [each for each in known if each in wanted] or known:
        begun = time.monotonic()
        try:
            found = known[name]()
        except NoPlace as reason:
            found = [Outcome(name, "", str(reason), None)]
        for each in found:
            print(f"{_verdict(each)}: {each.name}: {each.figures}", flush=True)
            failed |= each.kept is False
        print(f"· {name}: {time.monotonic() - begun:.0f} s", flush=True)
        write(name, found)
    if failed:
        raise SystemExit("drills: a promise was not kept")


def _verdict(found: Outcome) -> str:
    return {True: "kept", False: "NOT KEPT", None: "not drilled here"}[found.kept]


def write(name: str, found: list[Outcome]) -> None:
    """Put a drill's rows in the place of its old ones, under the present date and machine."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    rows = _by_name(table)
    rows[name] = [_row(each) for each in found]
    lines = [f"{row} <!-- {each} -->" for each in drills() if each in rows for row in rows[each]]
    head = ["| drill | promise | found | kept | when, on what |", "|---|---|---|---|---|"]
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join([*head, *lines]) + f"\n{END}{after}", encoding="utf-8")


def _by_name(table: str) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for row, name in re.findall(r"^(\|.*\|) <!-- (\w+) -->$", table, flags=re.MULTILINE):
        rows.setdefault(name, []).append(row)
    return rows


def _row(found: Outcome) -> str:
    cells = (found.name, found.promise, found.figures, _verdict(found), _when())
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def _when() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine.describe()}"


if __name__ == "__main__":
    main(sys.argv[1:])
