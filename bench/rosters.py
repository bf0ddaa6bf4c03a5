"""A city of 16,000 comes as a workbook, changes, is put into classes, goes back; and its lists are looked through.

What is timed are the operator's own commands, started fresh, and whole pages as the server makes them, in one process.
The floor of the commands is the same workbook read by the library alone, in a process of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from app.base import settings as reading
from app.base.db import Database
from app.factory import create_app
from app.people.models import Unit
from bench import databases
from bench.commands import Ran, run
from bench.databases import Empty
from bench.pages import counting
from tests import factories
from tests.factories import web
from tests.roster import books

PEOPLE, LATER, UNITS = 16_000, (300, 250, 397, 150), 208  # joined, gone, moved, new phone numbers
NATURES = ("党政机关", "事业单位", "国有企业", "学校", "医院", "乡镇街道", "群团组织")
TIMES = 7
PLAIN = (
    "import time; begun = time.perf_counter()\n"
    "from python_calamine import CalamineWorkbook\n"
    "import sys; book = CalamineWorkbook.from_path(sys.argv[1])\n"
    "rows = sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)\n"
    "print(time.perf_counter() - begun)"
)


def measure(kinds: Sequence[str], keep: Callable[[list[dict[str, Any]]], None]) -> None:
    """Everything on every database. The samples' city where `DUXUE_SAMPLES` names their folder, one like it else."""
    samples = os.environ.get("DUXUE_SAMPLES", "")
    print(f"\n{'rosters':<38}{'database':<12}{'s':>8}{'cpu s':>8}{'MiB':>7}{'floor s':>9}{'ratio':>7}  found  promise")
    for kind in kinds:
        with databases.empty(kind, "rosters") as where:
            files = _samples(Path(samples)) if samples else _made(where.folder)
            keep(_commands(kind, where, *files))
            keep(_lists(kind, where))


def _samples(folder: Path) -> tuple[Path, Path, Path]:
    names = ("roster-16000.xlsx", "roster-16000-later.gb18030.csv", "opening-balances-16000.xlsx")
    first, later, opening = (folder / "rosters" / name for name in names)
    return first, later, opening


def _made(folder: Path) -> tuple[Path, Path]:
    """A city and what became of it. It has no older platform to take balances from."""
    joined, gone, moved, phones = LATER
    city = [_somebody(number) for number in range(PEOPLE)]
    first, later = folder / "first.xlsx", folder / "later.csv"
    first.write_bytes(books.as_xlsx({"名册": [books.HEAD, *city]}))
    after = city[gone:]
    for number, row in enumerate(after[:moved]):
        row[4:7] = _unit(number + 1 + int(row[0][2:]) % UNITS)
    for row in after[moved : moved + phones]:
        row[2] = f"138{row[2][3:]}"
    after += [_somebody(PEOPLE + number) for number in range(joined)]
    random.Random(7).shuffle(after)
    later.write_bytes(books.as_csv(after, encoding="gb18030"))
    return first, later


def _unit(number: int) -> list[str]:
    number %= UNITS
    return [f"第{number}单位", "月山市", NATURES[number % len(NATURES)]]


