"""Golden vectors of the chain, and the law of what must be posted."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import ledger
from app.rules.ledger import Standing, Target, Transaction, difference

YEAR = date(2026, 1, 1)
WHY = '{"digest":"00","evidence":7,"why":[["watched","gives",[1000,1,1000]]]}'

POSTING = Transaction(
    learner="01HZZZZZZZZZZZZZZZZZZZZZZZ",
    seq=1,
    evidence="watched:3:324000",
    period=YEAR,
    version=1,
    posted_ms=1_767_225_600_123,
    reverses=None,
    entries=(
        ("source/watched", -1500),
        ("learner/2026-01-01/general/uncounted", 500),
        ("learner/2026-01-01/general/countable", 1000),
    ),
    why=WHY,
    previous=ledger.START,
)
REVERSAL = Transaction(
    learner="01HZZZZZZZZZZZZZZZZZZZZZZZ",
    seq=2,
    evidence="防汛:1",
    period=YEAR,
    version=12,
    posted_ms=0,
    reverses=1,
    entries=(("source/session", 4000), ("learner/2026-01-01/专业/countable", -4000)),
    why="[]",
    previous="5" * 64,
)
# Frozen: a change here breaks every chain that was ever written.
GOLDEN = [
    (
        POSTING,
        b'["duxue-ledger-1","01HZZZZZZZZZZZZZZZZZZZZZZZ",1,"watched:3:324000","2026-01-01",1,1767225600123,null,'
        b'[["learner/2026-01-01/general/countable",1000],["learner/2026-01-01/general/uncounted",500],'
        b'["source/watched",-1500]],'
        b'"4328c0f56f0b73ce30e731bf5ac9564da628f07060c36b231adde21fa6d157a1",'
        b'"0000000000000000000000000000000000000000000000000000000000000000"]',
        "d2ed6f848ac1cf817647d7afccca50b26f999425c0f68e74ee8d6a6b5ce6af99",
    ),
    (
        REVERSAL,
        b'["duxue-ledger-1","01HZZZZZZZZZZZZZZZZZZZZZZZ",2,"\\u9632\\u6c5b:1","2026-01-01",12,0,1,'
        b'[["learner/2026-01-01/\\u4e13\\u4e1a/countable",-4000],["source/session",4000]],'
        b'"4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",'
        b'"5555555555555555555555555555555555555555555555555555555555555555"]',
        "c7d3a8a24a4b5af384e6d9d97883e0bbb2db4753ad7a9acc76a8856f8d7e2f64",
    ),
]


@pytest.mark.parametrize(("transaction", "expected", "digest"), GOLDEN)
def test_canonical_bytes_and_hash_are_frozen(transaction: Transaction, expected: bytes, digest: str) -> None:
    assert ledger.canonical_bytes(transaction) == expected
    assert ledger.link(transaction) == digest


def test_evidence_digest_is_frozen() -> None:
    assert ledger.extend(ledger.START, "a" * 64) == "04fcb9cc35d4314b4e44db25a6780859399b77d4abc77b85e09dd623b532a325"


@pytest.mark.parametrize(
    "change",
    [
        {"learner": "other"},
        {"seq": 3},
        {"evidence": "x"},
        {"period": date(2025, 1, 1)},
        {"version": 2},
        {"posted_ms": 1},
        {"reverses": 9},
        {"entries": (("source/watched", -1), ("learner/2026-01-01/general/countable", 1))},
        {"why": "other"},
        {"previous": "1" * 64},
    ],
)
def test_every_field_is_in_the_hash(change: dict[str, object]) -> None:
    fields = {name: getattr(POSTING, name) for name in Transaction.__slots__}
    assert ledger.link(Transaction(**{**fields, **change})) != ledger.link(POSTING)


def test_the_order_of_entries_does_not_matter() -> None:
    fields = {name: getattr(POSTING, name) for name in Transaction.__slots__}
    turned = Transaction(**{**fields, "entries": POSTING.entries[::-1]})
    assert ledger.link(turned) == ledger.link(POSTING)


def target(evidence: str, earned: int = 1000, countable: int | None = None, bucket: str = "general") -> Target:
    """A target of the year 2026."""
    return Target(evidence, YEAR, bucket, earned, earned if countable is None else countable, 1, "[]")


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.text(min_size=1, max_size=20),
)
def test_entries_balance_and_say_the_amounts_again(earned: int, cut: int, bucket: str) -> None:
    wanted = target("e", earned + cut, earned, bucket)
    entries = ledger.entries_of(wanted, "watched")
    assert sum(amount for _account, amount in entries) == 0
    said = ledger.amounts_of(entries)
    assert (said.earned, said.countable) == (earned + cut, earned)
    assert said.bucket == (bucket if earned or cut else "")
    assert sum(amount for _account, amount in ledger.opposite(entries)) == 0


def test_a_changed_amount_is_reversed_and_posted_anew() -> None:
    posted = [Standing(1, target("a")), Standing(2, target("b"))]
    assert difference([target("a"), target("b", 2000)], posted) == ([posted[1]], [target("b", 2000)])


def test_a_target_without_hours_is_not_posted() -> None:
    assert difference([target("a", 0)], []) == ([], [])


TARGETS = st.lists(
    st.builds(target, st.sampled_from("abc"), st.integers(0, 3), bucket=st.sampled_from(["general", "x/y"])),
    max_size=8,
)


@given(TARGETS, TARGETS)
def test_doing_what_it_says_leaves_nothing_to_do(before: list[Target], after: list[Target]) -> None:
    standing: list[Standing] = []
    for targets in (before, after):
        reverse, post = difference(targets, standing)
        last = max((one.seq for one in standing), default=0)
        standing = [one for one in standing if one not in reverse]
        standing += [Standing(last + place, each) for place, each in enumerate(post, 1)]
        assert difference(targets, standing) == ([], [])
        assert sorted(map(str, (one.target for one in standing))) == sorted(
            map(str, (each for each in targets if each.earned or each.countable))
        )
