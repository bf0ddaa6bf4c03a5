"""The auditor's page: searching, reading what was and is, files; and that the auditor changes nothing."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
import time_machine
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text

from app import cli
from app.auditing import service
from app.base import audit, audit_chain, clock, runs
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.settings import Settings
from app.factory import Academy
from app.people import service as people
from app.rules.audit_chain import START, link_hash
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.supervision.place import plain

__all__ = ["academy_app", "traveller", "web_db"]
AT = "/desk/audit"


@pytest.fixture
def made(web_db: Database) -> factories.Academy:
    with web_db.writing() as session:
        found = factories.academy(session, learners=2, rules=False)
        factories.person(session, "auditor", "丁察", "audit_admin", "academy")
    return found


@pytest.fixture
def auditor(academy_app: Academy, made: factories.Academy) -> FlaskClient:
    assert made.learners
    return web.browser(academy_app, "auditor")


def test_who_did_what_from_where_and_what_was_there(
    auditor: FlaskClient, web_db: Database, made: factories.Academy
) -> None:
    with web_db.writing() as session:
        key = made.learner.key
        audit.record(session, made.teacher.id, "class.enrol", f"person:{key}", was={"group": "一"}, now={"group": "二"})
        audit.record(session, None, "books.verify", "books:all", "differences", differences=3)
    page = plain(web.strict(auditor.get(AT)))
    assert "沈静宜" in page
    assert "编入班级" in page
    assert "班级一→改为二" in page.replace(" ", "")
    assert "学员1" in page
    assert "发现不一致" in page
    assert "127.0.0.1" in page  # where the auditor's own sign-in came from
    english = web.browser(auditor.application, "auditor", "en")  # type: ignore[arg-type]
    assert "Put into a class" in plain(web.strict(english.get(AT)))


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("who=head1", "HEAD", "ADMIN"),
        ("who=沈静", "HEAD", "ADMIN"),
        ("who=jianghe", "ADMIN", "HEAD"),
        ("who=system", "NOBODY", "HEAD"),
        ("who=没有这个人", "", "HEAD"),
        ("subject=l002", "ADMIN", "HEAD"),
        ("subject=class-1", "NOBODY", "HEAD"),
        ("subject=class:class-1", "NOBODY", "HEAD"),
        ("action=course.offer", "ADMIN", "HEAD"),
        ("outcome=refused", "NOBODY", "ADMIN"),
        ("since=2026-03-03", "ADMIN", "HEAD"),
        ("until=2026-03-02", "HEAD", "ADMIN"),
        ("since=2026-03-02&until=2026-03-02&who=head1", "HEAD", "NOBODY"),
        ("since=nonsense&action=x&outcome=y&after=1-", "HEAD", ""),
    ],
)
def test_search(
    auditor: FlaskClient,
    web_db: Database,
    made: factories.Academy,
    traveller: time_machine.Traveller,
    query: str,
    there: str,
    gone: str,
) -> None:
    with web_db.writing() as session:
        audit.record(session, made.teacher.id, "lesson.add", f"person:{made.learner.key}", name="HEAD")
    traveller.shift(timedelta(hours=13))  # the academy's next day
    with web_db.writing() as session:
        two = made.learners[1]
        audit.record(session, made.admin.id, "course.offer", f"person:{two.key}", name="ADMIN")
        audit.record(session, None, "class.export", "class:class-1", "refused", name="NOBODY")
    page = web.browser(auditor.application, "auditor").get(f"{AT}?{query}")  # type: ignore[arg-type]
    shown = web.strict(page)
    assert there in shown
    assert not gone or gone not in shown


def test_fifty_a_page_and_none_twice(auditor: FlaskClient, web_db: Database, made: factories.Academy) -> None:
    with web_db.writing() as session:
        for number in range(120):
            audit.record(session, made.admin.id, "course.offer", f"course:c{number:03d}")
    seen: list[str] = []
    url = f"{AT}?action=course.offer"
    for _page in range(3):
        with web.statements(web_db) as asked:
            html = web.strict(auditor.get(url))
        assert len(asked) <= 9, asked
        seen += [f"c{number:03d}" for number in range(119, -1, -1) if f">c{number:03d}<" in html]
        _, _, rest = html.partition('rel="next" href="')
        url = rest.partition('"')[0].replace("&amp;", "&")
    assert not url
    assert seen == [f"c{number:03d}" for number in range(119, -1, -1)]


def test_files_have_what_is_filtered_and_no_formula(
    auditor: FlaskClient, web_db: Database, made: factories.Academy
) -> None:
    with web_db.writing() as session:
        audit.record(session, made.admin.id, "course.offer", "=HYPERLINK(1)", name="+1")
        audit.record(session, made.admin.id, "course.withdraw", "course:x")
    answer = auditor.get(f"{AT}/export.csv?action=course.offer")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert (len(rows), rows[1][6], rows[1][2]) == (2, "'=HYPERLINK(1)", "academy")
    assert rows[1][0].isdigit()
    assert len(rows[1][-1]) == 64
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
    lines = [json.loads(line) for line in auditor.get(f"{AT}/export.jsonl").text.splitlines()]
    assert lines[0]["action"] == "audit.export"  # taking a copy is an entry itself
    assert json.loads(lines[0]["detail"]) == {"filter": {}, "form": "jsonl"}
    assert json.loads(lines[1]["detail"]) == {"filter": {"action": "course.offer"}, "form": "csv"}
    assert auditor.get(f"{AT}/export.exe").status_code == 302


def test_the_chain_can_be_proved_from_the_file_alone(auditor: FlaskClient) -> None:
    lines = [json.loads(line) for line in auditor.get(f"{AT}/export.jsonl").text.splitlines()]
    previous = START
    columns = ("id", "at", "actor_id", "action", "subject", "outcome", "detail", "address", "device")
    bound = sorted((line for line in lines if line["seq"]), key=lambda line: line["seq"])
    assert len(bound) >= len(lines) - 1 > 5
    for seq, line in enumerate(bound, 1):
        assert line["seq"] == seq
        previous = link_hash(seq, previous, line["sealed_ms"], [line[column] for column in columns])
        assert previous == line["hash"]


def _work(web_db: Database, settings: Settings) -> None:
    with web_db.reading() as session:
        run = runs.latest(session, service.KIND)
    assert run is not None
    runs.perform(web_db, settings, run.id)


def test_from_the_button_to_the_result_and_the_alarm(
    auditor: FlaskClient, academy_app: Academy, web_db: Database
) -> None:
    settings: Settings = academy_app.extensions["duxue.settings"]
    assert "还没有核验" in web.strict(auditor.get(AT))
    web.send(auditor, AT, f"{AT}/proof")
    assert "data-run=" in web.strict(auditor.get(AT))
    _work(web_db, settings)
    assert "全部与写入时一致" in plain(web.strict(auditor.get(AT)))
    owner = Database(settings.owner_database_url)
    with owner.writing() as session:
        if owner.sqlite:
            session.execute(text("DROP TRIGGER audit_entry_no_update"))
        else:
            session.execute(text("DROP TRIGGER audit_entry_append_only ON audit_entry"))
        session.execute(text("UPDATE audit_entry SET subject = 'nobody' WHERE id = 2"))
    owner.engine.dispose()
    web.send(auditor, AT, f"{AT}/proof")
    _work(web_db, settings)
    page = plain(web.strict(auditor.get(AT)))
    assert "被改动" in page
    assert "审计日志与哈希链不一致" in auditor.get("/books").text
    academy = web.browser(academy_app, "academy")
    assert "审计日志与哈希链不一致" not in academy.get("/books").text
    with web_db.reading() as session:
        noted = session.scalars(select(AuditEntry.outcome).where(AuditEntry.action == "audit.verify")).all()
    assert noted == ["done", "differences"]


def test_a_proof_of_the_log_is_nobody_elses(auditor: FlaskClient, academy_app: Academy, web_db: Database) -> None:
    web.send(auditor, AT, f"{AT}/proof")
    with web_db.reading() as session:
        run = runs.latest(session, service.KIND)
    assert run is not None
    academy = web.browser(academy_app, "academy")
    assert academy.get(f"/runs/{run.id}").status_code == 404
    assert web.send(academy, "/account", f"/runs/{run.id}/stop").status_code == 404
    assert auditor.get(f"/runs/{run.id}").status_code == 200


def test_the_night_keeps_the_end_of_the_chain(
    academy_app: Academy, web_db: Database, made: factories.Academy, traveller: time_machine.Traveller
) -> None:
    settings: Settings = academy_app.extensions["duxue.settings"]
    assert made.learners
    with web_db.writing() as session:
        service.nightly(session, settings)
        service.nightly(session, settings)
    _work(web_db, settings)
    kept = service.kept(settings.heads_dir)
    with web_db.reading() as session:
        assert [each[0] for each in kept] == ["audit-2026-03-02.json"]
        assert kept[0][1] <= audit_chain.head(session).seq
    traveller.shift(timedelta(hours=13))  # one in the morning: not yet
    with web_db.writing() as session:
        service.nightly(session, settings)
        assert not runs.latest(session, service.KIND).is_open  # type: ignore[union-attr]
    (settings.heads_dir / "audit-2026-03-01.json").write_text("{}")
    with pytest.raises(service.HeadError):
        service.kept(settings.heads_dir)


def test_the_command(academy_app: Academy, made: factories.Academy) -> None:
    settings: Settings = academy_app.extensions["duxue.settings"]
    assert made.learners
    env = {"DUXUE_DATA_DIR": str(settings.data_dir), "DUXUE_DATABASE_URL": settings.database_url}
    kept = settings.data_dir / "head.json"
    assert CliRunner().invoke(cli.main, ["audit", "head", "--out", str(kept)], env=env).exit_code == 0
    good = CliRunner().invoke(cli.main, ["audit", "verify", "--json", "--head", str(kept)], env=env)
    assert good.exit_code == 0, good.output
    told = json.loads(good.stdout)
    assert (told["differences"], told["waiting"], told["found"]) == (0, 0, [])
    assert told["entries"] == told["seq"] > 5
    kept.write_text(json.dumps({"seq": 3, "hash": "f" * 64}))
    bad = CliRunner().invoke(cli.main, ["audit", "verify", "--head", str(kept)], env=env)
    assert (bad.exit_code, "link 3" in bad.stdout) == (1, True)
    kept.write_text("nothing")
    assert CliRunner().invoke(cli.main, ["audit", "verify", "--head", str(kept)], env=env).exit_code == 2


def test_a_part_of_the_academy_is_not_enough(academy_app: Academy, web_db: Database, made: factories.Academy) -> None:
    with web_db.writing() as session:
        factories.person(session, "part", "分院", "audit_admin", "unit", made.unit.id)
    part = web.browser(academy_app, "part")
    for url in (AT, f"{AT}/export.csv", f"{AT}/head.json"):
        assert part.get(url).status_code == 403, url


def test_a_million_entries_are_read_by_an_index(web_db: Database, made: factories.Academy) -> None:
    """Not the time, which depends on the machine: the way the database goes."""
    assert made.learners
    if not web_db.sqlite:
        return
    with web_db.writing() as session:
        now = clock.now()
        session.execute(
            insert(AuditEntry),
            [
                {"at": now, "actor_id": n % 50, "action": "sign_in", "subject": f"person:{n}", "outcome": "done",
                 "detail": "{}"} for n in range(3000)
            ],
        )  # fmt: skip
        for where in ("1", "actor_id = 3", "action = 'sign_in'", "subject = 'person:7'", "outcome = 'refused'"):
            plan = session.execute(
                text(f"EXPLAIN QUERY PLAN SELECT * FROM audit_entry WHERE {where} ORDER BY at DESC, id DESC LIMIT 51")
            ).all()
            told = " ".join(row[3] for row in plan)
            assert "USING INDEX ix_audit_entry" in told, (where, told)
            assert "TEMP B-TREE" not in told, (where, told)


def test_closing_an_account_says_who_and_from_where(web_db: Database, made: factories.Academy) -> None:
    """Outside of a request there is no address."""
    with web_db.writing() as session:
        people.disable(session, made.learner.id, made.admin.id)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.disable")).one()
    assert (entry.actor_id, entry.address, entry.device) == (made.admin.id, "", "")