def _somebody(number: int) -> list[str]:
    row = books.person(number)
    row[0], row[4:7] = f"XY{number:05d}", _unit(number)
    row[1] = "赵钱孙李周吴郑王"[number % 8] + "晓文静安宁远"[number // 8 % 6] + "岚清和舟"[number // 48 % 4]
    return row


def _commands(kind: str, where: Empty, first: Path, later: Path, balances: Path | None = None) -> list[dict[str, Any]]:
    floor = min(float(subprocess.check_output([sys.executable, "-c", PLAIN, first])) for _ in range(3))
    apply = "≤ 20 s, < 400 MB" if kind == "postgresql" else "≤ 30 s, < 400 MB"
    rows = []

    def step(name: str, promise: str, *arguments: str | Path) -> dict[str, Any]:
        ran = run(where.folder, where.urls.app_url, *map(str, arguments))
        said: dict[str, Any] = json.loads(ran.said) if "--json" in arguments else {}
        rows.append(_row(name, kind, ran, floor, promise, said))
        return said

    come = ("roster", "import", first, "--json")
    step("dry run of an empty academy", "≤ 10 s, < 400 MB", *come, "--dry-run")
    step("apply", apply, *come)
    step("the same again", "changes nothing", *come)
    step("classes by rule", "≤ 5 s", "classes", "assign", "--json")
    step("classes again", "moves nobody", "classes", "assign", "--json")
    before, after = where.folder / "before.csv", where.folder / "after.csv"
    step("export", "", "roster", "export", before)
    step("dry run of changes", "≤ 10 s, < 400 MB", "roster", "import", later, "--json", "--dry-run")
    changes = step("apply changes", apply, "roster", "import", later, "--json")
    step("undo", "", "roster", "undo", str(changes["import"]), "--json")
    step("export", "", "roster", "export", after)
    if before.read_bytes() != after.read_bytes():
        raise SystemExit("bench: undone, the academy is not what it was")
    step("apply changes once more", apply, "roster", "import", later, "--json")
    step("classes after it", "≤ 5 s", "classes", "assign", "--json")
    if balances is not None:
        taken = ("opening", "import", balances, "--json")
        step("dry run of opening balances", "", *taken, "--dry-run")
        step("apply opening balances", "", *taken)
    return rows


def _row(name: str, kind: str, ran: Ran, floor: float, promise: str, said: dict[str, Any]) -> dict[str, Any]:
    found = " ".join(f"{key} {value}" for key, value in said.items() if isinstance(value, int) and value)
    print(
        f"{name:<38}{kind:<12}{ran.seconds:>8.1f}{ran.cpu:>8.1f}{ran.bytes / 2**20:>7.0f}{floor:>9.2f}"
        f"{ran.seconds / floor:>7.1f}  {found}  {promise}",
        flush=True,
    )
    return {
        "name": f"roster: {name}", "database": kind, "seconds": round(ran.seconds, 2), "cpu_seconds": round(ran.cpu, 2),
        "peak_bytes": ran.bytes, "floor_seconds": round(floor, 3), "ratio": round(ran.seconds / floor, 1),
        "found": found, "promise": promise,
    }  # fmt: skip


def _lists(kind: str, where: Empty) -> list[dict[str, Any]]:
    """The long lists, sorted by each column and filtered in each way: the median of whole pages, in one process."""
    with _staff(where) as clients:
        rows = []
        for name, who, path, ways in _ways():
            client = clients[who]
            costs = {way: _cost(client, f"{path}?{way}") for way in ways}
            worst = max(costs, key=lambda way: costs[way][0])
            slowest, queries = costs[worst][0], sorted({cost[1] for cost in costs.values()})
            print(
                f"{name:<38}{kind:<12}{slowest * 1000:>8.0f} ms at most of {len(ways)} ways (?{worst}), "
                f"median {statistics.median(cost[0] for cost in costs.values()) * 1000:.0f} ms, queries {queries}",
                flush=True,
            )
            rows.append({
                "name": f"list: {name}", "database": kind, "p50_ms": round(slowest * 1000, 1), "way": worst,
                "queries": queries, "promise": "≤ 100 ms",
            })  # fmt: skip
        return rows


def _ways() -> Iterator[tuple[str, str, str, list[str]]]:
    sorts = [f"sort={turn}{by}" for by in ("name", "login", "unit", "state") for turn in ("", "-")]
    filters = ["", "q=林", "q=zxl", "q=XY01", "q=139000", "state=new", "state=active", "unit=UNIT", "page=200"]
    yield "accounts", "admin", "/desk/accounts", [f"{s}&{f}" for s, f in itertools.product(sorts, filters)]
    sorts = [f"sort={turn}{by}" for by in ("name", "login", "unit", "band", "since") for turn in ("", "-")]
    filters = ["", "q=林", "q=zxl", "q=XY01", "q=139000", "page=200"]
    yield "people of all units", "liaison", "/desk/people", [f"{s}&{f}" for s, f in itertools.product(sorts, filters)]
    yield (
        "a unit with all below",
        "admin",
        "/desk/units/ROOT",
        ["below=1", "below=1&page=200", "below=1&day=2026-01-01"],
    )
    yield "the tree of units", "admin", "/desk/units", ["", "q=一"]
    yield "the audit log", "audit", "/desk/audit", ["", "q=roster"]


def _cost(client: FlaskClient, address: str) -> tuple[float, int]:
    """Seconds (median) and statements of one opening."""
    root, unit = client.units  # type: ignore[attr-defined]
    address = address.replace("ROOT", root).replace("UNIT", unit)
    engine = client.application.extensions["duxue.db"].engine
    with counting(engine) as statements:
        answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"bench: {address} answered {answer.status_code}")
    spent = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        client.get(address)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent), len(statements)


@contextmanager
def _staff(where: Empty) -> Iterator[dict[str, FlaskClient]]:
    """Signed in: who sees all accounts, who looks after the uppermost unit, who reads the log."""
    db = Database(where.urls.app_url)
    with db.writing() as session:
        root, unit = session.scalars(select(Unit).order_by(Unit.parent_id.is_not(None), Unit.id)).all()[::200][:2]
        factories.person(session, "bench-admin", "蒋和", "academy_admin", "academy")
        factories.person(session, "bench-liaison", "岑安", "unit_liaison", "unit", root.id)
        factories.person(session, "bench-audit", "郭衡", "audit_admin", "academy")
        codes = root.code, unit.code
    db.engine.dispose()
    environment = {
        "DUXUE_DATA_DIR": str(where.folder), "DUXUE_DATABASE_URL": where.urls.app_url, "DUXUE_EMBEDDED": "0",
        "DUXUE_SECOND_FACTOR": "offered",
    }  # fmt: skip
    app = create_app(reading.load(environment))
    made = {name: web.browser(app, f"bench-{name}") for name in ("admin", "liaison", "audit")}
    for client in made.values():
        client.units = codes  # type: ignore[attr-defined]
    yield made
    app.extensions["duxue.db"].engine.dispose()
