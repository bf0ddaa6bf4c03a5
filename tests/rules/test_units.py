"""Units in time as properties: what a move of memberships keeps, what the tree was on a day, what an act may not do."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.rules import units
from app.rules.units import CHANGE, CLOSE, MERGE, SPLIT, Act, Past, Refusal, Stay, Unit

DAY = date(2026, 3, 2)
days = st.integers(0, 40).map(lambda n: DAY + timedelta(days=n - 20))


@st.composite
def chains(draw: st.DrawFn) -> list[Stay]:
    """People whose memberships follow each other, with gaps and without."""
    found: list[Stay] = []
    for person in range(1, draw(st.integers(1, 4)) + 1):
        marks = sorted(draw(st.sets(days, min_size=1, max_size=6)))
        for at, since in enumerate(marks):
            last = at == len(marks) - 1
            until = None if last and draw(st.booleans()) else (marks[at + 1] if not last else since + timedelta(days=3))
            unit = draw(st.integers(1, 3))
            found.append(Stay(len(found) + 1, person, unit, draw(st.sampled_from(["staff", "section"])), since, until))
    return found


def where(stays: list[Stay], person: int, day: date) -> list[tuple[int, str]]:
    return [(each.unit, each.band) for each in stays if each.person == person and each.holds(day)]


@given(chains(), days)
def test_a_move_changes_the_unit_from_the_day_on_and_nothing_else(stays: list[Stay], day: date) -> None:
    mine = [each for each in stays if each.unit == 1]
    steps = units.move(mine, 2, day)
    changed = {each.id: each for each in (*steps.ended, *steps.turned)}
    after = [changed.get(each.id, each) for each in stays] + list(steps.begun)
    assert all(each.until is None or each.until > each.since for each in after)
    for person in {each.person for each in stays}:
        assert sum(each.until is None for each in after if each.person == person) <= 1
        for n in range(-25, 30):
            at = DAY + timedelta(days=n)
            before = where(stays, person, at)
            moved = [(2 if unit == 1 and at >= day else unit, band) for unit, band in before]
            assert where(after, person, at) == moved, (person, at)


@given(chains(), days)
def test_moving_once_more_does_nothing(stays: list[Stay], day: date) -> None:
    mine = [each for each in stays if each.unit == 1]
    steps = units.move(mine, 2, day)
    again = units.move([*steps.ended, *steps.begun, *steps.turned], 2, day)
    assert again == units.Steps((), (), ())


@given(st.lists(st.tuples(days, st.sampled_from(["甲", "乙", "丙"])), max_size=6, unique_by=lambda each: each[0]), days)
def test_a_unit_is_called_on_a_day_as_it_was_then(names: list[tuple[date, str]], day: date) -> None:
    ordered = sorted(names)
    now = Unit(1, None, "a", "今", "", "school")
    past = [Past(1, until, name, "", "school", None) for until, name in ordered]
    (found,) = units.as_of([now], reversed(past), day)
    assert found.name == next((name for until, name in ordered if until > day), "今")


@given(st.lists(st.integers(0, 7), min_size=1, max_size=8), st.lists(st.integers(0, 9), min_size=8, max_size=8))
def test_sums_are_those_of_the_branch(parents: list[int], counts: list[int]) -> None:
    tree = [Unit(n, min(p, n - 1) or None, str(n), str(n), "", "") for n, p in enumerate(parents, 1)]
    own = {unit.id: counts[unit.id - 1] for unit in tree}
    found = units.sums(tree, own)
    for unit in tree:
        assert found[unit.id] == sum(own[each] for each in units.below(tree, unit.id))
    assert sum(found[unit.id] for unit in tree if unit.parent is None) == sum(own.values())


def test_a_ring_of_units_ends() -> None:
    ring = [Unit(1, 2, "a", "a", "", ""), Unit(2, 1, "b", "b", "", "")]
    assert units.below(ring, 1) == {1, 2}
    assert units.sums(ring, {1: 3}) == {1: 3, 2: 3}


TREE = [
    Unit(1, None, "top", "市政府", "", ""),
    Unit(2, 1, "a", "甲局", "", ""),
    Unit(3, 2, "a1", "办公室", "", ""),
    Unit(4, 1, "b", "乙局", "", "", since=DAY - timedelta(days=5)),
    Unit(5, 4, "b1", "办公室", "", ""),
    Unit(6, 1, "old", "旧局", "", "", closed_on=DAY, successor=4),
]
STAY = Stay(1, 1, 2, "staff", DAY - timedelta(days=3))


def refused(act: Act, stays: list[Stay] | None = None, last: date | None = None) -> str:
    found = units.refusal(act, TREE, stays or [], last, DAY)
    assert found is None or isinstance(found, Refusal)
    return found.code if found else ""


def test_what_an_act_may_not_do() -> None:
    """Each refusal by its name, and the neighbour that is allowed."""
    week = DAY - timedelta(days=7)
    assert refused(Act(MERGE, 3, DAY, into=4)) == ""
    assert refused(Act(MERGE, 6, DAY, into=4)) == "closed"
    assert refused(Act(MERGE, 99, DAY, into=4)) == "closed"
    assert refused(Act(MERGE, 2, DAY, into=6)) == "no_target"
    assert refused(Act(MERGE, 2, DAY, into=None)) == "no_target"
    assert refused(Act(MERGE, 2, DAY, into=2)) == "own_branch"
    assert refused(Act(MERGE, 2, DAY, into=3)) == "own_branch"
    assert refused(Act(MERGE, 2, DAY, into=4)) == "name_below"
    assert refused(Act(MERGE, 3, week, into=4)) == "target_later"
    assert refused(Act(MERGE, 3, DAY + timedelta(days=1), into=4)) == "ahead"
    assert refused(Act(MERGE, 3, DAY - timedelta(days=1), into=4), last=DAY) == "before_act"
    assert refused(Act(MERGE, 3, DAY - timedelta(days=4), into=4), [STAY]) == "before_stay"
    assert refused(Act(MERGE, 3, DAY - timedelta(days=3), into=4), [STAY]) == ""
    assert refused(Act(CHANGE, 2, week, name="乙局", parent=1)) == "name_taken"
    assert refused(Act(CHANGE, 2, week, name="甲局", parent=1), [STAY]) == ""
    assert refused(Act(CHANGE, 2, DAY, name="甲局", parent=3)) == "own_branch"
    assert refused(Act(CHANGE, 2, DAY, name="甲局", parent=6)) == "no_parent"
    assert refused(Act(CHANGE, 2, week, name="甲局", parent=4)) == "target_later"
    assert refused(Act(SPLIT, 2, DAY, name="乙局"), [STAY]) == "name_taken"
    assert refused(Act(SPLIT, 2, DAY, name="丙局"), [STAY]) == ""
    assert refused(Act(CLOSE, 3, DAY), [STAY]) == "members"
    assert refused(Act(CLOSE, 2, DAY)) == "units_below"
    gone = Stay(2, 1, 3, "staff", week, DAY)
    assert refused(Act(CLOSE, 3, DAY), [gone]) == ""
    assert refused(Act(CLOSE, 3, DAY - timedelta(days=1)), [gone]) == "members"
