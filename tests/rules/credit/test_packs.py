"""The rule packs that are shipped: a learner's story in each, with the arithmetic of the rules it was made after."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Settlement
from tests.rules.credit.kit import MIN, amounts, did, piece, pieces, watched

PACKS = Path(__file__).resolve().parents[3] / "content" / "rules"
YEAR = date(2026, 1, 1)


def run(pack: str, facts: list[dict[str, Any]]) -> Settlement:
    book = RuleBook([document.load((PACKS / f"{pack}.toml").read_text("utf-8"))])
    return settle(book, pieces(book, facts), explain=True)


@pytest.mark.parametrize("path", sorted(PACKS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_clause_is_printed_in_both_languages(path: Path) -> None:
    assert document.load(path.read_text("utf-8")).without_text() == ()


def test_public_servants_twelve_days_and_the_online_hours() -> None:
    facts = [
        piece("s", "standing", "2026-01-01T00:00", change="joined", band="lower"),
        watched("a", 30 * MIN - 1000, 30 * MIN - 1000, happened="2026-03-01T20:00"),
        watched("b", 30 * MIN, 30 * MIN, happened="2026-03-02T20:00"),
        watched("c", 15 * MIN, 15 * MIN, happened="2026-03-03T20:00"),
        piece("e", "exam", "2026-03-04T20:00", item="b", passed=True),
        piece("k", "session", "2026-04-12T17:00", run="K", half_days=24),
        piece("close", "class_close", "2026-04-20T09:00", run="K"),
    ]
    found = run("public-servants", facts)
    assert amounts(found, facts) == [0, 500, 1000, 250, 500, 96_000, 0]
    year = found.periods[YEAR]
    assert (year.tests["days"].met, year.tests["online-50"].short, year.requirements["lower"]) == (
        True,
        47_750,
        "not met",
    )
    more = [
        watched(f"m{n}", 30 * MIN, 30 * MIN, happened=f"2026-05-{1 + n // 8:02}T{10 + n % 8}:00") for n in range(48)
    ]
    assert run("public-servants", facts + more).periods[YEAR].requirements["lower"] == "met"


def test_public_servants_leave_and_promotion() -> None:
    facts = [
        piece("s", "standing", "2026-01-01T00:00", change="joined", band="lower"),
        piece("k", "session", "2026-04-12T17:00", run="K", half_days=13),
        piece("l", "leave", "2026-04-10T09:00", run="K", leave_m=10_000, run_hours_m=64_000),
        piece("close", "class_close", "2026-04-20T09:00", run="K"),
        piece("p", "standing", "2026-03-01T00:00", change="changed", band="upper"),
    ]
    found = run("public-servants", facts)
    assert did(found) == {"k": "withdrawn"}
    assert found.periods[YEAR].tests["promotion"].due is False
    assert found.periods[YEAR].requirements == {"lower": "does not apply", "upper": "not met"}


def test_professional_buckets_do_not_stand_for_each_other_and_are_made_up() -> None:
    def class_(name: str, bucket: str, hours: int, happened: str) -> dict[str, Any]:
        return piece(name, "session", happened, subject_bucket=bucket, duration_ms=hours * 45 * MIN)

    facts = [
        class_("g", "general", 35, "2026-03-01T17:00"),
        class_("p", "professional", 40, "2026-04-01T17:00"),
        class_("e", "elective", 20, "2026-05-01T17:00"),
    ]
    year = run("professional", facts).periods[YEAR]
    assert (year.countable, year.tests["professional-42"].short, year.requirements["yearly"]) == (
        95_000,
        2_000,
        "not met",
    )
    found = run("professional", [*facts, class_("m", "professional", 3, "2027-03-31T17:00")])
    assert [(p.period.year, p.countable) for p in found.postings if p.evidence == "m"] == [(2026, 2_000), (2027, 1_000)]
    assert found.periods[YEAR].requirements["yearly"] == "met"


def test_professional_first_author_and_conference() -> None:
    facts = [
        piece("paper", "report", "2026-03-01T17:00", role="first_author", item="x"),
        piece("days", "session", "2026-04-01T17:00", category="conference", half_days=4),
    ]
    assert amounts(run("professional", facts), facts) == [30_000, 20_000]


def test_cpe_steps_formula_and_teaching() -> None:
    facts = [
        piece("short", "session", "2026-03-01T17:00", duration_ms=49 * MIN),
        piece("hour", "session", "2026-03-02T17:00", duration_ms=59 * MIN),
        piece(
            "read", "watched_elsewhere", "2026-03-03T17:00", words=9000, duration_ms=40 * MIN, questions=13, item="r"
        ),
        piece("new", "taught", "2026-03-04T17:00", credits_m=4000, item="t", edition="1"),
        piece("same", "taught", "2026-03-05T17:00", credits_m=4000, item="t", edition="1"),
        piece("other", "taught", "2026-03-06T17:00", credits_m=4000, item="u", edition="1"),
        piece("cast", "session", "2026-03-07T17:00", category="webcast", duration_ms=100 * MIN, responses=5),
    ]
    found = run("cpe", facts)
    assert amounts(found, facts) == [0, 1_000, 2_000, 12_000, 0, 8_000, 0]
    assert found.periods[YEAR].requirements["duty"] == "not due"


def test_cme_quarters_exam_and_classes() -> None:
    second = {"subject_bucket": "class2"}
    facts = [
        watched("a", 67 * MIN, 67 * MIN, subject_bucket="class1", happened="2026-03-01T20:00"),
        piece("e", "exam", "2026-03-02T20:00", item="a", passed=True),
        watched("b", 67 * MIN, 67 * MIN, subject_bucket="class1", happened="2026-03-03T20:00"),
        piece("c", "session", "2026-03-04T12:00", begun="2026-03-04T10:52", duration_ms=68 * MIN, **second),
        piece("d", "session", "2026-03-04T12:30", begun="2026-03-04T11:00", duration_ms=90 * MIN, **second),
        piece("f", "taught", "2026-03-05T12:00", hours_m=6000, subject_bucket="class1"),
    ]
    found = run("cme", facts)
    assert amounts(found, facts) == [1_000, 0, 0, 1_250, 0, 9_000]
    assert did(found) == {"b": "waits", "d": "overlaps", "e": "no clause"}


def test_company_points_and_a_surplus_once_the_duty_is_met() -> None:
    facts = [
        piece("s", "standing", "2025-12-01T00:00", change="joined", band="staff"),
        piece("r", "session", "2026-03-01T17:00", requirement_class="required", hours_m=25_000),
        piece("e", "session", "2026-04-01T17:00", requirement_class="elective", hours_m=35_000),
        piece("noon", "points", "2026-05-01T12:30", duration_ms=29 * MIN),
        piece("late", "points", "2026-05-01T22:00", duration_ms=29 * MIN),
        piece("next", "session", "2026-12-02T17:00", requirement_class="required", hours_m=1_000),
    ]
    found = run("company", facts)
    assert amounts(found, facts) == [0, 25_000, 35_000, 400, 100, 1_000]
    assert found.periods[date(2025, 12, 1)].carry == {"surplus": 10_000}
    assert found.periods[date(2026, 12, 1)].buckets == {"elective": (0, 10_000), "required": (1_000, 1_000)}
    short = [each for each in facts if each["id"] != "r"]
    assert run("company", short).periods[date(2025, 12, 1)].carry == {}
