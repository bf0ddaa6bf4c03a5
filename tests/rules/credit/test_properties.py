"""What must hold for any evidence: order does not matter, nothing posted is changed by what comes later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece, parse
from app.rules.credit.fold import settle
from app.rules.credit.report import as_json
from tests.rules.credit.kit import MIN, book, rules

BODY = (
    'convert = [{{id = "seen", when = {{kind = "watched", category = "a"}}, amount = "seen / {unit}",'
    ' series = "increase"}},'
    ' {{id = "whole", when = {{kind = "watched", category = {{not = "a"}}}}, amount = "length / {unit}"}},'
    ' {{id = "class", when = {{kind = "session"}}, amount = "hours", bucket_field = "category"}},'
    ' {{id = "taught", when = {{kind = "taught"}}, amount = "minutes / 50", pool = "day"}}]\n'
    'weight = [{{id = "w", when = {{requirement_class = "elective"}}, times = "0.5"}},'
    ' {{id = "early", when = {{clock = "06:00-08:30"}}, times = 2, axis = "clock"}}]\n'
    'mark = [{{id = "m", when = {{kind = "watched", category = {{not = "a"}}}}, measure = "seen / length",'
    ' at_least = "0.9"}}]\n'
    'round = [{{id = "r", when = {{kind = ["watched", "session"]}}, to = "0.001", mode = "nearest"}},'
    ' {{id = "h", when = {{kind = "taught"}}, to = "0.5", mode = "floor"}}]\n'
    'duplicate = [{{id = "once", when = {{kind = ["watched", "session"]}}, key = ["item"], within = "period"}},'
    ' {{id = "large", when = {{kind = "taught"}}, key = ["item"], keep = "largest", within = {{years = 1}}}}]\n'
    'cap = [{{id = "day", limit = {day}, per = "day"}}, {{id = "year", limit = 9, per = "period"}},'
    ' {{id = "item", when = {{kind = "session"}}, limit = 3, per = "item"}}]\n'
    'test = [{{id = "t", measure = "countable", at_least = 5}}]\n'
    'requirement = [{{id = "q", meets = {{all = ["t"]}}}}]\n'
)


@cache
def two_versions() -> RuleBook:
    later = rules(BODY.format(unit=60, day=3), version=2, effective="2026-07-01")
    return book(rules(BODY.format(unit=45, day=4)), later)


@cache
def one_version() -> RuleBook:
    return book(rules(BODY.format(unit=45, day=4)))


@st.composite
def evidence(draw: st.DrawFn) -> list[Piece]:
    found = []
    for number in range(draw(st.integers(1, 12))):
        moment = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 10_000)))
        length = draw(st.integers(1, 120)) * MIN
        facts = {
            "id": f"e{number}",
            "kind": draw(st.sampled_from(["watched", "watched", "session", "taught"])),
            "happened": moment,
            "item": draw(st.sampled_from(["x", "y", "z", None])),
            "take": draw(st.sampled_from([None, "1", "2"])),
            "category": draw(st.sampled_from(["a", "b", None])),
            "requirement_class": draw(st.sampled_from(["required", "elective"])),
            "seen_ms": draw(st.integers(0, length)),
            "length_ms": length,
            "duration_ms": length,
            "hours_m": draw(st.integers(0, 5000)),
        }
        found.append(parse(facts))
    return found


@given(evidence(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(pieces: list[Piece], random: Random) -> None:
    shuffled = list(pieces)
    random.shuffle(shuffled)
    found = two_versions()
    assert as_json(settle(found, shuffled, explain=True)) == as_json(settle(found, pieces, explain=True))


@given(evidence())
def test_later_evidence_changes_nothing_posted(pieces: list[Piece]) -> None:
    ordered = sorted(pieces, key=Piece.order)
    whole = settle(two_versions(), ordered, explain=True).postings
    for end in range(len(ordered)):
        part = settle(two_versions(), ordered[:end], explain=True).postings
        assert part == whole[: len(part)]


@given(evidence())
def test_a_later_version_changes_nothing_earned_before_it(pieces: list[Piece]) -> None:
    change = date(2026, 7, 1)
    before, after = (
        [p for p in settle(book, pieces, explain=True).postings if p.day < change]
        for book in (one_version(), two_versions())
    )
    assert before == after


@given(evidence())
def test_countable_stays_below_earned_and_every_cap(pieces: list[Piece]) -> None:
    settled = settle(two_versions(), pieces, explain=False)
    days: dict[date, int] = {}
    for posting in settled.postings:
        assert 0 <= posting.countable <= posting.earned
        assert posting.earned > 0
        days[posting.day] = days.get(posting.day, 0) + posting.countable
    assert all(total <= 4000 for total in days.values())
    assert all(result.countable <= 9000 for result in settled.periods.values())


@given(evidence())
def test_periods_sum_up_postings_and_reasons_change_no_amount(pieces: list[Piece]) -> None:
    told, plain = (settle(two_versions(), pieces, explain=explain) for explain in (True, False))
    assert [p._replace(why=()) for p in told.postings] == list(plain.postings)
    assert plain.nothing == ()
    for start, result in told.periods.items():
        own = [p for p in told.postings if p.period == start]
        assert (result.earned, result.countable) == (
            sum(p.earned for p in own),
            sum(p.countable for p in own),
        )
        assert result.tests["t"].got == result.countable
    named = [p.evidence for p in told.postings] + [n.evidence for n in told.nothing]
    assert sorted(named) == sorted(p.id for p in pieces)


@given(evidence())
def test_the_reasons_of_a_posting_lead_to_its_amount(pieces: list[Piece]) -> None:
    for posting in settle(two_versions(), pieces, explain=True).postings:
        [gives] = [why for why in posting.why if why.did == "gives"]
        repeats = [why.numbers[2] for why in posting.why if why.did == "repeat"]
        cuts = [why.numbers for why in posting.why if why.did == "cut"]
        assert posting.earned == min([gives.numbers[2], *repeats])
        assert posting.countable == (cuts[0][1] if cuts else posting.earned)


@given(evidence())
def test_a_withdrawn_piece_leaves_no_trace_in_amounts(pieces: list[Piece]) -> None:
    target, *rest = pieces
    correction = replace(target, id="zz", kind="correction", names=(target.id,))
    without, withdrawn = (settle(two_versions(), each, explain=True).postings for each in (rest, [*pieces, correction]))
    assert without == withdrawn
