"""What the planner promises comes true: its courses done on its days give exactly that; where it says that all is not
enough, all is not enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import given, note
from hypothesis import strategies as st

from app.rules.credit.evidence import Piece, parse
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Settlement
from app.rules.planning.offers import Offer
from app.rules.planning.planner import plan
from app.rules.planning.plans import Plan
from tests.rules.planning.duties import END, START, Case, cases

RIGHT = {"met", "not due", "exempt", "does not apply"}


def settled(case: Case, more: Sequence[Piece]) -> Settlement:
    return settle(case.book, [*case.pieces, *more], explain=False, until=case.day)


def right(settlement: Settlement, found: Plan) -> bool:
    """Is everything that is due met in this period, and what may still be made up of earlier ones?"""
    older = [settlement.periods[start].requirements[name] for start, name in found.owed]
    return all(word in RIGHT for word in [*older, *settlement.periods[START].requirements.values()])


def done_on(case: Case, days: Sequence[date], offers: Sequence[Offer]) -> list[Piece]:
    """All of this, done on these days in turn."""
    found = []
    for turn, step in enumerate(step for offer in offers for step in offer.steps):
        moment = datetime.combine(days[turn % len(days)], time(13), case.book.zone) + timedelta(minutes=turn)
        seen = {"seen_ms": step.facts["length_ms"]} if step.facts["kind"] == "watched" else {}
        found.append(parse({**step.facts, **seen, "id": f"done{turn}", "happened": moment}))
    return found


def planned(case: Case) -> Plan:
    note(case.text)
    found = plan(case.book, case.pieces, case.day, case.offers)
    assert found is not None
    assert found.start == START
    now = settled(case, ())
    assert found.before == now.periods[START]
    assert right(now, found) == (found.state in ("met", "none", "exempt"))
    assert all(start < START and now.periods[start].requirements[name] == "not met" for start, name in found.owed)
    return found


@given(cases(), st.lists(st.integers(0, 10_000), min_size=1, max_size=12))
def test_a_plan_keeps_its_promise(case: Case, days: list[int]) -> None:
    found = planned(case)
    after = settled(case, found.evidence)
    assert after.periods[START] == found.after
    assert all(case.day <= day <= END for course in found.courses for day in course.days)
    # What each course gives is what is posted for it, and nothing else is promised.
    assert sum(course.gives for course in found.courses) + found.released == (
        found.after.countable - found.before.countable
    )
    steps = {offer.code: (len(offer.steps), offer.left_ms) for offer in case.offers}
    assert sum(steps[course.code][0] for course in found.courses) == len(found.evidence)
    assert found.left_ms == sum(steps[course.code][1] for course in found.courses)
    if found.state == "closes":
        assert right(after, found)
        _nothing_is_idle(case, found)
        _days_lose_nothing(case, found)
    elif found.state == "open":
        _everything_is_not_enough(case, found, days)
    else:
        assert (found.courses, found.lacks, found.leaves) == ((), (), ())


def _nothing_is_idle(case: Case, found: Plan) -> None:
    """Without any one of the courses the gap stays open."""
    assert found.courses
    assert found.leaves == ()
    for course in found.courses:
        rest = [piece for piece in found.evidence if piece.id not in course.evidence]
        assert not right(settled(case, rest), found), course.code


def _everything_is_not_enough(case: Case, found: Plan, days: Sequence[int]) -> None:
    """Doing all that is on offer does not meet the duty either: at once in the usual order; and, where no rule makes
    less out of more or lets the order decide, in any other order and on any days."""
    assert found.leaves
    assert not right(settled(case, done_on(case, [case.day], sorted(case.offers, key=Offer.rank))), found)
    version = case.book.versions[0]
    if version.shares or version.make_ups or any(test.at_most or test.share_of for test in version.tests):
        return
    # Which hours fill a limit of the whole period decides, where tests count some of them only.
    if any(cap.per != "day" for cap in version.caps) and any(test.when.sets for test in version.tests):
        return
    left = (END - case.day).days + 1
    if any(cap.per == "day" for cap in version.caps) and left < sum(len(offer.steps) for offer in case.offers):
        return  # too few days for all: which of them fill the days decides
    for own in ([case.day + timedelta(days=day % left) for day in days], [case.day], [END]):
        assert not right(settled(case, done_on(case, own, case.offers)), found)


def _days_lose_nothing(case: Case, found: Plan) -> None:
    """One step a day gives no more than the days of the plan do, as long as there are days enough and nothing sets a
    limit to what counts."""
    caps = case.book.versions[0].caps
    left = (END - case.day).days + 1
    if len(found.evidence) > left or [cap.per for cap in caps] != ["day"]:
        return
    spread = []
    for turn, piece in enumerate(found.evidence):
        moment = datetime.combine(case.day + timedelta(days=turn), time(13), case.book.zone)
        spread.append(replace(piece, happened=moment, known=moment))
    apart = settled(case, spread)
    assert apart.periods[START].countable <= found.after.countable or not right(apart, found)
