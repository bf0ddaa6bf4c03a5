"""Why not more: from what a piece would have given to what counts, every step adds up, whatever the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece, parse
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Posting, Why
from app.rules.credit.whynot import BEFORE, ELSEWHERE, PASSED_ON, ROUNDING, Shortfall, shortfall
from tests.rules.credit.kit import book, rules
from tests.rules.credit.test_properties import evidence, two_versions

PASSING = rules(
    'convert = [{id = "c", when = {kind = "session"}, amount = "hours"},'
    ' {id = "o", when = {kind = "watched"}, amount = "length / 45"},'
    ' {id = "p", when = {kind = "taught"}, amount = "minutes / 50", pool = "period"}]\n'
    'mark = [{id = "m", when = {kind = "watched"}, measure = "seen / length", at_least = "0.5"}]\n'
    'weight = [{id = "w", when = {category = "a"}, times = "2/3"}]\n'
    'round = [{id = "r", to = "0.1", mode = "nearest"}]\n'
    'needs = [{id = "n", when = {kind = "watched"}, evidence = {kind = "exam"}, same = "item"}]\n'
    'duplicate = [{id = "over", when = {kind = "session"}, overlap = true, keep = "largest"}]\n'
    'cap = [{id = "day", limit = 4, per = "day"}, {id = "in", when = {kind = "carried"}, limit = 2, per = "period"}]\n'
    'share = [{id = "s", when = {kind = "watched"}, at_most = "0.5", of = "t"}]\n'
    'test = [{id = "t", measure = "countable", at_least = 6}]\n'
    'requirement = [{id = "q", meets = {all = ["t"]}}]\n'
    'carry = [{id = "k", surplus_of = "t", measure = "countable", as = {category = "b"}, max = 3}]\n'
    'make_up = [{id = "u", tests = ["t"], months = 6}]\n'
)


def way_of(found: RuleBook, pieces: dict[str, Piece], posting: Posting) -> Shortfall | None:
    """As the statement asks: with the plan that judged the piece."""
    gives = next((why for why in posting.why if why.did == "gives"), None)
    piece = pieces.get(posting.evidence)
    if gives is None or piece is None:
        return shortfall(posting.why, posting.countable)
    day, minute = found.local(piece.happened, piece.kind)
    version = found.version_on(day)
    plan = found.plan(version, piece.snapshot, minute) if version is not None else None
    assert plan is not None
    assert plan.version.version == posting.version
    name = plan.round.id if plan.round else ""
    return shortfall(posting.why, posting.countable, plain=plan.plain,
                     whole=plan.rounded(*gives.numbers[:2]), rounded_by=name)  # fmt: skip


def check(found: RuleBook, pieces: list[Piece], seals: dict[date, datetime] | None = None) -> Iterator[str]:
    """Every posting's way adds up, exactly and as it is shown; the words of the steps that were there."""
    by_id = {piece.id: piece for piece in pieces}
    postings = settle(found, pieces, explain=True, seals=seals or {}).postings
    halves = Counter(posting.evidence for posting in postings)
    for posting in postings:
        way = way_of(found, by_id, posting)
        if way is None:
            assert posting.countable < 0 or posting.earned < 0
            continue
        assert way.would - sum(step.took for step in way.taken) == way.counted == posting.countable
        would, shown = way.shown
        assert would - sum(took for _step, took, _left in shown) == posting.countable
        assert abs(would - way.would) <= Fraction(1, 2)
        at = way.would
        for step in way.taken:
            at -= step.took
            assert at == step.left
            assert step.took != 0
            # What no clause took went to another posting of the same piece.
            assert step.what != ELSEWHERE or halves[posting.evidence] > 1
        yield from (step.what for step in way.taken)


@given(evidence())
def test_it_adds_up_over_random_settlements(pieces: list[Piece]) -> None:
    list(check(two_versions(), pieces))


