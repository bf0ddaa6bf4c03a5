"""Few pieces and many that withdraw, replace, restore or release them, over up to three seals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.rules.credit.evidence import parse
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Settlement
from tests.rules.credit.kit import book, piece, rules
from tests.rules.credit.spec.random_rules import Dice

CLASS = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
REVOKE = 'revoke = [{id = "v", cancels = "run"}, {id = "w", when = {category = "n"}, cancels = "named"}]\n'
# What a year lacks may be learned within six months.
MADE = 'test = [{id = "t", measure = "countable", at_least = 5}]\nrequirement = [{id = "q", meets = {all = ["t"]}}]\n'
MADE += 'make_up = [{id = "m", tests = ["t"], months = 6}]\n'
NEEDS = 'needs = [{id = "n", when = {kind = "session"}, evidence = {kind = "class_close"}, same = "run"}]\n'
BAN = REVOKE.replace('cancels = "named"', 'cancels = "named", ban_kinds = ["session"], ban_years = 1')
BODIES = [REVOKE + more for more in ("", NEEDS, MADE, NEEDS + MADE)] + [BAN + more for more in ("", MADE)]
BOOKS = [book(rules(CLASS + body, period=f'late = "{late}"')) for body in BODIES for late in ("current", "sealed")]
JUDGES = ("correction", "correction", "correction", "class_close", "class_close", "revocation")
Facts = list[dict[str, Any]]
Seals = dict[date, datetime]


def _known(dice: Dice, name: str, kind: str, **more: Any) -> dict[str, Any]:
    day = datetime(dice.choice([2024, 2025, 2026]), dice.randint(1, 12), dice.randint(1, 28), 10, tzinfo=UTC)
    known = day + timedelta(days=dice.choice([0, 0, 100, 400, 800]))
    return piece(name, kind, day.isoformat(), known=known.isoformat(), run=dice.choice("KL"), **more)


def draw(seed: int) -> tuple[int, Facts, Seals]:
    """Which book, evidence, and seals one after the other."""
    dice, facts, seals = Dice(seed), [], {}
    for n in range(dice.randint(1, 3)):
        more = {"names": [f"e{dice.randrange(n)}"]} if n and dice.one_in(2) else {}
        facts.append(_known(dice, f"e{n}", "session", hours_m=1000 * 2**n, **more))
    for n in range(dice.randint(1, 5)):
        kind = dice.choice(JUDGES)
        more = {} if kind == "class_close" else {"names": dice.some([each["id"] for each in facts], 1, 2)}
        facts.append(_known(dice, f"j{n}", kind, category=dice.choice("nr"), **more))
    last = datetime(2024, 1, 1, tzinfo=UTC)
    for year in range(2024, 2024 + dice.randint(1, 3)):
        end = datetime(year + 1, 1, 1, tzinfo=UTC)
        last = seals[date(year, 1, 1)] = max(last, end) + timedelta(days=dice.choice([1, 40, 120, 400]))
    return dice.randrange(len(BOOKS)), facts, seals


def settled(place: int, facts: Facts, seals: Seals) -> Settlement:
    found = BOOKS[place]
    parsed = [parse(each, found.zone) for each in facts]
    return settle(found, parsed, explain=True, seals=seals, until=date(2029, 1, 1))


@given(st.integers(0, 2**63).map(draw))
def test_adjustments_come_to_what_open_years_say(drawn: tuple[int, Facts, Seals]) -> None:
    place, facts, seals = drawn
    sealed, open_ = (sum(p.countable for p in settled(place, facts, each).postings) for each in (seals, {}))
    assert sealed == open_, drawn


@given(st.integers(0, 2**63).map(draw))
def test_a_sealed_period_stays_as_its_seal_found_it(drawn: tuple[int, Facts, Seals]) -> None:
    place, facts, seals = drawn
    now = settled(place, facts, seals)
    for start, moment in seals.items():
        known = [each for each in facts if datetime.fromisoformat(each["known"]) < moment]
        then = settled(place, known, {day: each for day, each in seals.items() if each <= moment})
        assert now.periods.get(start) == then.periods.get(start) or not known, (start, drawn)
        # Where hours were made up the seal may tell them in another order.
        one, two = (sorted(p for p in each.postings if p.period == start and p.origin is None) for each in (now, then))
        assert one == two, (start, drawn)


@given(st.integers(0, 2**63).map(draw))
def test_a_seal_by_itself_changes_nothing(drawn: tuple[int, Facts, Seals]) -> None:
    place, facts, seals = drawn
    for moment in seals.values():
        known = [each for each in facts if datetime.fromisoformat(each["known"]) < moment]
        before = settled(place, known, {day: each for day, each in seals.items() if each < moment})
        then = settled(place, known, {day: each for day, each in seals.items() if each <= moment})
        # Where hours were made up the seal may tell them in another order.
        assert sorted(before.postings) == sorted(then.postings), (moment, drawn)


@given(st.integers(0, 2**63).map(draw), st.randoms())
def test_the_order_of_the_list_does_not_matter(drawn: tuple[int, Facts, Seals], random: Any) -> None:
    place, facts, seals = drawn
    other = [*facts]
    random.shuffle(other)
    assert settled(place, facts, seals) == settled(place, other, seals), drawn
