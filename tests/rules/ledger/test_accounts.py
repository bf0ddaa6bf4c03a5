"""Accounts of adjustments and of carried hours: their names are part of what is hashed, so they are frozen too."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import ledger
from app.rules.ledger import Account, Standing, Target, Transaction, difference

Y2025, Y2026 = date(2025, 1, 1), date(2026, 1, 1)
LATE = Target("watched:3:324000", Y2026, "general", 1500, 1000, 1, "[]", Y2025)
TAKEN_BACK = Target("correction:a", Y2026, "general", -1500, -1000, 1, "[]", Y2025)
CARRIED = Target("carried:to-electives:2025-01-01", Y2026, "elective", 0, 3400, 1, "[]")
GOLDEN = [
    (
        LATE,
        "watched",
        (
            ("learner/2026-01-01<2025-01-01/general/countable", 1000),
            ("learner/2026-01-01<2025-01-01/general/uncounted", 500),
            ("source/watched", -1500),
        ),
        "c1b3391f8d6b6908d093ae51cd47e935c0525cf07c7c93dc2f1b007857418b59",
    ),
    (
        TAKEN_BACK,
        "correction",
        (
            ("learner/2026-01-01<2025-01-01/general/countable", -1000),
            ("learner/2026-01-01<2025-01-01/general/uncounted", -500),
            ("source/correction", 1500),
        ),
        "a5726e9f62f9cb0dbdc9633d045f54bd27e4f56912e3878d0f2161962375401f",
    ),
    (
        CARRIED,
        "",
        (("learner/2026-01-01/elective/countable", 3400), ("source/carried/2025-01-01", -3400)),
        "69b11b4db50f02116eee7e60af1743289c43084dd32ed6c86bb1bef497e312dc",
    ),
]


@pytest.mark.parametrize(("wanted", "kind", "entries", "digest"), GOLDEN)
def test_lines_and_hash_are_frozen(
    wanted: Target, kind: str, entries: tuple[tuple[str, int], ...], digest: str
) -> None:
    assert ledger.entries_of(wanted, kind) == entries
    assert sum(amount for _name, amount in entries) == 0
    posted = Transaction(
        "01HZZZZZZZZZZZZZZZZZZZZZZZ", 1, wanted.evidence, wanted.period, 1, 1_767_225_600_123, None, entries,
        wanted.why, ledger.START,
    )  # fmt: skip
    assert ledger.link(posted) == digest
    said = ledger.amounts_of(entries)
    assert (said.bucket, said.earned, said.countable, said.origin) == (
        wanted.bucket, wanted.earned, wanted.countable, wanted.origin,
    )  # fmt: skip
    back = ledger.amounts_of(ledger.opposite(entries))
    assert (back.earned, back.countable, back.origin) == (-wanted.earned, -wanted.countable, wanted.origin)


@given(st.dates(), st.none() | st.dates(), st.text(min_size=1, max_size=30))
def test_an_account_is_read_as_it_was_written(period: date, origin: date | None, bucket: str) -> None:
    for part in (ledger.COUNTABLE, ledger.UNCOUNTED):
        name = ledger.account(period, bucket, part, origin)
        assert ledger.read_account(name) == Account(period, origin, bucket, part)
    assert ledger.read_account(ledger.source("watched")) is None
    assert ledger.read_account(ledger.carried_source(period)) is None


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("carried:to-electives:2025-01-01", Y2025),
        ("carried:a:b:2025-01-01", Y2025),
        ("carried:a:soon", None),
        ("watched:3:2025-01-01", None),
        ("carriedx:2025-01-01", None),
    ],
)
def test_carried_hours_say_where_they_come_from(name: str, origin: date | None) -> None:
    assert ledger.carried_from(name) == origin


def test_an_adjustment_is_another_posting_than_what_was_sealed() -> None:
    plain = Target(LATE.evidence, LATE.period, LATE.bucket, LATE.earned, LATE.countable, LATE.version, LATE.why)
    assert difference([LATE], [Standing(4, plain)]) == ([Standing(4, plain)], [LATE])
    there = [Standing(1, LATE), Standing(2, TAKEN_BACK), Standing(3, CARRIED)]
    assert difference([LATE, CARRIED, TAKEN_BACK], there) == ([], [])
