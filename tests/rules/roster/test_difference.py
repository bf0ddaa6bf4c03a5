"""What a roster would change: exactly what differs, and nobody's account for a slip of the pen."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.rules.roster.difference import Difference, Present, UnitNow, compare
from app.rules.roster.model import Entry, Reading

UNITS = [
    UnitNow(1, "月山市", "", ""),
    UnitNow(2, "教育局", "月山市", "party_government"),
    UnitNow(3, "一中", "月山市", "school"),
]


def entry(number: int, **more: object) -> Entry:
    made = Entry(
        number + 1, f"xy{number:03d}", f"学员{number}", "教育局", "月山市", "party_government", f"1391234{number:04d}"
    )
    return replace(made, **more)  # type: ignore[arg-type]


def present(number: int, **more: object) -> Present:
    made = Present(number, f"xy{number:03d}", f"学员{number}", f"1391234{number:04d}", None, False, 2, "", here=True)
    return replace(made, **more)  # type: ignore[arg-type]


def found(entries: list[Entry], people: list[Present], **more: object) -> Difference:
    return compare(Reading(entries=entries, **more), people, UNITS)  # type: ignore[arg-type]


def kinds(difference: Difference) -> dict[str, str]:
    return {change.staff_number: change.kind for change in difference.changes}


def test_new_changed_moved_leaving_unchanged() -> None:
    difference = found(
        [entry(1), entry(2, phone="13900000002"), entry(3, unit="一中", nature="school"), entry(5)],
        [present(1), present(2), present(3), present(4)],
    )
    assert kinds(difference) == {
        "xy001": "unchanged", "xy002": "changed", "xy003": "moved", "xy004": "leaving", "xy005": "new",
    }  # fmt: skip
    assert difference.counts() == {"new": 1, "changed": 1, "moved": 1, "leaving": 1, "unchanged": 1}
    [changed], [moved] = difference.of("changed"), difference.of("moved")
    assert (changed.old, changed.new) == ({"phone": "13912340002"}, {"phone": "13900000002"})
    assert (moved.old, moved.new) == ({"unit": "教育局"}, {"unit": "一中"})


def test_an_empty_cell_says_nothing() -> None:
    difference = found([entry(1, phone=None)], [present(1, email="a@example.org", band="staff")])
    assert kinds(difference) == {"xy001": "unchanged"}


def test_leaving_is_reckoned_source_by_source() -> None:
    other, both = present(2, here=False), present(3, elsewhere=True)
    difference = found([entry(1)], [present(1), other, both])
    assert kinds(difference) == {"xy001": "unchanged", "xy003": "leaving"}
    assert difference.closing() == 0, "another source has this person"
    assert difference.base == 2


def test_nobody_is_taken_for_gone_who_stands_in_a_wrong_row() -> None:
    difference = found([entry(1)], [present(1), present(2), present(3), present(4)], held={"xy002"},
                       unreadable=[("学员3", ""), ("", "13912340004"), ("", "")])  # fmt: skip
    assert kinds(difference) == {"xy001": "unchanged"}
    assert difference.held == ["xy002", "xy003", "xy004"]


def test_who_comes_back_is_let_in_again_but_not_who_was_shut_out_by_hand() -> None:
    gone = present(1, closed=True, by_roster=True, here=False, unit_id=None)
    shut = present(2, closed=True)
    difference = found([entry(1), entry(2)], [gone, shut])
    assert [(c.kind, c.back) for c in difference.changes] == [("moved", True), ("unchanged", False)]


def test_new_units_superior_ones_first() -> None:
    difference = found([entry(1, unit="卫健委", parent="东山县"), entry(2)], [])
    assert difference.units == [("东山县", "", ""), ("卫健委", "东山县", "party_government")]


def test_a_unit_is_told_by_its_superior_where_two_have_one_name() -> None:
    units = [*UNITS, UnitNow(4, "东山县", "", ""), UnitNow(5, "教育局", "东山县", "party_government")]
    reading = Reading(entries=[entry(1), entry(2, parent="东山县"), entry(3, parent=None)])
    difference = compare(reading, [present(1), present(2, unit_id=5), present(3)], units)
    assert kinds(difference) == {"xy001": "unchanged", "xy002": "unchanged"}
    assert [(fault.row, fault.problem) for fault in difference.faults] == [(4, "unit_unclear")]
    assert difference.held == ["xy003"]


def test_who_may_be_somebody_else_is_shown_and_not_decided() -> None:
    same_phone, same_name = entry(8, phone="13912340001"), entry(9, name="学员2")
    difference = found([entry(1), entry(2), same_phone, same_name], [present(1), present(2)])
    assert [(t.why, t.staff_number, t.other) for t in difference.twins] == [
        ("phone", "xy008", "xy001"), ("name", "xy009", "xy002"),
    ]  # fmt: skip
    assert kinds(difference)["xy008"] == "new"


def _applied(difference: Difference, people: list[Present]) -> list[Present]:
    """The academy as it is after the difference was applied."""
    units = {unit.name: unit.id for unit in UNITS}
    after = {person.staff_number: person for person in people}
    for change in difference.changes:
        if change.entry is None:
            after[change.staff_number] = replace(
                after[change.staff_number], here=False, closed=True, by_roster=True, unit_id=None
            )
            continue
        told = change.entry
        was = change.present or Present(0, told.staff_number, "", None, None, False, None, "")
        after[change.staff_number] = replace(
            was, name=told.name, phone=told.phone or was.phone, unit_id=units[told.unit], here=True,
            key_trainee=was.key_trainee if told.key_trainee is None else told.key_trainee,
            closed=was.closed and not change.back, by_roster=False,
        )  # fmt: skip
    return list(after.values())


ENTRIES = st.lists(
    st.builds(
        lambda number, phone, unit, key: entry(
            number, phone=phone, unit=unit, nature="school" if unit == "一中" else "party_government", key_trainee=key
        ),
        st.integers(1, 12), st.sampled_from([None, "13900000001", "13900000002"]), st.sampled_from(["教育局", "一中"]),
        st.sampled_from([None, True, False]),
    ),
    unique_by=lambda each: each.staff_number,
)  # fmt: skip


@given(ENTRIES, ENTRIES)
def test_the_same_file_twice_changes_nothing_and_the_print_says_so(first: list[Entry], second: list[Entry]) -> None:
    people: list[Present] = []
    for entries in (first, second):
        difference = found(entries, people)
        assert difference.print() == found(entries, people).print()
        people = _applied(difference, people)
        again = found(entries, people)
        assert set(kinds(again).values()) <= {"unchanged"}
        quiet = {"new": 0, "changed": 0, "moved": 0, "leaving": 0}
        assert (again.print() == difference.print()) == (difference.counts() | quiet == difference.counts())
    present_now = {person.staff_number for person in people if person.here}
    assert present_now == {each.staff_number for each in second}


def test_a_unit_that_is_gone_takes_nobody_and_names_who_took_its_place() -> None:
    """Closed, or called otherwise now: the row is wrong, its person stays as they are, and nothing is made anew."""
    units = [
        *UNITS, UnitNow(4, "旧局", "月山市", "", gone=True, now="教育局"),
        UnitNow(3, "中学", "月山市", "", gone=True, now="一中"),
        UnitNow(5, "老县", "", "", gone=True),
    ]  # fmt: skip
    rows = [
        entry(1, unit="旧局"), entry(2, unit="中学"), entry(3, unit="新校", parent="老县"), entry(4, unit="教育局"),
    ]  # fmt: skip
    difference = compare(Reading(entries=rows), [present(number) for number in range(1, 5)], units)
    told = [(fault.row, fault.field, fault.problem, fault.wanted) for fault in difference.faults]
    assert told == [
        (2, "unit", "unit_gone", "教育局"), (3, "unit", "unit_gone", "一中"), (4, "parent", "unit_gone", ""),
    ]  # fmt: skip
    assert (kinds(difference), difference.units) == ({"xy004": "unchanged"}, [])
    # Where another unit bears the name today, that one is meant.
    again = compare(Reading(entries=[entry(1, unit="中学")]), [present(1)], [*units, UnitNow(6, "中学", "月山市", "")])
    assert (kinds(again), again.faults) == ({"xy001": "moved"}, [])
