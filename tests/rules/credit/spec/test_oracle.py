"""The engine against the second evaluator, on random rule sets and evidence."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from typing import Any

from hypothesis import given

from app.rules.credit.evaluate import evaluate
from tests.rules.credit.spec.case import Told
from tests.rules.credit.spec.oracle import Oracle
from tests.rules.credit.spec.runs import tried
from tests.rules.credit.spec.strategies import random_facts, random_rules


def second(texts: Sequence[str], facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the second evaluator says, in the engine's words."""
    oracle = Oracle([tomllib.loads(text) for text in texts], facts)
    start = oracle.calendar.start
    postings = [
        (e.name, start(e.index).isoformat(), e.bucket, e.earned, e.countable, e.version) for e in oracle.entries
    ]
    periods = {start(index).isoformat(): found for index, found in oracle.periods.items()}
    return {"postings": sorted(postings), "periods": periods, "nothing": oracle.nothing}


def first(texts: Sequence[str], facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The same of the engine."""
    told = Told(evaluate(texts, json.dumps({"evidence": facts})))
    keys = ("evidence", "period", "bucket", "earned", "countable", "version")
    postings = [tuple(posting[key] for key in keys) for posting in told.postings]
    periods = {
        start: {key: found[key] for key in ("duty", "tests", "requirements", "made_up", "carry")}
        for start, found in told.report["periods"].items()
    }
    return {"postings": sorted(postings), "periods": periods, "nothing": told.words}


def differences(texts: Sequence[str], facts: Sequence[dict[str, Any]]) -> list[str]:
    """Where the two disagree, the smallest first."""
    one, two = first(texts, facts), second(texts, facts)
    found = [f"engine only: {p}" for p in one["postings"] if p not in two["postings"]]
    found += [f"second only: {p}" for p in two["postings"] if p not in one["postings"]]
    for start in sorted({*one["periods"], *two["periods"]}):
        a, b = one["periods"].get(start, {}), two["periods"].get(start, {})
        found += [f"{start} {key}: {a.get(key)} / {b.get(key)}" for key in sorted({*a, *b}) if a.get(key) != b.get(key)]
    words = {**one["nothing"], **two["nothing"]}
    found += [
        f"{name}: {one['nothing'].get(name)} / {two['nothing'].get(name)}"
        for name in words
        if one["nothing"].get(name) != two["nothing"].get(name)
    ]
    return found


@tried
@given(random_rules(), random_facts())
def test_two_evaluators_agree(texts: list[str], facts: list[dict[str, Any]]) -> None:
    assert differences(texts, facts) == [], "\n".join([*texts, json.dumps(facts)])
