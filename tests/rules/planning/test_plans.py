"""Plans whose numbers are checked by hand: one kind of rule each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from app.rules.planning.goals import ways
from app.rules.planning.offers import Offer, Step
from app.rules.planning.planner import plan
from app.rules.planning.plans import Plan
from tests.rules.credit.kit import MIN, book, piece, pieces, rules

DAY = date(2026, 10, 12)
CONVERT = (
    'convert = [{id = "video", when = {kind = "watched"}, amount = "length / 45", bucket_field = "subject_bucket"},'
    ' {id = "class", when = {kind = "session"}, amount = "hours", bucket_field = "subject_bucket"},'
    ' {id = "exam", when = {kind = "exam", passed = true}, amount = "0.5", bucket_field = "subject_bucket"}]\n'
    'mark = [{id = "whole", when = {kind = "watched"}, measure = "seen / length", at_least = "1"}]\n'
    'round = [{id = "r", to = "0.001", mode = "nearest"}]\n'
)
YEARLY = 'requirement = [{id = "yearly", meets = {all = ["total"]}}]\n'
TEN = 'test = [{id = "total", measure = "countable", at_least = 10}]\n'


def course(code: str, hours: Sequence[float], bucket: str = "general", **more: Any) -> Offer:
    """A course with lessons of so many hours of 45 minutes."""
    facts = {"subject_bucket": bucket, **more.pop("facts", {})}
    steps = tuple(
        Step({**facts, "item": f"{code}:{n}", "edition": "1", "length_ms": int(h * 45 * MIN)}, int(h * 45 * MIN))
        for n, h in enumerate(hours)
    )
    return Offer(code, steps, **more)


def had(hours: float, happened: str = "2026-03-02T10:00", name: str = "had", bucket: str = "general") -> dict[str, Any]:
    return piece(name, "session", happened, hours_m=int(hours * 1000), subject_bucket=bucket)


def made(body: str, facts: Sequence[dict[str, Any]], offers: Sequence[Offer], day: date = DAY, **header: Any) -> Plan:
    found = book(rules(body, **header))
    planned = plan(found, pieces(found, facts), day, offers)
    assert planned is not None
    return planned


def codes(found: Plan) -> list[str]:
    return [each.code for each in found.courses]


def test_required_ones_come_first_and_then_the_least_time() -> None:
    offers = [
        course("long", [5]),
        course("late", [1], required=True, due=date(2026, 12, 1)),
        course("soon", [2], required=True, due=date(2026, 11, 1)),
        course("short", [1.5]),
    ]
    found = made(CONVERT + TEN + YEARLY, [had(6)], offers)
    assert (found.state, codes(found)) == ("closes", ["soon", "late", "short"])
    assert [each.gives for each in found.courses] == [2000, 1000, 1500]
    assert found.left_ms == 202.5 * MIN
    assert (found.days, found.days_left) == (1, 81)
    assert found.weekly_ms == found.left_ms * 7 // 81
    assert [(each.test, each.got, each.quota, each.short) for each in found.lacks] == [("total", 6000, 10_000, 4000)]
    assert found.after.tests["total"].got == 10_500


def test_a_course_that_is_not_needed_is_left_out_even_if_it_is_required() -> None:
    body = CONVERT + (
        'test = [{id = "professional", when = {bucket = "professional"}, measure = "countable", at_least = 2}]\n'
        'requirement = [{id = "yearly", meets = {all = ["professional"]}}]\n'
    )
    offers = [course("must", [3], required=True), course("may", [2], "professional")]
    assert codes(made(body, [], offers)) == ["may"]


def test_limits_are_honoured_and_named() -> None:
    cap = 'cap = [{id = "online", when = {kind = "watched"}, limit = 3, per = "period"}]\n'
    found = made(CONVERT + cap + TEN + YEARLY, [had(6)], [course("a", [2]), course("b", [2])])
    assert (found.state, codes(found)) == ("open", ["a", "b"])
    assert [(each.test, each.short) for each in found.leaves] == [("total", 1000)]
    [limit] = found.limits
    assert (limit.clause, limit.word, limit.lost, limit.limit, limit.codes) == ("online", "cut", 1000, 3000, ("b",))
    closed = made(CONVERT + cap + TEN + YEARLY, [had(7)], [course("a", [2]), course("b", [2])])
    assert (closed.state, closed.after.tests["total"].got) == ("closes", 10_000)


def test_what_is_met_and_would_be_lost_is_told() -> None:
    """Half of it in professional subjects holds as long as nothing is learned: what is on offer meets the one duty and
    breaks the other."""
    body = CONVERT + (
        'test = [{id = "total", measure = "countable", at_least = 1}, {id = "mostly", when = {bucket = "professional"},'
        ' measure = "countable", share_of = "total", basis = "got", at_least = "0.5"}]\n'
        'requirement = [{id = "share", meets = {all = ["mostly"]}}, {id = "yearly", meets = {all = ["total"]}}]\n'
    )
    found = made(body, [], [course("a", [0.5]), course("b", [0.5])])
    assert (found.state, codes(found)) == ("open", ["a", "b"])
    assert [(each.test, each.short) for each in found.lacks] == [("total", 1000)]
    assert [(each.test, each.short) for each in found.leaves] == [("mostly", 500)]
    more = made(body, [], [course("a", [0.5]), course("b", [0.5]), course("c", [0.5], "professional")])
    assert (more.state, len(more.courses), "c" in codes(more)) == ("closes", 2, True)


def test_where_a_limit_has_room_for_one_way_only_that_way_comes_first() -> None:
    """One hour may count online; an hour of either subject is enough, half of each is not."""
    cap = 'cap = [{id = "online", when = {kind = "watched"}, limit = 1, per = "period"}]\n'
    body = (
        CONVERT
        + cap
        + (
            'test = [{id = "pro", when = {bucket = "professional"}, measure = "countable", at_least = 1},'
            ' {id = "gen", when = {bucket = "general"}, measure = "countable", at_least = 1}]\n'
            'requirement = [{id = "either", meets = {any = ["pro", "gen"]}}]\n'
        )
    )
    offers = [course("a", [0.4]), course("b", [0.5], "professional"), course("c", [0.6])]
    found = made(body, [], offers)
    assert (found.state, sorted(codes(found))) == ("closes", ["a", "c"])
    assert [each.test for each in found.lacks] == ["gen"]


def test_limits_a_day_take_days() -> None:
    cap = 'cap = [{id = "day", when = {kind = "watched"}, limit = 2, per = "day"}]\n'
    offers = [course(name, [1, 1]) for name in "abcdefg"]
    found = made(CONVERT + cap + TEN + YEARLY, [had(1)], offers)
    assert (found.state, found.days, len(found.courses)) == ("closes", 5, 5)
    # Three days are left: only six of nine hours can count.
    late = made(CONVERT + cap + TEN + YEARLY, [had(1)], offers, date(2026, 12, 29))
    assert late.state == "open"
    assert [each.short for each in late.leaves] == [3000]
    assert late.limits[0].clause == "day"


def test_what_counts_of_today_is_not_counted_again() -> None:
    cap = 'cap = [{id = "day", when = {kind = "watched"}, limit = 2, per = "day"}]\n'
    seen = piece("now", "watched", "2026-12-31T20:00", item="x", seen_ms=45 * MIN, length_ms=45 * MIN)
    found = made(CONVERT + cap + TEN + YEARLY, [had(7), seen], [course("a", [1, 1])], date(2026, 12, 31))
    assert (found.state, [each.short for each in found.leaves]) == ("open", [1000])
    assert found.after.tests["total"].got == 9000


def test_repeats_give_nothing_and_say_why() -> None:
    once = 'duplicate = [{id = "once", when = {kind = "watched"}, key = ["item"], within = "period"}]\n'
    seen = piece(
        "old", "watched", item="a:0", edition="0", seen_ms=45 * MIN, length_ms=45 * MIN, subject_bucket="general"
    )
    found = made(CONVERT + once + TEN + YEARLY, [had(7), seen], [course("a", [1]), course("b", [2])])
    assert codes(found) == ["b"]
    [idle] = found.idle
    assert (idle.clause, idle.word, idle.codes) == ("once", "repeat", ("a",))


def test_shares_are_honoured() -> None:
    share = 'share = [{id = "half", when = {subject_bucket = "online"}, at_most = "0.5", of = "total"}]\n'
    body = CONVERT + share + TEN + YEARLY
    offers = [course("long", [9], "online"), course("class", [3], "general")]
    found = made(body, [had(4)], offers)
    # 4 + 3 h are of another kind, so at most 7 h of `long` count.
    assert (found.state, codes(found)) == ("closes", ["class", "long"])
    assert [(each.code, each.gives) for each in found.courses] == [("class", 3000), ("long", 7000)]
    assert [(each.clause, each.word, each.lost) for each in found.limits] == [("half", "share", 2000)]
    assert made(body, [had(4)], offers[:1]).state == "open"


def test_a_lesson_that_needs_its_exam_is_proposed_with_it_or_named() -> None:
    needs = (
        'needs = [{id = "with-exam", when = {kind = "watched"}, evidence = {kind = "exam", passed = true},'
        ' same = "item"}]\n'
    )
    alone = course("a", [3])
    exam = Step({"kind": "exam", "passed": True, "item": "b:0", "subject_bucket": "general"}, 20 * MIN)
    both = course("b", [3])
    both = Offer("b", (*both.steps, exam))
    found = made(CONVERT + needs + TEN + YEARLY, [had(7)], [alone, both])
    assert (found.state, codes(found), found.waiting) == ("closes", ["b"], (("a", "with-exam"),))
    assert found.after.tests["total"].got == 10_500
    assert found.left_ms == (3 * 45 + 20) * MIN


def test_what_waits_for_an_exam_on_offer_is_released() -> None:
    needs = (
        'needs = [{id = "with-exam", when = {kind = "session"}, evidence = {kind = "exam", passed = true},'
        ' same = "item"}]\n'
    )
    waits = {**had(4, name="waits"), "item": "k"}
    exam = Offer("exam", (Step({"kind": "exam", "passed": True, "item": "k"}, 20 * MIN),))
    given = [piece("free", "watched", item="f", seen_ms=270 * MIN, length_ms=270 * MIN), waits]
    found = made(CONVERT + needs + TEN + YEARLY, given, [course("long", [8]), exam])
    assert (found.state, codes(found)) == ("closes", ["exam"])
    assert (found.courses[0].gives, found.released) == (500, 4000)


def test_alternatives_are_told_with_what_each_takes() -> None:
    body = CONVERT + (
        'test = [{id = "days", measure = "days", at_least = 12},'
        ' {id = "hours", measure = "countable", at_least = 90}]\n'
        'requirement = [{id = "yearly", who = {band = ["lower"]}, meets = {any = ["days", "hours"]}}]\n'
    )
    here = piece("in", "standing", "2026-01-01T00:00", band="lower", change="joined")
    given = [here, {**had(88), "half_days": 22}]
    found = made(body, given, [course("a", [2])])
    assert (found.state, codes(found)) == ("closes", ["a"])
    assert [[(each.test, each.short) for each in way.lacks] for way in found.ways] == [
        [("hours", 2000)],
        [("days", 1000)],
    ]
    assert [way.left_ms for way in found.ways] == [90 * MIN, None]
    # With nothing on offer the nearest way comes first: 1 of 12 days is more than 2 of 90 hours.
    assert [way.lacks[0].test for way in made(body, given, []).ways] == ["hours", "days"]
    # Nothing is required of another band.
    other = [{**here, "band": "upper"}]
    assert made(body, other, [course("a", [2])]).state == "none"


def test_an_older_shortfall_is_paid_first_and_belongs_to_the_goal() -> None:
    make_up = 'make_up = [{id = "cure", tests = ["total"], months = 6}]\n'
    body = CONVERT + TEN + YEARLY + make_up
    given = [had(8, "2025-05-01T10:00"), had(9, "2026-07-05T10:00", "later")]
    offers = [course("a", [1]), course("b", [1]), course("c", [1.5])]
    inside = made(body, [given[0], had(9, "2026-01-05T10:00", "early")], offers, date(2026, 3, 2))
    # The nine hours of January have paid the two missing ones of 2025: seven are left.
    assert (inside.state, inside.owed, inside.before.tests["total"].got) == ("closes", (), 7000)
    fresh = made(body, given[:1], [course("a", [12])], date(2026, 3, 2))
    assert fresh.owed == ((date(2025, 1, 1), "yearly"),)
    assert {(each.start.year, each.short) for each in fresh.lacks} == {(2025, 2000), (2026, 10_000)}
    assert (fresh.courses[0].earlier, fresh.courses[0].gives) == (2000, 10_000)
    assert [(each.clause, each.word, each.lost) for each in fresh.limits] == [("cure", "make_up", 2000)]
    # After the window the debt is no goal any more.
    over = made(body, given, offers)
    assert (over.state, over.owed, codes(over)) == ("closes", (), ["a"])


def test_exempt_and_done_have_no_gap() -> None:
    span: dict[str, Any] = {"from": "2026-01-01", "until": "2026-12-31", "approved": True}
    away = piece("away", "exemption", **span)
    whole = 'reduce = "whole"'
    assert made(CONVERT + TEN + YEARLY, [away], [course("a", [2])], period=whole).state == "exempt"
    assert made(CONVERT + TEN + YEARLY, [had(10)], [course("a", [2])]).state == "met"
    left = piece("gone", "standing", "2025-02-01T00:00", change="left")
    assert made(CONVERT + TEN + YEARLY, [left], [course("a", [2])]).state == "none"


def test_a_yearly_minimum_within_a_cycle_that_is_not_over() -> None:
    body = CONVERT + (
        'test = [{id = "year", measure = "countable", at_least = 2},'
        ' {id = "three", measure = "countable", at_least = 60, over = "cycle"}]\n'
        'requirement = [{id = "duty", meets = {all = ["year", "three"]}}]\n'
    )
    found = made(body, [had(1)], [course("a", [1])], period="cycle = 5")
    assert (found.state, codes(found), found.after.requirements) == ("closes", ["a"], {"duty": "not due"})


def test_where_courses_take_each_others_room_the_ones_that_are_missing_go_first() -> None:
    body = CONVERT + (
        'cap = [{id = "online", when = {kind = "watched"}, limit = 2, per = "period"}]\n'
        'test = [{id = "professional", when = {bucket = "professional"}, measure = "countable", at_least = 2}]\n'
        'requirement = [{id = "yearly", meets = {all = ["professional"]}}]\n'
    )
    mixed = Offer("mixed", (*course("g", [1]).steps, *course("p", [1], "professional").steps), required=True)
    found = made(body, [], [mixed, course("more", [2], "professional")])
    assert (found.state, codes(found)) == ("closes", ["more"])


def test_an_upper_limit_is_not_broken_for_a_lower_one() -> None:
    body = CONVERT + (
        'test = [{id = "total", measure = "countable", at_least = 10},'
        ' {id = "few", when = {bucket = "general"}, measure = "countable", at_most = 7}]\n'
        'requirement = [{id = "yearly", meets = {all = ["total", "few"]}}]\n'
    )
    offers = [course("short", [4]), course("long", [5], "professional")]
    found = made(body, [had(6)], offers)
    assert (found.state, codes(found)) == ("closes", ["long"])


def test_a_mark_below_the_whole_is_what_evidence_will_say() -> None:
    body = (
        (CONVERT + TEN + YEARLY).replace('"length / 45"', '"seen / 45"').replace('at_least = "1"', 'at_least = "0.9"')
    )
    found = made(body, [had(9)], [course("a", [1]), course("b", [2])])
    # Evidence is recorded at the mark: nine tenths of an hour each, and nothing more afterwards.
    assert [each.gives for each in found.courses] == [1800]


def test_refusals() -> None:
    found = book(rules(CONVERT + TEN + YEARLY))
    with pytest.raises(ValueError, match="twice"):
        plan(found, [], DAY, [course("a", [1]), course("a", [2])])
    assert plan(found, [], date(2014, 5, 1), []) is None
    assert plan(found, [], date(2019, 5, 1), []) is None


def test_ways_of_nested_alternatives() -> None:
    text = rules(
        CONVERT
        + "test = ["
        + ", ".join(f'{{id = "{name}", measure = "countable", at_least = 1}}' for name in "abcd")
        + ']\nrequirement = [{id = "q", meets ='
        ' {any = ["a", {all = ["b", {any = ["c", "d"]}]}, {all = ["a", "b"]}]}}]\n'
    )
    [requirement] = book(text).versions[0].requirements
    assert ways(requirement.meets) == (frozenset("a"), frozenset("bc"), frozenset("bd"))


def test_a_large_offer_takes_few_folds() -> None:
    """Time follows from folds: a year of a hundred pieces and sixty courses of three lessons each."""
    once = 'duplicate = [{id = "once", when = {kind = "watched"}, key = ["item"], within = "period"}]\n'
    cap = 'cap = [{id = "day", when = {kind = "watched"}, limit = 8, per = "day"}]\n'
    body = CONVERT + once + cap + TEN.replace("10", "60") + YEARLY
    given = [had(0.3, f"2026-0{1 + n % 9}-1{n % 9}T10:0{n % 7}", f"had{n}") for n in range(100)]
    offers = [course(f"c{n}", [0.5 + n % 5 / 4, 1, 0.7], required=n % 6 == 0) for n in range(60)]
    found = made(body, given, offers)
    assert (found.state, found.before.countable) == ("closes", 30_000)
    assert found.folds <= 8
    assert len({piece.happened.date() for piece in found.evidence}) == found.days
