"""The marks of watching: exact to the millisecond, against the settlement itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.credit.fold import settle
from app.rules.credit.marks import watch_marks, worth
from tests.rules.credit.kit import MIN, NINETY, THOUSANDTH, book, piece, pieces, rules

DAY = date(2026, 5, 4)
YUNTING = Path(__file__).parents[3] / "content" / "rules" / "yunting-2026.toml"
VIDEO = 'convert = [{{id = "v", when = {{kind = "watched"}}, {} }}]\n'
BODIES = {
    "length": VIDEO.format('amount = "length / 45"') + NINETY + THOUSANDTH,
    "steps": VIDEO.format(
        'steps = {of = "length", rows = [{at_least = 30, gives = 1}, {more_than = 1, gives = "0.25"}]}'
    )
    + NINETY,
    "more than": VIDEO.format("amount = 1") + NINETY.replace("at_least", "more_than"),
    "minutes": VIDEO.format("amount = 1")
    + 'mark = [{id = "m", when = {kind = "watched"}, measure = "seen", at_least = "2.5"}]\n',
    "when": VIDEO.format('amount = "when(seen / length >= 0.8, length / 45, 0)"')
    + NINETY.replace("0.9", "0.5")
    + THOUSANDTH,
    "increase": VIDEO.format('amount = "seen / 45", series = "increase"')
    + 'round = [{id = "r", to = "0.1", mode = "floor"}]\n',
    "increase, with a mark and a least": VIDEO.format('amount = "seen / 45", series = "increase"')
    + NINETY.replace("0.9", "1/3")
    + 'round = [{id = "r", to = "0.05", mode = "nearest", minimum = "0.2"}]\n',
    "increase by steps": VIDEO.format(
        'steps = {of = "seen / length", rows = [{at_least = "0.9", gives = 1}, {more_than = "0.4", gives = "0.5"}]},'
        ' series = "increase"'
    ),
    "increase, finely": VIDEO.format('amount = "seen / 45", series = "increase"') + THOUSANDTH,
}
BOOKS = {name: book(rules(body)) for name, body in BODIES.items()}


def gives(book: RuleBook, seen: int, length: int) -> int:
    facts = [piece("a", "watched", item="x", seen_ms=seen, length_ms=length, subject_bucket="general")]
    return sum(p.earned for p in settle(book, pieces(book, facts), explain=False).postings)


@given(st.sampled_from(sorted(BOOKS)), st.integers(1, 200 * MIN), st.data())
def test_one_millisecond_less_gives_less(name: str, length: int, data: st.DataObject) -> None:
    found = BOOKS[name]
    marks = watch_marks(found, DAY, {"item": "x"}, length)
    whole = gives(found, length, length)
    assert list(marks) == sorted(set(marks))
    assert bool(marks) == (whole > 0)
    if not marks:
        return
    assert gives(found, marks[0] - 1, length) == 0
    assert gives(found, marks[-1], length) == whole
    mark = data.draw(st.sampled_from(marks))
    assert gives(found, mark - 1, length) < gives(found, mark, length)


@given(st.integers(1, 90 * MIN), st.integers(0, 90 * MIN))
def test_every_posting_step_of_a_coarse_series_has_its_mark(length: int, seen: int) -> None:
    found = BOOKS["increase"]
    marks = [mark for mark in watch_marks(found, DAY, {}, length) if mark <= min(seen, length)]
    here = gives(found, min(seen, length), length)
    assert (gives(found, marks[-1], length) if marks else 0) == here


@given(st.integers(1, 90 * MIN))
def test_evidence_at_the_marks_gives_what_the_whole_would(length: int) -> None:
    found = BOOKS["increase, finely"]
    marks = watch_marks(found, DAY, {"item": "x"}, length)
    assert len(marks) <= 201
    facts = [piece(f"{n:03}", "watched", item="x", seen_ms=mark, length_ms=length) for n, mark in enumerate(marks)]
    settled = settle(found, pieces(found, facts), explain=False)
    assert len(settled.postings) == len(marks)
    assert sum(p.earned for p in settled.postings) == gives(found, length, length)


def test_what_counts_once_has_one_mark() -> None:
    found = book(rules(VIDEO.format('amount = "seen / 45"') + NINETY + THOUSANDTH))
    assert watch_marks(found, DAY, {}, 10 * MIN) == (9 * MIN,)


def test_a_short_lecture_of_the_sample_academy_gives_something() -> None:
    found = RuleBook([document.load(YUNTING.read_text(encoding="utf-8"))])
    facts = {"subject_bucket": "general", "requirement_class": "required", "item": "x"}
    assert watch_marks(found, DAY, facts, 6 * MIN) == (324_000,)
    lesson = worth(found, DAY, facts, 6 * MIN)
    assert (lesson.amounts, lesson.at_least_ms) == ((("general", 133),), 324_000)
    elective = worth(found, DAY, {**facts, "requirement_class": "elective"}, 45 * MIN)
    assert elective.amounts == (("general", 500),)


@pytest.mark.parametrize(("day", "length"), [(date(2019, 1, 1), MIN), (DAY, 0)])
def test_where_nothing_is_given_there_is_no_mark(day: date, length: int) -> None:
    found = BOOKS["length"]
    assert watch_marks(found, day, {}, length) == ()
    assert worth(found, day, {}, length).at_least_ms is None
