"""People into classes: bounds, stability, few moves, pins, units together, whatever the order of the input."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.rules.filling import number_of
from app.rules.grouping import (
    ABOVE,
    BELOW,
    NO_ROOM,
    NO_RULE,
    TOO_FEW,
    Arrangement,
    Learner,
    Present,
    Rule,
    arrange,
)

NATURES, BANDS, DISTRICTS = ("school", "hospital", "township"), ("staff", "section"), ("east", "west", "north")


def crowd(number: int, unit: str = "u", *, first: int = 1, group: int | None = None, **facts: object) -> list[Learner]:
    facts = {"nature": "school", **facts}
    return [Learner(first + at, unit, group=group, **facts) for at in range(number)]  # type: ignore[arg-type]


def settled(people: list[Learner], found: Arrangement) -> tuple[list[Learner], list[Present]]:
    """Everybody where the arrangement puts them; classes that were made have a key of their own."""
    key = {made.key: 1000 - made.key for made in found.made}
    after = [
        dataclasses.replace(each, group=key.get(place, place))
        if (place := found.places.get(each.key)) is not None
        else dataclasses.replace(each, group=None, held=False)
        for each in people
    ]
    return after, [Present(key[made.key], made.rule) for made in found.made]


def again(people: list[Learner], rules: list[Rule], found: Arrangement, there: list[Present]) -> Arrangement:
    after, made = settled(people, found)
    kept = [dataclasses.replace(e, rule=found.ties.get(e.key, e.rule)) for e in there if e.key not in found.closed]
    return arrange(after, rules, [*kept, *made])


def moved(people: list[Learner], found: Arrangement) -> list[int]:
    return [e.key for e in people if e.group is not None and found.places.get(e.key) != e.group]


def sizes(found: Arrangement) -> dict[int, int]:
    return dict(Counter(found.places.values()))


# ---- one rule ----------------------------------------------------------------------------------------------------


def test_people_come_into_even_classes_of_about_the_best_size() -> None:
    people = [each for unit in range(30) for each in crowd(10, f"u{unit:02d}", first=unit * 10)]
    found = arrange(people, [Rule(1, 20, 50, 80)], [])
    assert sorted(sizes(found).values()) == [50] * 6
    assert [made.rule for made in found.made] == [1] * 6


def test_units_stay_together_unless_they_are_larger_than_a_class() -> None:
    people = [
        *crowd(70, "big", first=1000), *crowd(45, "half", first=2000),
        *(each for unit in range(9) for each in crowd(11, f"u{unit}", first=unit * 11)),
    ]  # fmt: skip
    found = arrange(people, [Rule(1, 20, 40, 60)], [])
    classes_of = {unit: {found.places[e.key] for e in people if e.unit == unit} for unit in {e.unit for e in people}}
    assert {unit for unit, classes in classes_of.items() if len(classes) > 1} == {"big"}
    assert all(20 <= size <= 60 for size in sizes(found).values())
    assert Counter(found.places[e.key] for e in people if e.unit == "big").most_common()[0][1] == 35


def test_too_few_are_reported_and_nobody_is_put_into_a_class_that_is_too_small() -> None:
    found = arrange(crowd(19), [Rule(1, 20, 40, 60)], [])
    assert (found.places, found.made) == ({}, [])
    assert set(found.unplaced.values()) == {TOO_FEW}
    assert [(each.kind, each.rule, each.people) for each in found.troubles] == [(TOO_FEW, 1, 19)]


def test_a_number_that_cannot_be_divided_fills_classes_and_reports_the_rest() -> None:
    found = arrange(crowd(27), [Rule(1, 20, 22, 25)], [])
    assert list(sizes(found).values()) == [25]
    assert list(found.unplaced.values()) == [NO_ROOM] * 2
    after, there = settled(crowd(27), found)
    assert moved(after, arrange(after, [Rule(1, 20, 22, 25)], there)) == []


def test_newcomers_go_to_their_unit_and_then_to_the_smallest_class() -> None:
    people = [*crowd(30, "a", group=1), *crowd(40, "b", first=100, group=2)]
    people += [*crowd(5, "b", first=200), *crowd(3, "c", first=300)]
    found = arrange(people, [Rule(7, 20, 40, 60)], [Present(1, 7), Present(2, 7)])
    assert sizes(found) == {1: 33, 2: 45}
    assert moved(people, found) == []


def test_a_class_above_its_largest_size_gives_away_just_what_is_too_much() -> None:
    people = [*crowd(40, "a", group=1), *crowd(25, "b", first=100, group=1), *crowd(30, "c", first=200, group=2)]
    found = arrange(people, [Rule(7, 20, 40, 60)], [Present(1, 7), Present(2, 7)])
    assert sizes(found) == {1: 60, 2: 35}
    assert moved(people, found) == [36, 37, 38, 39, 40]


def test_a_class_that_falls_below_is_filled_or_closed_whichever_moves_fewer() -> None:
    rule, there = Rule(7, 20, 30, 60), [Present(1, 7), Present(2, 7)]
    people = [*crowd(18, "a", group=1), *crowd(40, "b", first=100, group=2)]
    found = arrange(people, [rule], there)
    assert (len(moved(people, found)), found.closed, sizes(found)) == (2, [], {1: 20, 2: 38})
    people = [*crowd(5, "a", group=1), *crowd(40, "b", first=100, group=2)]
    found = arrange(people, [rule], there)
    assert (moved(people, found), found.closed, sizes(found)) == ([1, 2, 3, 4, 5], [1], {2: 45})


def test_more_than_there_is_room_for_open_a_class_that_takes_newcomers_first() -> None:
    people = [*crowd(60, "a", group=1), *crowd(15, "b", first=100)]
    found = arrange(people, [Rule(7, 20, 40, 60)], [Present(1, 7)])
    assert sizes(found) == {1: 55, -1: 20}
    assert len(moved(people, found)) == 5
    people = [*crowd(60, "a", group=1), *crowd(200, "b", first=100)]
    found = arrange(people, [Rule(7, 20, 40, 60)], [Present(1, 7)])
    assert moved(people, found) == []
    assert len(found.made) == 6  # nearest to the best size, not only the fewest


# ---- several rules -----------------------------------------------------------------------------------------------


def test_the_first_rule_that_fits_holds() -> None:
    rules = [
        Rule(1, 1, 9, 20, key_trainee=True),
        Rule(2, 1, 9, 20, natures=frozenset({"school"}), bands=frozenset({"staff"})),
        Rule(3, 1, 9, 20, districts=frozenset({"east"})),
    ]
    people = [
        Learner(1, "u", "school", "staff", "east", True), Learner(2, "u", "school", "staff", "east"),
        Learner(3, "u", "hospital", "staff", "east"), Learner(4, "u", "hospital", "staff", "west"),
    ]  # fmt: skip
    found = arrange(people, rules, [])
    by_rule = {made.key: made.rule for made in found.made}
    assert {key: by_rule[place] for key, place in found.places.items()} == {1: 1, 2: 2, 3: 3}
    assert found.unplaced == {4: NO_RULE}


def test_who_comes_under_another_rule_moves_and_nobody_else() -> None:
    rules = [Rule(1, 2, 5, 30, natures=frozenset({"school"})), Rule(2, 2, 5, 30, natures=frozenset({"hospital"}))]
    people = [*crowd(10, group=1), *crowd(10, "h", first=100, group=2, nature="hospital")]
    people[0] = dataclasses.replace(people[0], unit="h", nature="hospital")
    found = arrange(people, rules, [Present(1, 1), Present(2, 2)])
    assert moved(people, found) == [1]
    assert found.places[1] == 2


def test_who_fits_no_rule_any_more_is_reported_and_stays() -> None:
    people = crowd(10, group=1)
    people[3] = dataclasses.replace(people[3], nature="hospital")
    found = arrange(people, [Rule(1, 2, 5, 30, natures=frozenset({"school"}))], [Present(1, 1)])
    assert (moved(people, found), found.unplaced) == ([], {4: NO_RULE})


def test_districts_have_classes_of_their_own_and_small_ones_go_together() -> None:
    people = [
        *crowd(50, "a", district="east"), *crowd(12, "b", first=100, district="west"),
        *crowd(13, "c", first=200, district="north"),
    ]  # fmt: skip
    rule = Rule(1, 20, 30, 60, by_district=True)
    found = arrange(people, [rule], [])
    assert {made.district for made in found.made} == {"east"}
    assert sorted((t.kind, t.district, t.people) for t in found.troubles) == [
        (TOO_FEW, "north", 13),
        (TOO_FEW, "west", 12),
    ]
    found = arrange(people, [dataclasses.replace(rule, join_small=True)], [])
    divided = sorted((made.district, sizes(found)[made.key]) for made in found.made)
    assert divided == [("", 25), ("east", 25), ("east", 25)]
    assert (found.unplaced, found.troubles) == ({}, [])


def test_a_whole_rule_that_has_too_few_goes_with_the_next_and_the_last_with_the_one_before() -> None:
    school, rest = frozenset({"school"}), frozenset({"hospital"})
    people = [*crowd(12), *crowd(30, "h", first=100, nature="hospital")]
    joining = Rule(1, 20, 30, 60, natures=school, join_small=True)
    other = Rule(2, 20, 30, 60, natures=rest)
    for rules in ([joining, other], [other, joining]):
        found = arrange(people, rules, [])
        assert [(made.rule, sizes(found)[made.key]) for made in found.made] == [(2, 42)]
        assert moved(settled(people, found)[0], again(people, rules, found, [])) == []


def test_a_rule_that_takes_the_place_of_another_takes_over_its_class_and_nobody_moves() -> None:
    people = crowd(30, group=5)
    found = arrange(people, [Rule(2, 20, 30, 60)], [Present(5, None)])
    assert (moved(people, found), found.made, found.closed, found.ties) == ([], [], [], {5: 2})


# ---- pins --------------------------------------------------------------------------------------------------------


def test_a_pin_holds_against_rule_and_size() -> None:
    rules = [Rule(1, 2, 5, 10, natures=frozenset({"school"})), Rule(2, 2, 5, 10, natures=frozenset({"hospital"}))]
    people = [*crowd(10, group=1), *crowd(3, "h", first=100, group=1, nature="hospital", held=True)]
    people += crowd(4, "k", first=200, group=2, nature="hospital")
    found = arrange(people, rules, [Present(1, 1), Present(2, 2)])
    assert all(found.places[key] == 1 for key in (100, 101, 102))
    assert sizes(found) == {1: 10, 2: 4, -1: 3}  # three others make room
    people = [*crowd(12, group=1, held=True), *crowd(1, first=100, group=1)]
    found = arrange(people, rules, [Present(1, 1)])
    assert [(each.kind, each.group, each.people) for each in found.troubles if each.group] == [(ABOVE, 1, 13)]


def test_a_class_with_a_pinned_person_is_not_closed() -> None:
    people = [*crowd(1, group=1, held=True), *crowd(30, "b", first=100, group=2)]
    found = arrange(people, [Rule(1, 20, 30, 60)], [Present(1, 1), Present(2, 1)])
    assert (moved(people, found), found.closed) == ([], [])


# ---- laws --------------------------------------------------------------------------------------------------------


@st.composite
def rulebooks(draw: st.DrawFn) -> list[Rule]:
    found = []
    for key in range(1, draw(st.integers(1, 3)) + 1):
        smallest = draw(st.integers(1, 8))
        best = smallest + draw(st.integers(0, 6))
        subset = {"natures": NATURES, "bands": BANDS, "districts": DISTRICTS}
        chosen = {name: frozenset(draw(st.sets(st.sampled_from(all_), max_size=1))) for name, all_ in subset.items()}
        found.append(
            Rule(
                key, smallest, best, best + draw(st.integers(0, 8)), **chosen,
                key_trainee=draw(st.sampled_from([None, None, True, False])),
                by_district=draw(st.booleans()), join_small=draw(st.booleans()),
            )
        )  # fmt: skip
    return found


@st.composite
def academies(draw: st.DrawFn) -> tuple[list[Learner], list[Rule], list[Present]]:
    rules = draw(rulebooks())
    there = [
        Present(key, draw(st.sampled_from([None, *(r.key for r in rules)])))
        for key in range(1, draw(st.integers(0, 4)) + 1)
    ]
    units = [
        (f"u{number}", draw(st.sampled_from(NATURES)), draw(st.sampled_from(DISTRICTS)))
        for number in range(draw(st.integers(1, 6)))
    ]
    people = []
    for key in range(draw(st.integers(0, 60))):
        unit, nature, district = draw(st.sampled_from(units))
        group = draw(st.sampled_from([None, *(each.key for each in there)]))
        held = group is not None and draw(st.integers(0, 9)) == 0
        people.append(
            Learner(key, unit, nature, draw(st.sampled_from(BANDS)), district, draw(st.booleans()), group, held)
        )
    return people, rules, there


@given(academies(), st.randoms())
def test_the_order_of_people_and_classes_does_not_matter(
    academy: tuple[list[Learner], list[Rule], list[Present]], dice: random.Random
) -> None:
    people, rules, there = academy
    found = arrange(people, rules, there)
    assert arrange(dice.sample(people, len(people)), rules, dice.sample(there, len(there))) == found


@given(academies())
def test_a_second_run_moves_nobody(academy: tuple[list[Learner], list[Rule], list[Present]]) -> None:
    people, rules, there = academy
    found = arrange(people, rules, there)
    after, _made = settled(people, found)
    second = again(people, rules, found, there)
    assert moved(after, second) == []
    assert (second.made, second.closed) == ([], [])
    assert {e.key for e in after if e.group is None} == {e.key for e in after if e.key not in second.places}


@given(academies())
def test_nobody_is_lost_pins_hold_and_whoever_had_a_class_has_one(
    academy: tuple[list[Learner], list[Rule], list[Present]],
) -> None:
    people, rules, there = academy
    found = arrange(people, rules, there)
    for each in people:
        assert each.key in found.places or each.key in found.unplaced
        if each.held or (each.group is not None and each.key in found.unplaced):
            assert found.places[each.key] == each.group
        if each.group is not None:
            assert each.key in found.places
    assert set(found.places.values()).isdisjoint(found.closed)


@given(academies())
def test_classes_lie_within_their_bounds_or_it_is_said(
    academy: tuple[list[Learner], list[Rule], list[Present]],
) -> None:
    people, rules, there = academy
    found = arrange(people, rules, there)
    by_key = {rule.key: rule for rule in rules}
    count = sizes(found)
    for made in found.made:
        told = [each for each in found.troubles if each.group == made.key]
        assert by_key[made.rule].smallest <= count[made.key] <= by_key[made.rule].largest or told
    for trouble in found.troubles:
        if trouble.kind in (BELOW, ABOVE):
            assert trouble.group is not None


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30)
)
def test_fresh_classes_lie_within_the_bounds_wherever_that_can_be(
    units: list[int], smallest: int, more: int, most: int
) -> None:
    rule = Rule(1, smallest, smallest + more, smallest + more + most)
    people = [e for at, size in enumerate(units) for e in crowd(size, f"u{at:02d}", first=at * 100)]
    found = arrange(people, [rule], [])
    number = number_of(len(people), rule.smallest, rule.best, rule.largest)
    count = sizes(found)
    assert all(rule.smallest <= size <= rule.largest for size in count.values())
    if number is not None:
        assert (len(count), found.unplaced) == (number, {})


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(0, 60), st.integers(5, 20), st.integers(0, 20))
def test_as_many_move_as_leave_their_bounds_ask_for_and_no_more(
    there: list[int], coming: int, smallest: int, more: int
) -> None:
    """With one rule, compared with every number of closed and opened classes."""
    rule = Rule(1, smallest, smallest + more, smallest + 2 * more)
    people = [e for at, size in enumerate(there, 1) for e in crowd(size, f"u{at}", first=at * 100, group=at)]
    everybody = people + crowd(coming, "new", first=5000)
    found = arrange(everybody, [rule], [Present(at, 1) for at in range(1, len(there) + 1)])
    filled = sorted(size for size in there if size)
    best = None
    for closing in range(len(filled) + 1):
        kept = filled[closing:]
        for opening in range(40):
            if not (len(kept) + opening) * smallest <= len(everybody) <= (len(kept) + opening) * rule.largest:
                continue
            must = sum(filled[:closing]) + sum(max(0, size - rule.largest) for size in kept)
            lacking = sum(max(0, smallest - size) for size in kept) + opening * smallest
            cost = must + max(0, lacking - must - coming)
            best = cost if best is None else min(best, cost)
    if best is not None:
        assert len(moved(everybody, found)) == best
        assert found.unplaced == {}
