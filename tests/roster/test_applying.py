"""Applying and undoing: all or nothing, twice is once, back to the row; what happened since is kept and named."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import BadInput, NotFound, Refused
from app.classes import queries as classes
from app.classes import service as classing
from app.credits import service as credits
from app.credits.models import Evidence
from app.credits.verify import verify
from app.doors.scim.models import ScimMark
from app.people import queries as people
from app.people import service as peopling
from app.people.models import LoginSession, Person, RoleGrant, Unit, UnitMembership
from app.roster import export, looking, service
from app.roster.importing import ManyLeave, PeopleChanged
from app.roster.looking import File
from app.roster.models import RosterImport, RosterPerson
from app.tables import METADATA
from app.units import acts
from tests import factories
from tests.roster.books import as_csv, city, person
from tests.roster.conftest import DAY, imported

LATER = date(2026, 5, 4)


def tables(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Everything that undoing must bring back, to the row."""
    session.flush()
    models = (Person, Unit, UnitMembership, RoleGrant, RosterPerson)
    found = {}
    for name in (model.__tablename__ for model in models):
        table = METADATA.tables[name]
        rows = session.execute(select(table).order_by(*table.primary_key.columns))
        found[name] = [tuple(row) for row in rows]
    return found


def who(session: Session, login: str) -> Person:
    return session.scalars(select(Person).where(Person.login == login)).one()


def changes(rows: list[list[str]]) -> list[list[str]]:
    """Half a year later: 2 has a new phone, 3 has moved, 4 has left, 13 is new in a new unit."""
    kept = [row for row in rows if row[0] != "XY0004"]
    kept[1] = person(2, 手机号码="13700000002")
    kept[2] = person(3, 所在单位="卫生局", 单位性质="党政机关")
    return [*kept, person(13, 所在单位="档案馆", 主管单位="东山县", 单位性质="事业单位")]


def test_new_people_have_unit_band_and_the_right_to_study(db: Database) -> None:
    with db.writing() as session:
        done = imported(session, city(12))
    assert done.difference.counts()["new"] == 12
    with db.reading() as session:
        made = who(session, "xy0001")
        unit = people.unit_of(session, made.id, DAY)
        assert (made.name, made.phone, made.email) == ("学员零零甲", "13900000001", "xy1@example.org")
        assert made.name_pinyin == "xue yuan ling ling jia"
        assert unit is not None
        assert (unit.name, unit.band) == ("第一中学", "section")
        above = session.scalars(select(Unit.name).where(Unit.id == session.get_one(Unit, unit.id).parent_id)).one()
        assert above == "月山市"
        assert people.known(session, "xy0001").password_hash is None, "nobody can sign in with a password of ours"
        assert [g.role for g in session.scalars(select(RoleGrant).where(RoleGrant.person_id == made.id))] == ["learner"]
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "roster.import")).one()
        assert json.loads(entry.detail)["counts"]["new"] == 12


