"""`duxue roster`, as programs use it; and the city of 16,000, where its files are at hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app import cli
from app.base.db import Database
from app.myself.corrections.models import Correction
from app.people.models import Person
from tests.roster.books import as_csv, as_xlsx, city, person

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

Duxue = Callable[..., Result]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def duxue(any_database: DatabaseUrls, tmp_path: Path) -> Duxue:
    """Run `duxue roster …` against the test's academy."""
    env = {
        "DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url,
        "DUXUE_OWNER_DATABASE_URL": any_database.owner_url,
    }  # fmt: skip

    def run(*arguments: object, code: int = 0) -> Result:
        found = CliRunner().invoke(cli.main, ["roster", *map(str, arguments)], env=env)
        assert found.exit_code == code, found.output + found.stderr
        return found

    return run


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_dry_run_tells_and_changes_nothing(duxue: Duxue, tmp_path: Path, any_database: DatabaseUrls) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(as_csv([*city(3), person(4, 手机号码="1")]))
    found = told(duxue("import", file, "--source", "人事处", "--dry-run", "--json"))
    assert {name: found[name] for name in ("new", "changed", "moved", "leaving", "unchanged")} == {
        "new": 3, "changed": 0, "moved": 0, "leaving": 0, "unchanged": 0,
    }  # fmt: skip
    assert found["wrong"] == [
        {
            "row": 5, "column": "手机号码", "problem": "This is no phone number: 1.",
            "suggestion": "A mobile number has 11 digits; a landline begins with its area code. Or leave it empty.",
        }
    ]  # fmt: skip
    assert "import" not in found
    db = Database(any_database.app_url)
    with db.reading() as session:
        assert session.scalars(select(Person.id)).all() == []
    db.engine.dispose()


def test_import_undo_export(duxue: Duxue, tmp_path: Path) -> None:
    file, later = tmp_path / "a.csv", tmp_path / "b.xlsx"
    file.write_bytes(as_csv(city(30), encoding="gb18030"))
    later.write_bytes(as_xlsx({"名册": [list(as_rows) for as_rows in [HEADINGS, *city(29), person(31)]]}))
    assert told(duxue("import", file, "--json"))["import"] == 1
    duxue("export", tmp_path / "before.csv")
    assert told(duxue("import", later, "--json")) | {"duplicates": []} == {
        "new": 1, "changed": 0, "moved": 0, "leaving": 1, "unchanged": 29, "wrong": [], "new_units": 0,
        "duplicates": [], "held": [], "sheets_not_read": [], "import": 2,
    }  # fmt: skip
    assert "new 0  changed 0  moved 0  leaving 0  unchanged 30  wrong 0" in duxue("import", later, "--dry-run").stdout
    assert told(duxue("undo", 2, "--json")) == {"import": 2, "undone": 2, "conflicts": []}
    duxue("export", tmp_path / "after.csv")
    assert (tmp_path / "before.csv").read_bytes() == (tmp_path / "after.csv").read_bytes()
    few = tmp_path / "few.xlsx"
    few.write_bytes(as_xlsx({"名册": [list(HEADINGS), *city(29)], "名册2": [list(HEADINGS), person(31)]}))
    spaced = told(duxue("import", few, "--source", " main ", "--dry-run", "--json"))
    assert (spaced["leaving"], spaced["sheets_not_read"]) == (1, ["名册2"])
    assert "sheets not read: 名册2" in duxue("import", few, "--dry-run").stdout
    duxue("export", tmp_path / "all.xlsx")
    again = told(duxue("import", tmp_path / "all.xlsx", "--dry-run", "--json"))
    assert again["unchanged"] == 30


HEADINGS = ("工号", "姓名", "手机号码", "电子邮箱", "所在单位", "主管单位", "单位性质", "职级", "重点培训学员")


