"""`share`: at most this part of what a test counts, cut at the close, latest first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import tell

BODY = (
    'convert = [{id = "c", when = {kind = ["session", "recognised"]}, amount = "hours"}]\n'
    'test = [{id = "total", measure = "countable", at_least = 60},'
    ' {id = "face", when = {category = {not = "online"}}, measure = "countable", at_least = 40},'
    ' {id = "all", measure = "earned", at_least = 0},'
    ' {id = "cycle", measure = "countable", at_least = 60, over = "cycle"}]\n'
)
ONLINE = 'id = "online-share", when = {category = "online"}'


def text(*shares: str, period: str = "", more: str = "") -> str:
    return rules(BODY + more + "share = [" + ", ".join(f"{{{each}}}" for each in shares) + "]\n", period=period)


def hours(name: str, category: str, amount: float, happened: str = "2026-05-04T10:00", **more: Any) -> dict[str, Any]:
    return piece(name, "session", happened, **{"category": category, "hours_m": round(amount * 1000), **more})


@pytest.mark.parametrize(
    ("share", "face", "online", "left"),
    [
        # x ≤ (30 + x) / 2: the cut lowers what it is a part of.
        ('at_most = "1/2", of = "total"', 30, 50, 30_000),
        ('at_most = "1/2", of = "total"', 30, 30, 30_000),
        ('at_most = "1/2", of = "total"', 30, 29, 29_000),
        ('at_most = "1/3", of = "total", basis = "got"', 30, 50, 15_000),
        # x ≤ 0.3 (1 + x): x ≤ 0.42857…
        ('at_most = "0.3", of = "total"', 1, 50, 428),
        ('at_most = 1, of = "total"', 30, 50, 50_000),
        ('at_most = 0, of = "total"', 30, 50, 0),
        ('at_most = "1/2", of = "total"', 0, 50, 0),
        # A test that does not count them stays as it is.
        ('at_most = "1/2", of = "face"', 30, 50, 15_000),
        ('at_most = "1/2", of = "total", basis = "quota"', 5, 50, 30_000),
        ('at_most = "2/3", of = "face", basis = "quota"', 5, 50, 26_666),
        # Earned is not lowered by a cut: half of 80.
        ('at_most = "1/2", of = "all"', 30, 50, 40_000),
    ],
)
def test_what_is_left(share: str, face: float, online: float, left: int) -> None:
    facts = [hours("f", "class", face), hours("o", "online", online, "2026-05-05T10:00")]
    told = tell(text(f"{ONLINE}, {share}"), facts)
    assert told.got("f", "o") == [face * 1000, left]
    assert told.got("o", key="earned") == [online * 1000]
    assert told.test("total")[0] == face * 1000 + left
    assert told.period("2026")["countable"] == face * 1000 + left


def test_the_latest_are_cut_first() -> None:
    facts = [
        hours("f", "class", 30),
        hours("o3", "online", 20, "2026-03-01T10:00"),
        hours("o1", "online", 20, "2026-01-01T10:00"),
        hours("o2", "online", 20, "2026-02-01T10:00"),
    ]
    told = tell(text(f'{ONLINE}, at_most = "1/2", of = "total"'), facts)
    assert told.got("o1", "o2", "o3") == [20_000, 10_000, 0]
    assert told.why("o2")[-1] == ("online-share", "share", [20_000, 10_000, 30_000])
    assert told.why("o3")[-1] == ("online-share", "share", [20_000, 0, 30_000])
    assert not [why for why in told.why("o1") if why[1] == "share"]


def test_two_shares_go_on_until_nothing_changes() -> None:
    """online ≤ 1/2, elective ≤ 1/4 of 10 + online + elective: x ≤ 10 + e and 3e ≤ 10 + x give 20 and 10."""
    facts = [
        hours("f", "class", 10),
        hours("e", "elective", 30, "2026-05-05T10:00"),
        hours("o", "online", 30, "2026-05-06T10:00"),
    ]
    told = tell(
        text(
            f'{ONLINE}, at_most = "1/2", of = "total"',
            'id = "p-elective", when = {category = "elective"}, at_most = "1/4", of = "total"',
        ),
        facts,
    )
    assert told.got("f", "e", "o") == [10_000, 10_000, 20_000]


def test_a_share_of_a_cycle_s_quota() -> None:
    """Self-paced at most 30 of the 60 of three years: 20, then 10 of 20, then nothing."""
    facts = [hours(f"o{year}", "online", 20, f"{year}-05-04T10:00") for year in (2024, 2025, 2026, 2027)]
    told = tell(text(f'{ONLINE}, at_most = "1/2", of = "cycle", basis = "quota"', period="cycle = 3"), facts)
    assert told.got(*(each["id"] for each in facts)) == [20_000, 10_000, 0, 20_000]


def test_it_is_applied_to_the_open_period_as_it_stands() -> None:
    share = f'{ONLINE}, at_most = "1/2", of = "total"'
    facts = [hours("o", "online", 20)]
    assert tell(text(share), facts).got("o") == [0]
    facts.append(hours("f", "class", 12, "2026-09-01T10:00"))
    assert tell(text(share), facts).got("o", "f") == [12_000, 12_000]


def test_each_period_has_its_own() -> None:
    facts = [
        hours("f", "class", 30, "2025-05-04T10:00"),
        hours("o1", "online", 10, "2025-06-04T10:00"),
        hours("o2", "online", 10, "2026-06-04T10:00"),
    ]
    assert tell(text(f'{ONLINE}, at_most = "1/2", of = "total"'), facts).got("o1", "o2") == [10_000, 0]


def test_a_freed_cap_is_not_given_back() -> None:
    """The cap of 40 is used up by the first 40; the share then leaves 30, of which the later piece has none."""
    facts = [
        hours("f", "class", 30),
        hours("o1", "online", 50, "2026-05-05T10:00"),
        hours("o2", "online", 10, "2026-05-06T10:00"),
    ]
    cap = 'cap = [{id = "forty", when = {category = "online"}, limit = 40, per = "period"}]\n'
    told = tell(text(f'{ONLINE}, at_most = "1/2", of = "total"', more=cap), facts)
    assert told.got("o1", "o2") == [30_000, 0]
    assert [why[1] for why in told.why("o1")] == ["gives", "cut", "share"]


def test_the_surplus_is_what_the_share_left() -> None:
    carry = 'carry = [{id = "on", surplus_of = "total", measure = "countable", as = {category = "class"}}]\n'
    facts = [hours("f", "class", 45), hours("o", "online", 40, "2026-05-06T10:00")]
    told = tell(text(f'{ONLINE}, at_most = "1/2", of = "total", basis = "quota"', more=carry), facts)
    assert told.period("2026")["carry"] == {"on": 15_000}
