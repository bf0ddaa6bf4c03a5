"""What must hold for any rule set and any evidence, as long as nothing is sealed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import parse
from app.rules.credit.fold import settle
from app.rules.credit.report import as_json
from app.rules.credit.settlement import CARRIED, Posting, Settlement
from tests.rules.credit.spec.oracle_terms import fits, number
from tests.rules.credit.spec.random_rules import Dice, as_text
from tests.rules.credit.spec.runs import tried
from tests.rules.credit.spec.strategies import draw_facts, draw_rules, loads, random_facts, random_rules, shuffled

Facts = list[dict[str, Any]]
ROOT = Path(__file__).parents[4]


def book(texts: list[str]) -> RuleBook:
    """Loaded when it was drawn."""
    found = loads(tuple(texts))
    assert found is not None
    return found


def settled(found: RuleBook, facts: Facts, *, explain: bool = False, until: date | None = None) -> Settlement:
    return settle(found, [parse(each, found.zone) for each in facts], explain=explain, until=until)


def told(texts: list[str], facts: Facts) -> str:
    """For a failing example: all that is needed to try it again."""
    return "\n".join([*texts, *map(repr, facts)])


def balances(settlement: Settlement) -> dict[tuple[date, str], tuple[int, int]]:
    """(earned, countable) by period and bucket."""
    sums: dict[tuple[date, str], tuple[int, int]] = {}
    for p in settlement.postings:
        earned, countable = sums.get((p.period, p.bucket), (0, 0))
        sums[p.period, p.bucket] = earned + p.earned, countable + p.countable
    return {key: each for key, each in sums.items() if each != (0, 0)}


@tried
@given(random_rules(), random_facts(), st.integers(0, 2**32))
def test_the_order_of_the_list_does_not_matter(texts: list[str], facts: Facts, seed: int) -> None:
    found = book(texts)
    one = as_json(settled(found, facts, explain=True))
    assert as_json(settled(found, shuffled(seed, facts), explain=True)) == one, told(texts, facts)
    fresh = RuleBook([document.load(text) for text in texts])
    assert as_json(settled(fresh, facts, explain=True)) == one, told(texts, facts)


@tried
@given(random_rules(), random_facts())
def test_reasons_change_no_amount(texts: list[str], facts: Facts) -> None:
    found = book(texts)
    with_, without = settled(found, facts, explain=True), settled(found, facts, explain=False)
    assert [p._replace(why=()) for p in with_.postings] == list(without.postings), told(texts, facts)
    assert with_.periods == without.periods


@tried
@given(random_rules(), random_facts())
def test_postings_sum_up_to_periods(texts: list[str], facts: Facts) -> None:
    found = settled(book(texts), facts)
    sums = balances(found)
    for start, result in found.periods.items():
        own = {bucket: each for (period, bucket), each in sums.items() if period == start}
        assert own == {bucket: each for bucket, each in result.buckets.items() if any(each)}, told(texts, facts)
        assert result.countable == sum(each[1] for each in own.values())
        assert result.earned == sum(each[0] for each in own.values())
        assert result.carried == sum(
            p.countable for p in found.postings if p.period == start and p.evidence.startswith(CARRIED)
        )
    assert {period for period, _ in sums} <= set(found.periods)


@tried
@given(random_rules(), random_facts())
def test_countable_stays_within_earned_and_carried_in(texts: list[str], facts: Facts) -> None:
    found = settled(book(texts), facts, explain=True)
    for p in found.postings:
        assert p.countable >= 0, told(texts, facts)
        if p.evidence.startswith(CARRIED):
            cut = any(why.did == "share" for why in p.why)
            assert (p.earned, p.countable > 0 or cut) == (0, True), told(texts, facts)
        else:
            assert p.countable <= p.earned, told(texts, facts)
    for result in found.periods.values():
        assert result.countable <= result.earned + result.carried


@tried
@given(random_rules(), random_facts())
def test_every_piece_is_told_of_once(texts: list[str], facts: Facts) -> None:
    """It is posted, or it says why not; silent pieces do neither."""
    found = settled(book(texts), facts, explain=True)
    posted = {p.evidence for p in found.postings if not p.evidence.startswith(CARRIED)}
    # Carried hours that a cap cut to nothing are told there too.
    nothing = [n.evidence for n in found.nothing if not n.evidence.startswith(CARRIED)]
    silent = {"correction", "revocation", "exemption", "standing", "leave", "class_close"}
    assert len(nothing) == len(set(nothing)), told(texts, facts)
    assert not posted & set(nothing), told(texts, facts)
    assert posted | set(nothing) == {each["id"] for each in facts if each["kind"] not in silent}, told(texts, facts)
    assert all(p.why for p in found.postings)


def seen(posting: Posting, by_id: dict[str, dict[str, Any]], carry: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What a selector sees of a posting."""
    if posting.evidence.startswith(CARRIED):
        row = carry[posting.evidence.split(":")[1]]
        return {**row["as"], "kind": CARRIED, "bucket": posting.bucket}
    facts = by_id[posting.evidence]
    hour, minute = map(int, facts["happened"].split("T")[1].split(":")[:2])
    return {**facts, "clock": hour * 60 + minute, "bucket": posting.bucket}