@st.composite
def passing(draw: st.DrawFn) -> tuple[list[Piece], dict[date, datetime]]:
    """Evidence of three years, with exams, overlaps, corrections; the first year is sealed in February or not."""
    found: list[Piece] = []
    for number in range(draw(st.integers(2, 14))):
        moment = datetime(2025, 1, 2, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 24_000)))
        kind = draw(st.sampled_from(["session", "session", "watched", "taught", "exam", "correction"]))
        if kind == "correction" and not found:
            continue
        minutes = draw(st.integers(1, 300)) * 60_000
        facts: dict[str, object] = {
            "id": f"e{number}", "kind": kind, "happened": moment,
            "known": moment + timedelta(days=draw(st.sampled_from([0, 0, 60, 400]))),
            "item": draw(st.sampled_from(["x", "y"])), "category": draw(st.sampled_from(["a", "b"])),
            "hours_m": draw(st.integers(1, 9000)), "length_ms": minutes, "seen_ms": minutes, "duration_ms": minutes,
        }  # fmt: skip
        if kind == "session":
            facts["begun"] = moment - timedelta(milliseconds=minutes)
        if kind == "correction":
            facts = {key: facts[key] for key in ("id", "kind", "happened", "known")}
            facts["names"] = [draw(st.sampled_from(found)).id]
        found.append(parse(facts))
    sealed = draw(st.booleans())
    return found, {date(2025, 1, 1): datetime(2026, 7, 15, tzinfo=UTC)} if sealed else {}


@given(passing())
def test_it_adds_up_across_periods_and_seals(drawn: tuple[list[Piece], dict[date, datetime]]) -> None:
    list(check(book(PASSING), *drawn))


def session(name: str, when: str, hours_m: int, **more: object) -> Piece:
    return parse({"id": name, "kind": "session", "happened": datetime.fromisoformat(when), "hours_m": hours_m, **more})


def test_every_kind_of_step_occurs() -> None:
    """So that the properties above are about something."""
    pieces = [
        session("short", "2025-05-01T10:00+08:00", 3000),
        session("split", "2026-02-01T10:00+08:00", 3800, category="a"),
        session("two", "2026-02-02T10:00+08:00", 9000),
        session("three", "2026-03-02T10:00+08:00", 4000, begun="2026-03-02T08:00+08:00"),
        session("over", "2026-03-02T11:00+08:00", 4500, begun="2026-03-02T09:00+08:00"),
        *(
            parse({"id": f"t{n}", "kind": "taught", "happened": f"2026-04-0{n}T10:00+08:00", "duration_ms": 3_000_000})
            for n in (1, 2)
        ),
        parse({"id": "x", "kind": "exam", "happened": "2026-05-01T10:00+08:00", "item": "x"}),
        *(
            parse({"id": f"w{n}", "kind": "watched", "happened": f"2026-06-0{n}T10:00+08:00", "item": "x",
                   "take": str(n), "seen_ms": 10_800_000, "length_ms": 10_800_000})
            for n in range(1, 7)
        ),
        session("next", "2027-05-01T10:00+08:00", 1000),
    ]  # fmt: skip
    assert set(check(book(PASSING), pieces)) == {
        "weighs", ROUNDING, BEFORE, "overlaps", "cut", "share", ELSEWHERE, PASSED_ON,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("why", "countable", "would", "taken"),
    [
        ((Why("v", "gives", (2400, 1, 2400)), Why("day", "cut", (2400, 2000, 8000))), 2000, 2400, [("cut", 400)]),
        (
            (
                Why("half", "weighs", (1, 2, 0)),
                Why("v", "gives", (400, 3, 133)),
                Why("o", "repeat", (20260501, 133, 33)),
            ),
            33,
            Fraction(800, 3),
            [("weighs", Fraction(400, 3)), (ROUNDING, Fraction(1, 3)), ("repeat", 100)],
        ),
        ((Why("k", "carried", (34_000, 20_000, 20250101)),), 20_000, 34_000, [(PASSED_ON, 14_000)]),
        ((Why("v", "gives", (2000, 1, 2000)),), 2000, 2000, []),
    ],
)
def test_the_steps_of_one_posting(
    why: tuple[Why, ...], countable: int, would: Fraction, taken: list[tuple[str, Fraction]]
) -> None:
    way = shortfall(why, countable)
    assert way is not None
    assert way.would == would
    assert [(step.what, step.took) for step in way.taken] == taken


def test_what_takes_back_a_sealed_posting_has_no_way() -> None:
    assert shortfall((Why("k", "withdrawn", (0, 0, 0)),), -2000) is None
