"""Coming from an older platform: hours become evidence with where they come from, are posted as they were, and go again
by new evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import cli
from app.base.db import Database
from app.base.errors import NotFound, Refused
from app.credits import queries as credits
from app.credits.models import Evidence, LearnerPeriod, LedgerTransaction, PeriodSeal
from app.credits.rulebook import publish_rules
from app.credits.statement import statement_of
from app.credits.verify import verify
from app.people.models import Person
from app.roster import service
from app.roster.importing import ManyLeave
from app.roster.looking import File
from app.roster.opening import report
from app.roster.opening.models import OpeningEntry
from app.roster.service import Applied, Order
from app.roster.subjects import SUBJECTS
from app.viewing.models import Coverage
from tests import factories
from tests.roster.books import as_xlsx, city
from tests.roster.conftest import DAY, imported

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

HEAD = ("工号", "姓名", "单位", "年度", "类别", "学时", "证书编号")
ROWS = (
    ("XY0001", "学员零零甲", "第一中学", 2023, "公需科目", 30, "JX-1"),
    ("XY0001", "学员零零甲", "第一中学", 2025, "专业科目", 19.5, ""),
    ("XY0002", "学员零零乙", "人民医院", 2025, "选修", 7, ""),
)
TOTALS = (("单位", "年度", "学时合计"), ("第一中学", 2023, 30), ("第一中学", 2025, 19.5), ("人民医院", 2025, 7))


def book(rows: Sequence[Sequence[Any]] = ROWS, **sheets: Sequence[Sequence[Any]]) -> bytes:
    return as_xlsx({"历年学时": [["旧平台导出"], HEAD, *rows], "单位合计": TOTALS, **sheets})


def took(db: Database, raw: bytes, *, many: bool = True, source: str = "旧平台") -> Applied:
    """Take a file over, and settle."""
    subject = SUBJECTS[service.OPENING]
    with db.writing() as session:
        known = service.remembered(session, source, service.OPENING)
        understood = subject.understand(File(raw, "旧平台.xlsx"), known)
        done = service.apply(
            session, understood, Order(source, "旧平台.xlsx", "ab" * 32, DAY, None, None, many), "opening"
        )
    service.settle(db, done.import_id)
    return done


def undone(db: Database, import_id: int) -> dict[str, int]:
    with db.writing() as session:
        found = service.undo(session, import_id, None, service.OPENING)
    service.settle(db, import_id)
    return found


def who(session: Session, login: str) -> int:
    return session.scalars(select(Person.id).where(Person.login == login)).one()


def sums(db: Database) -> dict[tuple[str, date], tuple[int, str]]:
    with db.reading() as session:
        rows = session.execute(
            select(Person.login, LearnerPeriod.period, LearnerPeriod.countable, LearnerPeriod.buckets).join(
                Person, Person.id == LearnerPeriod.learner_id
            )
        )
        return {(row[0], row[1]): (row[2], row[3]) for row in rows if row[2]}


def proves(db: Database) -> None:
    with db.reading() as session:
        assert not verify(session).differences


@pytest.fixture
def people(db: Database) -> Database:
    """Twelve people, and rules whose first version holds from 2026, their first period 2024."""
    with db.writing() as session:
        publish_rules(session, factories.RULES, None)
        imported(session, city(12))
    return db


def test_hours_are_posted_as_they_were_to_years_before_there_were_rules(people: Database) -> None:
    done = took(people, book())
    assert done.difference.counts()["new"] == 3
    assert {key: value[0] for key, value in sums(people).items()} == {
        ("xy0001", date(2023, 1, 1)): 30_000, ("xy0001", date(2025, 1, 1)): 19_500,
        ("xy0002", date(2025, 1, 1)): 7000,
    }  # fmt: skip
    with people.reading() as session:
        checked = report.after(session, done.import_id)
        assert not any(each.apart for each in checked)
        whole = report.whole(checked)
        assert {whole.said, whole.file, whole.taken, whole.earned, whole.countable} == {56_500}
        early = session.scalars(select(LearnerPeriod).where(LearnerPeriod.period == date(2023, 1, 1))).one()
        assert early.met, "nobody had a duty before the first period"
    proves(people)


def test_the_statement_tells_where_they_come_from(people: Database) -> None:
    done = took(people, book())
    with people.reading() as session:
        found = statement_of(session, who(session, "xy0001"), date(2026, 3, 2), date(2023, 1, 1))
        assert found is not None
        [line] = found.lines
        assert (line.bucket, line.countable, line.piece.kind) == ("general", 30_000, "opening")
        assert line.piece.day == date(2023, 12, 31), "the end of the year that it sums up"
        assert line.piece.facts["certificate"] == "JX-1"
        assert line.piece.facts["origin"] == {
            "file": "旧平台.xlsx", "sha256": "ab" * 32, "sheet": "历年学时", "row": 3, "source": "旧平台",
            "import": done.import_id, "unit": "第一中学",
        }  # fmt: skip


def test_the_same_file_twice_changes_nothing_and_another_posts_only_differences(people: Database) -> None:
    took(people, book())
    with people.reading() as session:
        before = (
            session.scalar(select(func.count()).select_from(Evidence)),
            session.scalar(select(func.count()).select_from(LedgerTransaction)),
        )
    assert took(people, book()).difference.counts()["unchanged"] == 3
    with people.reading() as session:
        assert before == (
            session.scalar(select(func.count()).select_from(Evidence)),
            session.scalar(select(func.count()).select_from(LedgerTransaction)),
        )
    changed = took(people, book([(*ROWS[0][:5], 31, "JX-1"), ROWS[1]]))
    assert {kind: n for kind, n in changed.difference.counts().items() if n} == {
        "changed": 1, "leaving": 1, "unchanged": 1,
    }  # fmt: skip
    assert sums(people)["xy0001", date(2023, 1, 1)][0] == 31_000
    assert ("xy0002", date(2025, 1, 1)) not in sums(people)
    proves(people)


def test_undoing_brings_the_ledger_back_by_new_evidence(people: Database) -> None:
    first = took(people, book())
    before = sums(people)
    second = took(people, book([(*ROWS[0][:5], 31, "JX-1"), ROWS[1], ("XY0003", "", "", 2025, "公需科目", 1, "")]))
    with people.reading() as session:
        recorded = session.scalar(select(func.count()).select_from(Evidence)) or 0
    with pytest.raises(Refused, match="A later import"):
        undone(people, first.import_id)
    assert undone(people, second.import_id) == {"undone": 4, "conflicts": 0}
    assert sums(people) == before
    with people.reading() as session:
        assert (session.scalar(select(func.count()).select_from(Evidence)) or 0) == recorded + 4, "nothing is deleted"
    assert took(people, book()).difference.counts()["unchanged"] == 3, "what had been replaced stands again"
    with pytest.raises(Refused, match="undone already"):
        undone(people, second.import_id)
    proves(people)


def test_after_undoing_the_first_nothing_is_left_and_it_can_come_again(people: Database) -> None:
    first = took(people, book())
    undone(people, first.import_id)
    assert sums(people) == {}
    again = took(people, book())
    assert again.difference.counts()["new"] == 3
    undone(people, again.import_id)
    assert sums(people) == {}
    proves(people)


def test_rosters_and_opening_balances_do_not_undo_each_other(people: Database) -> None:
    done = took(people, book(), source="人事处")  # the office that sends the rosters, too
    with people.writing() as session:
        with pytest.raises(NotFound):
            service.undo(session, done.import_id, None)
        with pytest.raises(NotFound):
            service.undo(session, 1, None, service.OPENING)
        found = service.undo(session, 1, None)
        assert found["conflicts"] >= 2, "who has hours stays"
        assert who(session, "xy0001")
    assert sums(people)["xy0001", date(2023, 1, 1)][0] == 30_000


def test_a_half_watched_course_is_told_and_gives_neither_hours_nor_coverage(people: Database) -> None:
    halves = (("工号", "课程名称", "已学分钟", "总分钟"), ("XY0002", "公文写作", 40, 90))
    papers = (("工号", "证书编号", "课程"), ("XY0002", "JX-9", "急救"))
    took(people, book([ROWS[0]], 未学完=halves, 证书=papers))
    assert [key[0] for key in sums(people)] == ["xy0001"]
    with people.reading() as session:
        learner = who(session, "xy0002")
        rows = {row.kind: row for row in session.scalars(select(Evidence).where(Evidence.learner_id == learner))}
        assert sorted(rows) == ["opening", "watched_elsewhere"]
        facts = json.loads(rows["watched_elsewhere"].facts)
        assert (facts["seen_ms"], facts["whole_ms"], facts["title"]) == (2_400_000, 5_400_000, "公文写作")
        assert "length_ms" not in facts, "rules that go by the length of a course would give it whole"
        assert json.loads(rows["opening"].facts)["certificate"] == "JX-9"
        assert session.scalars(select(Coverage.learner_id)).all() == []
        assert credits.periods_of(session, learner)[0].countable == 0


def test_a_sealed_year_takes_nothing(people: Database) -> None:
    took(people, book([ROWS[2]]))
    with people.writing() as session:
        session.add(
            PeriodSeal(period=date(2025, 1, 1), number=1, event="sealed", at=datetime(2026, 2, 1, tzinfo=UTC),
                       by_id=None, hash="0" * 64, overruled="{}", reason="")
        )  # fmt: skip
    found = took(people, book()).difference
    assert [(fault.row, fault.problem) for fault in found.faults] == [(4, "year_sealed"), (5, "year_sealed")]
    assert found.counts()["leaving"] == 0
    assert {key: value[0] for key, value in sums(people).items()} == {
        ("xy0001", date(2023, 1, 1)): 30_000, ("xy0002", date(2025, 1, 1)): 7000,
    }  # fmt: skip


def test_a_file_that_lacks_much_asks_twice(people: Database) -> None:
    took(people, book())
    with pytest.raises(ManyLeave):
        took(people, book([ROWS[0]]), many=False)
    assert len(sums(people)) == 3
    with people.reading() as session:
        assert session.scalar(select(func.count()).where(OpeningEntry.ended_import_id.is_(None))) == 3


def test_without_rules_the_hours_wait(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
    done = took(db, book())
    with db.reading() as session:
        assert [each.earned for each in report.after(session, done.import_id)] == [0, 0, 0]
    with db.writing() as session:
        publish_rules(session, factories.RULES, None)
    service.settle(db, done.import_id)
    with db.reading() as session:
        assert not any(each.apart for each in report.after(session, done.import_id))


def test_the_command(any_database: DatabaseUrls, tmp_path: Path, people: Database) -> None:
    env = {
        "DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url,
        "DUXUE_OWNER_DATABASE_URL": any_database.owner_url,
    }  # fmt: skip

    def duxue(*words: object) -> dict[str, Any]:
        found = CliRunner().invoke(cli.main, ["opening", *map(str, words), "--json"], env=env)
        assert found.exit_code == 0, found.output + found.stderr
        told: dict[str, Any] = json.loads(found.stdout)
        return told

    file = tmp_path / "旧平台.xlsx"
    file.write_bytes(book([*ROWS, ("XY9999", "", "第一中学", 2025, "选修", 2, "")]))
    dry = duxue("import", file, "--source", "旧平台", "--dry-run")
    assert "import" not in dry
    assert (dry["new"], dry["moved"], dry["leaving"], dry["unchanged"]) == (3, 0, 0, 0)
    assert dry["wrong"] == [
        {
            "row": 6, "column": "工号", "problem": "Nobody here has the staff number xy9999.", "sheet": "历年学时",
            "suggestion": "Import the roster with this person first, or correct the number.",
        }
    ]  # fmt: skip
    assert sums(people) == {}
    done = duxue("import", file, "--source", "旧平台")
    assert done["reconciliation"] == {
        "equal": False, "sums": 3,
        "hours": {"said": "56.5", "file": "58.5", "taken": "56.5", "earned": "56.5", "countable": "56.5"},
        "differences": [
            {"unit": "第一中学", "year": 2025, "said": "19.5", "file": "21.5", "taken": "19.5", "earned": "19.5",
             "countable": "19.5"}
        ],
    }  # fmt: skip
    assert duxue("undo", done["import"]) == {"import": done["import"], "undone": 3, "conflicts": []}
    assert sums(people) == {}