def test_what_cannot_be_done_is_said_and_exits_2(duxue: Duxue, tmp_path: Path) -> None:
    file, few = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_bytes(as_csv(city(30)))
    few.write_bytes(as_csv(city(20)))
    empty = tmp_path / "c.csv"
    empty.write_bytes(b"")
    duxue("import", file)
    assert "--confirm-leaving" in duxue("import", few, code=2).stderr
    assert "nothing in this file" in duxue("import", empty, code=2).stderr
    assert "name the file .xlsx or .csv" in duxue("export", tmp_path / "x.pdf", code=2).stderr
    assert "no such import" in duxue("undo", 9, code=2).stderr
    assert "not in the range" in duxue("undo", 10**22, code=2).stderr
    assert "Say which column" in duxue("import", _file(tmp_path, b"a,b\n1,2\n"), code=2).stderr
    assert "still to come" in duxue("import", file, "--day", "2999-01-01", code=2).stderr
    duxue("import", few, "--confirm-leaving")
    assert "nobody with the login" in duxue("import", file, "--by", "nobody", code=1).stderr


def _file(folder: Path, raw: bytes) -> Path:
    path = folder / "d.csv"
    path.write_bytes(raw)
    return path


@pytest.mark.samples
def test_the_city_of_16000_comes_changes_and_goes_back(duxue: Duxue, tmp_path: Path, samples: Path) -> None:
    """Exactly what the samples' makers say: 300 joined, 250 gone, 397 moved, 150 new phone numbers."""
    first, later = samples / "rosters/roster-16000.xlsx", samples / "rosters/roster-16000-later.gb18030.csv"
    made = told(duxue("import", first, "--json"))
    assert (made["new"], made["wrong"], made["new_units"]) == (16_000, [], 208)
    duxue("export", tmp_path / "before.csv")
    found = told(duxue("import", later, "--json"))
    assert {name: found[name] for name in ("new", "changed", "moved", "leaving", "unchanged")} == {
        "new": 300, "changed": 150, "moved": 397, "leaving": 250, "unchanged": 15_203,
    }  # fmt: skip
    undone = told(duxue("undo", found["import"], "--json"))
    assert undone["conflicts"] == []
    duxue("export", tmp_path / "after.csv")
    assert (tmp_path / "before.csv").read_bytes() == (tmp_path / "after.csv").read_bytes()


def test_undo_in_a_process_of_its_own_knows_everything_that_may_name_a_person(tmp_path: Path) -> None:
    """Whoever asked for a correction since stays, and is named: as on the pages, whose process knows every table."""
    env = {**os.environ, "DUXUE_DATA_DIR": str(tmp_path / "data")}
    env.pop("DUXUE_DATABASE_URL", None)
    file = tmp_path / "a.csv"
    file.write_bytes(as_csv(city(3)))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    for arguments in (("migrate",), ("roster", "import", str(file))):
        assert run(*arguments).returncode == 0
    db = Database(f"sqlite:///{tmp_path / 'data' / 'duxue.sqlite'}")
    with db.writing() as session:
        asked = Correction(
            key="01K", person_id=session.scalars(select(Person.id)).first(), field="name", was="a", wanted="b",
            reason="", state="open", asked_at=datetime(2026, 5, 1, tzinfo=UTC), answer="",
        )  # fmt: skip
        session.add(asked)
    db.engine.dispose()
    undone = run("roster", "undo", "1", "--json")
    assert undone.returncode == 0, undone.stderr[-300:]
    told = [each["why"] for each in json.loads(undone.stdout)["conflicts"]]
    assert "The person has signed in, studied, joined a class or got a role since." in told


@pytest.mark.parametrize("name", ["roster", "serving"])
def test_what_undoes_imports_knows_every_table(name: str) -> None:
    """Who is referred to is looked for in all tables: the command's process and the one of `duxue jobs` know them."""
    code = (
        f"import app.cli, app.commands.{name}; from app.base.db import Base; known = set(Base.metadata.tables)\n"
        "from app.tables import METADATA; print(sorted(set(METADATA.tables) - known))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