def test_the_same_file_twice_changes_nothing(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
    with db.writing() as session:
        before = tables(session)
        again = imported(session, city(12))
        assert again.difference.counts() == {"new": 0, "changed": 0, "moved": 0, "leaving": 0, "unchanged": 12}
        assert tables(session) == before


def test_a_later_file_moves_changes_closes_and_keeps_history(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
    with db.writing() as session:
        done = imported(session, changes(city(12)), day=LATER)
        assert done.difference.counts() == {"new": 1, "changed": 1, "moved": 1, "leaving": 1, "unchanged": 9}
    with db.reading() as session:
        assert who(session, "xy0002").phone == "13700000002"
        moved = who(session, "xy0003")
        before, after = people.unit_of(session, moved.id, DAY), people.unit_of(session, moved.id, LATER)
        assert before is not None
        assert after is not None
        assert (before.name, after.name) == ("教育局", "卫生局")
        gone = who(session, "xy0004")
        assert gone.disabled_at is not None
        assert people.unit_of(session, gone.id, LATER) is None
        assert people.unit_of(session, gone.id, DAY) is not None


def test_undo_brings_back_every_row(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
    with db.writing() as session:
        before, file = tables(session), export.as_csv(session)
        done = imported(session, changes(city(12)), day=LATER)
    with db.writing() as session:
        told = service.undo(session, done.import_id, None)
        assert told == {"undone": 7, "conflicts": 0}, "four people, three units"
        assert tables(session) == before
        assert export.as_csv(session) == file
        with pytest.raises(Refused, match="undone already"):
            service.undo(session, done.import_id, None)
    with db.writing() as session:
        again = imported(session, changes(city(12)), day=LATER)
        assert again.difference.counts()["moved"] == 1, "what was undone can be done again"


def test_undoing_the_first_import_leaves_an_empty_academy(db: Database) -> None:
    with db.writing() as session:
        before = tables(session)
        done = imported(session, city(12))
    with db.writing() as session:
        service.undo(session, done.import_id, None)
        assert tables(session) == before


def test_whom_an_identity_system_took_over_since_stays(db: Database) -> None:
    """Its mark names person and unit by number alone; nobody else may come by that number and inherit it."""
    with db.writing() as session:
        done = imported(session, city(3))
        unit = session.scalars(select(Unit).where(Unit.name == "教育局")).one()
        session.add(ScimMark(kind="user", target_id=who(session, "xy0001").id, external_id="E1"))
        session.add(ScimMark(kind="group", target_id=unit.id, external_id="G1"))
    with db.writing() as session:
        assert service.undo(session, done.import_id, None)["conflicts"] >= 2
    with db.reading() as session:
        left = {each.staff_number: each.conflict for each in service.conflicts(session, done.import_id)}
        assert left.pop("xy0001") == "used"
        assert set(left.values()) == {"unit_used"}
        assert {"xy0002", "xy0003"}.isdisjoint(left), "everybody else is taken back"


def test_imports_of_one_source_are_undone_the_newest_first(db: Database) -> None:
    with db.writing() as session:
        first = imported(session, city(12))
        second = imported(session, changes(city(12)), day=LATER)
        with pytest.raises(Refused, match=f"Undo import {second.import_id} first"):
            service.undo(session, first.import_id, None)
        with pytest.raises(NotFound):
            service.undo(session, 99, None)


def test_who_studied_or_was_moved_by_hand_is_kept_and_named(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
        group = classing.open_class(session, "class-1", "网络一班", "Class 1")
        for number in (3, 4):
            classing.enrol(session, who(session, f"xy{number:04d}").id, group.id, DAY, None)
    with db.writing() as session:
        done = imported(session, [*changes(city(12)), person(14), person(15)], day=LATER)
    with db.writing() as session:
        studied, moved, fresh = (who(session, f"xy{number:04d}") for number in (13, 3, 14))
        classing.enrol(session, studied.id, group.id, LATER, None)
        other = peopling.create_unit(session, "by-hand", "信访局", "Petitions", "party_government")
        peopling.join_unit(session, moved.id, other.id, "section", date(2026, 6, 1))
        fresh.phone = "13711111111"
        who(session, "xy0002").phone = "13722222222"
    with db.writing() as session:
        evidence = session.scalar(select(func.count()).select_from(Evidence)) or 0
        audited = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
        service.undo(session, done.import_id, None)
    with db.reading() as session:
        left = {each.staff_number: each.conflict for each in service.conflicts(session, done.import_id)}
        unit = session.scalars(select(Unit.code).where(Unit.name == "档案馆")).one()
        above = session.scalars(select(Unit.code).where(Unit.name == "东山县")).one()
        hygiene = session.scalars(select(Unit.code).where(Unit.name == "卫生局")).one()
        assert left == {
            "xy0013": "used", "xy0003": "unit", "xy0014": "phone", "xy0002": "phone", unit: "unit_used",
            above: "unit_used", hygiene: "unit_used",
        }  # fmt: skip
        assert who(session, "xy0002").phone == "13722222222"
        now = people.unit_of(session, who(session, "xy0003").id, date(2026, 6, 2))
        assert now is not None
        assert now.code == "by-hand"
        assert session.scalar(select(Person).where(Person.login == "xy0015")) is None
        back = who(session, "xy0004")
        assert back.disabled_at is None
        group_of = classes.class_of(session, back.id, LATER)
        assert group_of is not None, "who had left is in the class again"
        assert (session.scalar(select(func.count()).select_from(Evidence)) or 0) > evidence
        assert (session.scalar(select(func.count()).select_from(AuditEntry)) or 0) > audited


def test_a_move_is_evidence_and_undoing_withdraws_it_by_new_evidence(db: Database) -> None:
    with db.writing() as session:
        credits.publish_rules(session, factories.RULES, None)
        imported(session, city(12))
        group = classing.open_class(session, "class-1", "网络一班", "Class 1")
        learner = who(session, "xy0003").id
        classing.enrol(session, learner, group.id, DAY, None)
        done = imported(session, changes(city(12)), day=LATER)
    with db.writing() as session:
        credits.sweep(session)
        rows = session.scalars(select(Evidence).where(Evidence.learner_id == learner).order_by(Evidence.id)).all()
        assert [(row.kind, json.loads(row.facts)["change"]) for row in rows] == [
            ("standing", "joined"), ("standing", "changed"),
        ]  # fmt: skip
        service.undo(session, done.import_id, None)
        credits.sweep(session)
    with db.writing() as session:
        rows = session.scalars(select(Evidence).where(Evidence.learner_id == learner).order_by(Evidence.id)).all()
        assert [row.kind for row in rows] == ["standing", "standing", "correction"]
        assert rows[2].names == rows[1].key
        imported(session, changes(city(12)), day=LATER)
        credits.sweep(session)
        rows = session.scalars(select(Evidence).where(Evidence.learner_id == learner).order_by(Evidence.id)).all()
        assert [row.kind for row in rows] == ["standing", "standing", "correction", "standing"]
        assert verify(session).differences == []


def test_who_left_is_shut_out_at_once_and_let_in_when_back(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
        gone = who(session, "xy0004").id
        peopling.set_password(session, gone, factories.PASSWORD)
        peopling.sign_in(session, "xy0004", factories.PASSWORD, "phone", "127.0.0.1")
        imported(session, changes(city(12)), day=LATER)
        assert session.scalars(select(LoginSession.revoked_at).where(LoginSession.person_id == gone)).one() is not None
    with db.writing() as session:
        before = tables(session)
        back = imported(session, [*changes(city(12)), person(4)], day=date(2026, 6, 1))
        [change] = back.difference.of("moved")
        assert change.back
        assert who(session, "xy0004").disabled_at is None
    with db.writing() as session:
        service.undo(session, back.import_id, None)
        assert tables(session) == before


def test_more_than_a_share_leaves_only_when_told_twice(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(40))
    with db.writing() as session:
        assert imported(session, city(38), many=False).difference.closing() == 2, "5 % of 40"
    with db.reading() as session, pytest.raises(ManyLeave, match="3 accounts"):
        imported(session, city(35), many=False)
    with db.writing() as session:
        assert imported(session, city(35), many=True).difference.closing() == 3


def test_what_was_shown_is_what_is_applied_or_nothing(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
    with db.reading() as session:
        understood = looking.understand(File(as_csv(changes(city(12))), "a.csv"))
        shown = looking.difference(session, understood.reading, "人事处").print()
    with db.writing() as session:
        who(session, "xy0002").phone = "13733333333"
    with db.reading() as session, pytest.raises(PeopleChanged):
        imported(session, changes(city(12)), print_=shown)


def test_sources_do_not_close_each_others_people(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(6))
        other = imported(session, [person(number) for number in range(5, 9)], source="教育局")
        assert other.difference.counts() == {"new": 2, "changed": 0, "moved": 0, "leaving": 0, "unchanged": 2}
    with db.writing() as session:
        done = imported(session, [person(7)], source="教育局")
        assert done.difference.counts()["leaving"] == 3
        assert done.difference.closing() == 1, "two are kept by the other source"
        assert who(session, "xy0005").disabled_at is None
        assert who(session, "xy0008").disabled_at is not None
        service.undo(session, done.import_id, None)
        assert who(session, "xy0008").disabled_at is None


def test_nothing_is_half_applied(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 40: whatever breaks, wherever: all or nothing."""
    with db.writing() as session:
        imported(session, city(12))
        before = tables(session)

    class Broken(Exception):
        pass

    def broken(*_arguments: object, **_more: object) -> None:
        raise Broken

    for name in ("create_unit", "join_unit", "disable"):
        with monkeypatch.context() as patch:
            patch.setattr(peopling, name, broken)
            with pytest.raises(Broken), db.writing() as session:
                imported(session, changes(city(12)), day=LATER)
        with db.reading() as session:
            assert tables(session) == before, name
            assert session.scalar(select(func.count()).select_from(RosterImport)) == 1


def test_a_source_has_a_name_and_a_day_is_not_to_come(db: Database) -> None:
    with db.reading() as session, pytest.raises(BadInput, match="1 to 60"):
        imported(session, city(1), source=" ")


def test_names_of_units_with_the_same_initials_have_codes_of_their_own(db: Database) -> None:
    with db.writing() as session:
        imported(session, [person(1, 所在单位="财政局"), person(2, 所在单位="城建局"), person(3, 所在单位="产经局")])
        codes = session.scalars(select(Unit.code).where(Unit.name != "月山市")).all()
        assert sorted(codes) == ["cjj", "cjj-2", "czj"]


def test_no_roster_closes_opens_or_readdresses_a_separated_administrator(db: Database) -> None:
    """Whoever may import must not become whoever guards: by an address in a file, or by leaving one out."""
    with db.writing() as session:
        imported(session, city(6))
        guard = peopling.create_person(session, "xy0007", "卫七", email="guard@example.org")
        peopling.grant_role(session, guard.id, "sec_admin", "academy", since=DAY)
    with db.writing() as session:
        imported(session, [*city(6), person(7, 姓名="卫七", 电子邮箱="evil@example.org", 手机号码="13755555555")])
        found = who(session, "xy0007")
        assert (found.email, found.phone) == ("guard@example.org", None)
        imported(session, city(6), day=LATER)
        assert who(session, "xy0007").disabled_at is None


def test_no_roster_opens_what_was_closed_by_hand(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
        imported(session, changes(city(12)), day=LATER)
    with db.writing() as session:
        peopling.reopen(session, who(session, "xy0004").id, None)
        peopling.disable(session, who(session, "xy0004").id, None)
        peopling.disable(session, who(session, "xy0001").id, None)
    with db.writing() as session:
        imported(session, [row for row in city(12) if row[0] != "XY0001"], day=LATER)
        imported(session, city(12), day=LATER)
        assert who(session, "xy0004").disabled_at is not None
        assert who(session, "xy0001").disabled_at is not None


def test_undoing_a_first_contact_leaves_nobody_to_the_source(db: Database) -> None:
    """Else the next file of that source would close people who were never its own."""
    with db.writing() as session:
        imported(session, city(12))
        before = tables(session)
        done = imported(session, [person(1, 手机号码="13700000001"), person(2)], source="教育局")
    with db.writing() as session:
        service.undo(session, done.import_id, None)
        assert tables(session) == before


def test_undo_does_not_put_anybody_into_a_closed_class(db: Database) -> None:
    with db.writing() as session:
        imported(session, city(12))
        group = classing.open_class(session, "class-1", "网络一班", "Class 1")
        classing.enrol(session, who(session, "xy0004").id, group.id, DAY, None)
        done = imported(session, changes(city(12)), day=LATER)
        group.closed_on = LATER
    with db.writing() as session:
        service.undo(session, done.import_id, None)
        assert [each.conflict for each in service.conflicts(session, done.import_id)] == ["class"]
        assert classes.class_of(session, who(session, "xy0004").id, date(2026, 5, 5)) is None


def test_a_heading_that_stands_twice_is_read_the_same_the_next_time(db: Database) -> None:
    head = ("工号", "姓名", "手机号码", "电子邮箱", "所在单位", "主管单位", "单位性质", "职级", "手机号码")
    raw = as_csv([[*row[:8], "备用"] for row in city(3)], head)
    for expected in (3, 0):
        with db.writing() as session:
            understood = looking.understand(File(raw, "a.csv"), service.remembered(session, "x"))
            done = service.apply(session, understood, service.Order("x", "a.csv", "0" * 64, DAY, None))
            assert done.difference.counts()["new"] == expected
            assert understood.head.columns["phone"] == 2


def test_units_that_were_closed_or_renamed_are_not_made_anew(db: Database) -> None:
    """A roster that comes late: told which unit it is today; undoing puts nobody back into a unit that is closed."""
    with db.writing() as session:
        imported(session, city(3))
        moved = imported(session, [person(1, 所在单位="教育局"), *city(3)[1:]], day=LATER).import_id
        units = {unit.name: unit.code for unit in session.scalars(select(Unit))}
        home = people.unit_of(session, who(session, "xy0001").id, DAY)
        assert home is not None
        acts.perform(session, acts.Wanted("merge", home.code, LATER, target=units["人民医院"]), None, LATER)
        wanted = acts.Wanted(
            "change", units["教育局"], LATER, name="教育体育局", nature="school", parent=units["月山市"]
        )
        acts.perform(session, wanted, None, LATER)
        found = looking.difference(session, looking.understand(File(as_csv(city(3)), "a.csv"), {}).reading, "人事处")
        told = {(fault.shown, fault.wanted) for fault in found.faults}
        assert told == {(home.name, "人民医院"), ("教育局", "教育体育局")}
        assert (found.units, found.of("leaving")) == ([], [])
        assert service.undo(session, moved, None)["conflicts"] == 1
        now = people.unit_of(session, who(session, "xy0001").id, LATER)
        assert now is not None
        assert now.name == "教育体育局"


def test_nobody_belongs_to_a_unit_before_it_was_there(db: Database) -> None:
    begun = date(2026, 5, 10)  # split off later than the day of the file
    with db.writing() as session:
        imported(session, city(12))
        peopling.create_unit(session, "wsj-1", "卫生局", "Health", "党政机关", since=begun)
    with db.writing() as session:
        before = tables(session)
        new = person(14, 所在单位="卫生局", 单位性质="党政机关")
        done = imported(session, [*changes(city(12)), new], day=LATER)
        for login, was in (("xy0003", "教育局"), ("xy0014", None)):
            days = [people.unit_of(session, who(session, login).id, day) for day in (date(2026, 5, 9), begun)]
            assert [each and each.name for each in days] == [was, "卫生局"]
    with db.writing() as session:
        assert service.undo(session, done.import_id, None)["conflicts"] == 0
        assert tables(session) == before