@tried
@given(random_rules(most=1), random_facts())
def test_no_cap_is_passed(texts: list[str], facts: Facts) -> None:
    """One version, so that no limit was lowered; what pays an older debt is charged where it happened."""
    found, data = book(texts), tomllib.loads(texts[0])
    by_id = {each["id"]: each for each in facts}
    carry = {row["id"]: row for row in data.get("carry", ())}
    sums: dict[Any, int] = defaultdict(int)
    for p in settled(found, facts).postings:
        index = found.period.index(p.day)
        values = seen(p, by_id, carry)
        for row in data.get("cap", ()):
            if fits(row.get("when"), values):
                own = p.evidence
                place = {
                    "item": (index, values.get("item", own)), "run": values.get("run", own), "day": p.day,
                    "period": index, "cycle": found.period.cycle_of(index), "ever": 0,
                }[row["per"]]  # fmt: skip
                sums[row["id"], row["limit"], place] += p.countable
    for (name, limit, _), total in sums.items():
        assert total <= number(limit) * 1000, f"{name}\n" + told(texts, facts)


@tried
@given(random_rules(most=1), random_facts())
def test_shares_hold_at_the_close(texts: list[str], facts: Facts) -> None:
    """And where later hours paid what was missing."""
    found, data = book(texts), tomllib.loads(texts[0])
    by_id = {each["id"]: each for each in facts}
    carry = {row["id"]: row for row in data.get("carry", ())}
    outcome = settled(found, facts)
    tests = {test["id"]: test for test in data["test"]}
    for start, result in outcome.periods.items():
        for row in data.get("share", ()):
            if tests[row["of"]].get("over") == "cycle":
                continue
            test = result.tests[row["of"]]
            basis = test.quota if row["basis"] == "quota" else test.got
            mine = [p for p in outcome.postings if p.period == start and fits(row["when"], seen(p, by_id, carry))]
            assert sum(p.countable for p in mine) <= number(row["at_most"]) * basis, told(texts, facts)


@tried
@given(random_rules(), random_facts(), st.integers(0, 2**32))
def test_withdrawn_and_added_again_is_unchanged(texts: list[str], facts: Facts, seed: int) -> None:
    named = {name for each in facts for name in each.get("names", ())}
    free = sorted(each["id"] for each in facts if each["id"].startswith("e") and each["id"] not in named)
    if not free:
        return
    target = next(each for each in facts if each["id"] == free[seed % len(free)])
    again = {**target, "id": target["id"] + "x"}
    correction = {
        "id": "zz", "kind": "correction", "happened": target["happened"], "names": [target["id"]],
        "known": target.get("known", target["happened"]),
    }  # fmt: skip
    found = book(texts)
    before, after = settled(found, facts), settled(found, [*facts, again, correction])
    assert balances(before) == balances(after), told(texts, [*facts, again, correction])
    assert before.periods == after.periods


