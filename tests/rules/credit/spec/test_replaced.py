"""Pieces that stand in the place of others, and what becomes of the others when these fall."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import Told, tell

TEXT = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
CURRENT = rules(TEXT, period='late = "current"')
SEALED = rules(TEXT, period='late = "sealed"')


def session(name: str, hours: int, known: str, *names: str) -> dict[str, Any]:
    """Of one day of 2025; what is known of it changed."""
    more: dict[str, Any] = {"names": list(names)} if names else {}
    return piece(name, "session", "2025-05-04T10:00", known=f"{known}T10:00", hours_m=hours * 1000, **more)


def correction(name: str, known: str, *names: str) -> dict[str, Any]:
    return piece(name, "correction", f"{known}T10:00", names=list(names))


A = session("a", 3, "2025-05-04")
B = session("b", 4, "2025-06-01", "a")
C = session("c", 5, "2025-07-01", "b")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([A, B], [0, 4000, 0]),
        ([A, B, C], [0, 0, 5000]),
        ([A, B, C, correction("k", "2025-08-01", "c")], [0, 4000, 0]),
        ([A, B, C, correction("k", "2025-08-01", "c"), correction("l", "2025-09-01", "k")], [0, 0, 5000]),
        ([A, B, correction("k", "2025-08-01", "b")], [3000, 0, 0]),
        ([A, B, C, correction("k", "2025-08-01", "c"), correction("l", "2025-08-02", "b")], [3000, 0, 0]),
        ([A, B, C, correction("k", "2025-08-01", "a")], [0, 0, 5000]),
        ([B, C], [0, 0, 5000]),
    ],
    ids=[
        "b for a", "c for b for a", "c withdrawn: b again", "c restored", "b withdrawn: a again", "c and b withdrawn",
        "a withdrawn too", "a never told",
    ],
)  # fmt: skip
def test_a_chain(facts: list[dict[str, Any]], expected: list[int]) -> None:
    told = tell(CURRENT, facts)
    assert told.got("a", "b", "c") == expected
    assert {name: word for name, word in told.words.items() if name in "abc"} == {
        name: "withdrawn"
        for name, hours in zip("abc", expected, strict=True)
        if not hours and name in {f["id"] for f in facts}
    }
    assert tell(CURRENT, facts[::-1]).text == told.text


def test_one_in_the_place_of_two() -> None:
    other = session("o", 2, "2025-05-05")
    assert tell(CURRENT, [A, other, session("b", 4, "2025-06-01", "a", "o")]).got("a", "o", "b") == [0, 0, 4000]


def test_a_longer_chain() -> None:
    facts = [A, B, C, session("d", 6, "2025-08-01", "c"), session("e", 7, "2025-09-01", "d")]
    assert tell(CURRENT, facts).got("a", "b", "c", "d", "e") == [0, 0, 0, 0, 7000]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # A correction withdraws what it names whichever was known first.
        ([A, session("b", 4, "2025-08-01", "a"), correction("k", "2025-07-01", "b")], [3000, 0]),
        ([A, correction("k", "2025-08-01", "a"), correction("l", "2025-07-01", "k")], [3000, 0]),
        # Of two corrections that name each other the later known stands.
        ([A, correction("k", "2025-07-01", "a", "l"), correction("l", "2025-08-01", "k")], [3000, 0]),
        ([A, correction("k", "2025-08-01", "a", "l"), correction("l", "2025-07-01", "k")], [0, 0]),
        # Of two pieces in the place of each other too.
        ([session("a", 3, "2025-05-04", "b"), session("b", 4, "2025-06-01", "a")], [0, 4000]),
        ([session("a", 3, "2025-06-02", "b"), session("b", 4, "2025-06-01", "a")], [3000, 0]),
        # Itself it does not name.
        ([session("a", 3, "2025-05-04", "a")], [3000, 0]),
    ],
    ids=["a piece known later", "a correction known later", "two corrections", "the other way round", "two pieces",
         "two pieces, the other way round", "itself"],
)  # fmt: skip
def test_which_of_two_is_heard(facts: list[dict[str, Any]], expected: list[int]) -> None:
    assert tell(CURRENT, facts).got("a", "b") == expected
    assert tell(CURRENT, facts[::-1]).got("a", "b") == expected


SEALS = {"2025-01-01": "2026-02-01"}
LATE_B, LATE_C = session("b", 4, "2026-03-05", "a"), session("c", 5, "2026-04-05", "b")


def countable(told: Told) -> list[int]:
    return [told.report["periods"][start]["countable"] for start in sorted(told.report["periods"])]


def adjustments(told: Told, year: str) -> list[tuple[str, int, str]]:
    return sorted(
        (p["evidence"], p["countable"], p["origin"][:4])
        for p in told.postings
        if "origin" in p and p["period"].startswith(year)
    )


def test_a_chain_after_a_seal() -> None:
    """3 sealed; 4, then 5 in their place: the open year takes back 3 and gives 5."""
    told = tell(CURRENT, [A, LATE_B, LATE_C], seals=SEALS)
    assert countable(told) == [3000, 2000]
    assert adjustments(told, "2026") == [("b", -3000, "2025"), ("c", 5000, "2025")]
    told = tell(SEALED, [A, LATE_B, LATE_C], seals=SEALS)
    assert countable(told) == [3000, 0]
    assert adjustments(told, "2025") == [("b", -3000, "2025"), ("c", 5000, "2025")]


@pytest.mark.parametrize("text", [CURRENT, SEALED], ids=["current", "sealed"])
def test_its_last_link_is_withdrawn_again(text: str) -> None:
    """c falls: b counts again in the place of a, so 4 − 3 is what came after the seal."""
    told = tell(text, [A, LATE_B, LATE_C, correction("k", "2026-05-05", "c")], seals=SEALS)
    year = "2026" if text == CURRENT else "2025"
    assert sum(each[1] for each in adjustments(told, year)) == 1000
    assert countable(told) == ([3000, 1000] if text == CURRENT else [3000, 0])


def test_the_chain_was_sealed_link_by_link() -> None:
    """2025 sealed with a, 2026 with b in its place (−3 + 4); c is known in 2027 (−4 + 5)."""
    seals = SEALS | {"2026-01-01": "2027-02-01"}
    facts = [A, LATE_B, session("c", 5, "2027-04-05", "b")]
    told = tell(CURRENT, facts, seals=seals)
    assert countable(told) == [3000, 1000, 1000]
    assert adjustments(told, "2026") == [("b", -3000, "2025"), ("b", 4000, "2025")]
    assert sorted(each[:2] for each in adjustments(told, "2027")) == [("c", -4000), ("c", 5000)]
    told = tell(CURRENT, [*facts, correction("k", "2027-05-05", "c")], seals=seals)
    assert countable(told) == [3000, 1000, 0]


def test_both_links_were_known_in_time() -> None:
    """2025 sealed with b; c falls in after it, and is withdrawn: nothing is left of it."""
    facts = [A, B, session("c", 5, "2026-04-05", "b")]
    assert countable(tell(CURRENT, facts, seals=SEALS)) == [4000, 1000]
    assert countable(tell(CURRENT, [*facts, correction("k", "2026-05-05", "c")], seals=SEALS)) == [4000, 0]


def test_the_last_link_of_a_sealed_chain_is_withdrawn() -> None:
    """2025 sealed with c; withdrawn in 2026: −5, and b gives its 4 again."""
    told = tell(CURRENT, [A, B, C, correction("k", "2026-05-05", "c")], seals=SEALS)
    assert countable(told) == [5000, -1000]
    assert sorted(each[1] for each in adjustments(told, "2026")) == [-5000, 4000]


@pytest.mark.parametrize("last", [("a",), ("a", "k")], ids=["the piece", "and what withdrew it first"])
def test_restored_and_withdrawn_again_over_two_seals(last: tuple[str, ...]) -> None:
    """Withdrawn before 2025 was sealed, restored in 2026, withdrawn again in 2027."""
    facts = [
        A,
        correction("k", "2025-06-01", "a"),
        correction("l", "2026-03-05", "k"),
        correction("m", "2027-03-05", *last),
    ]
    told = tell(CURRENT, facts, seals=SEALS | {"2026-01-01": "2027-02-01"})
    assert countable(told) == [0, 3000, -3000]


def test_replaced_restored_and_withdrawn_over_two_seals() -> None:
    """b in the place of a when 2025 is sealed; b falls in 2026, so a counts again; in 2027 a falls too, and b again."""
    facts = [A, B, correction("k", "2026-03-05", "b"), correction("m", "2027-03-05", "a", "b")]
    told = tell(CURRENT, facts, seals=SEALS | {"2026-01-01": "2027-02-01"})
    assert countable(told) == [4000, -1000, -3000]


def test_a_replacement_restored_after_the_seal_takes_back_what_it_replaces() -> None:
    """b for a, but withdrawn: 2025 is sealed with a's 3. The withdrawal was a mistake: −3 and +4."""
    facts = [A, B, correction("k", "2025-08-01", "b"), correction("l", "2026-03-05", "k")]
    told = tell(CURRENT, facts, seals=SEALS)
    assert countable(told) == [3000, 1000]
    assert sorted(each[1] for each in adjustments(told, "2026")) == [-3000, 4000]


def test_a_replacement_withdrawn_and_restored_over_two_seals() -> None:
    """2025 is sealed with b's 4. b falls in 2026 (−4, and a's 3), and comes back in 2027 (+4, and −3)."""
    facts = [A, B, correction("k", "2026-03-05", "b"), correction("l", "2027-04-05", "k")]
    told = tell(CURRENT, facts, seals=SEALS | {"2026-01-01": "2027-02-01"})
    assert countable(told) == [4000, -1000, 1000]