@tried
@given(random_rules(), random_facts())
def test_an_hour_counts_once(texts: list[str], facts: Facts) -> None:
    """Whether it pays a debt or not, a piece counts as much (where nothing is carried or cut at the close)."""
    plain, paying = [], []
    for text in texts:
        data = tomllib.loads(text)
        data.pop("carry", None), data.pop("share", None)
        data = {name: rows for name, rows in data.items() if rows != []}
        paying.append(as_text(data))
        data.pop("make_up", None)
        plain.append(as_text(data))

    def sums(texts: list[str]) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for p in settled(book(texts), facts).postings:
            earned, countable = found.get(p.evidence, (0, 0))
            found[p.evidence] = earned + p.earned, countable + p.countable
        return found

    assert sums(plain) == sums(paying), told(paying, facts)


@tried
@given(random_rules(), random_facts())
def test_what_was_made_up_is_what_was_posted_back(texts: list[str], facts: Facts) -> None:
    """At most what was missing, and posted to the old period by later days."""
    found = settled(book(texts), facts)
    late: dict[date, int] = defaultdict(int)
    for p in found.postings:
        if p.day > found.periods[p.period].end:
            late[p.period] += p.countable
    for start, result in found.periods.items():
        paid = result.made_up.values()
        assert max(paid, default=0) <= late[start] <= sum(paid), told(texts, facts)


@tried
@given(random_rules(), random_facts(), st.sampled_from([date(2025, 5, 5), date(2028, 6, 1)]))
def test_empty_periods_post_nothing_but_what_is_carried(texts: list[str], facts: Facts, until: date) -> None:
    found = book(texts)
    short, long = settled(found, facts), settled(found, facts, until=until)
    assert set(short.periods) <= set(long.periods)
    added = long.postings[len(short.postings) :]
    assert long.postings[: len(short.postings)] == short.postings
    assert all(p.evidence.startswith(CARRIED) for p in added)


def digest(seed: int, count: int) -> str:
    """What some random books say of some random evidence."""
    from hashlib import sha256

    told = sha256()
    for each in range(seed, seed + count):
        dice = Dice(each)
        _, found = draw_rules(dice)
        told.update(as_json(settled(found, draw_facts(dice), explain=True)).encode())
    return told.hexdigest()


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_says_the_same_bytes(hash_seed: str) -> None:
    program = f"from {__name__} import digest; print(digest(9, 12))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest(9, 12)


@tried
@given(random_rules(), random_facts())
def test_the_reasons_lead_to_the_amounts(texts: list[str], facts: Facts) -> None:
    """gives → repeats → cut → share; what pays a debt and the rest tell the same and add up."""
    postings: dict[str, list[Posting]] = defaultdict(list)
    for p in settled(book(texts), facts, explain=True).postings:
        postings[p.evidence].append(p)
    for name, parts in postings.items():
        said: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for why in dict.fromkeys(why for part in parts for why in part.why):
            said[why.did].append(why.numbers)
        first = "carried" if name.startswith(CARRIED) else "gives"
        [gives] = said[first]
        earned = min([gives[1 if first == "carried" else 2], *(n[2] for n in said["repeat"] + said["overlaps"])])
        counted = said["cut"][0][1] if said["cut"] else earned
        if said["cut"]:
            assert said["cut"][0][0] == earned, told(texts, facts)
        cut = sum(before - after for before, after, _ in said["share"])
        assert sum(p.countable for p in parts) == counted - cut, told(texts, facts)
        assert sum(p.earned for p in parts) == (0 if first == "carried" else earned), told(texts, facts)
        paid = sum(n[0] for n in said["make_up"])
        assert paid == sum(p.countable for p in parts if any(why.did == "make_up" for why in p.why)) or said["share"]
