"""A simulation says what settling everybody under the draft would say, and changes nothing."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from app.base import runs, tasks
from app.base.db import Database
from app.credits.models import ChainHead, Evidence, LearnerPeriod, LedgerEntry, LedgerTransaction
from app.credits.simulation import processes, share
from app.credits.simulation.models import EvidencePack, PresentStand
from app.credits.simulation.service import KIND, simulate
from app.rules.credit.errors import RuleErrors
from tests.credits import samples
from tests.credits.simulation import small
from tests.credits.simulation.small import DRAFT, START, simulated, told


def ledger_of(db: Database) -> list[Any]:
    """Every row that a simulation must leave alone."""
    models = (Evidence, LedgerEntry, LedgerTransaction, ChainHead, LearnerPeriod)
    with db.engine.connect() as connection:
        tables: list[Any] = [model.__table__ for model in models]
        return [connection.execute(select(t).order_by(*t.primary_key.columns)).all() for t in tables]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("as_if", [START, None], ids=["as if", "from its day"])
def test_before_is_what_stands_and_after_what_settling_would_give(
    db: Database, sqlite_template: Path, tmp_path: Path, seed: int, as_if: date | None
) -> None:
    chance = random.Random(seed)
    effective = "2027-01-01" if as_if else chance.choice(("2026-03-01", "2026-07-01"))
    draft = small.draft(chance, effective=effective)
    with db.writing() as session:
        small.people(session, seed, [samples.RULES])
        before = {key: (row.countable, row.met) for key, row in small.stored(session).items()}
    kept = ledger_of(db)
    found = simulated(db, draft, as_if=as_if)
    assert ledger_of(db) == kept
    rules = [draft.replace(effective, "2026-01-01")] if as_if else [samples.RULES, draft]
    after = small.scratch(sqlite_template, tmp_path, seed, rules)
    changed = {each["key"]: each for each in found["changed_learners"]}
    for key in before:
        if key in changed:
            assert (changed[key]["before_m"], changed[key]["after_m"]) == (before[key][0], after[key][0]), key
        else:
            assert before[key] == after[key], key
    assert found["learners"] == small.LEARNERS
    assert found["changed"] == len(changed) == found["gain"] + found["lose"]
    assert found["short_before"] == sum(not met for _m, met in before.values())
    assert found["short_after"] == sum(not met for _m, met in after.values())
    _agrees(found, sum(m for m, _met in after.values()) - sum(m for m, _met in before.values()))


def _agrees(found: dict[str, Any], difference: int) -> None:
    """Totals, bars and clauses tell the same story."""
    clauses = {each["clause"]: each for each in found["by_clause"]}
    assert sum(each["amount_m"] for name, each in clauses.items() if name not in ("total", "general")) == difference
    bars = found["histogram"]
    assert sum(bars["before"]) == sum(bars["after"]) == found["learners"]
    assert len(bars["edges_m"]) == len(bars["before"]) + 1
    assert bars["edges_m"] == sorted(set(bars["edges_m"]))
    for each in found["changed_learners"]:
        assert set(each["clauses"]) <= set(clauses)
        assert each["clauses"], each


@pytest.mark.parametrize(
    ("changes", "after_m", "clauses"),
    [
        ({"limit = 8": "limit = 5"}, 5000, {"day": -3000}),
        ({"limit = 8": "limit = 9"}, 9000, {"day": 1000}),
        ({"length / 45": "length / 90"}, 5500, {"watched": -5500, "day": 3000}),
        ({"length / 45": "length / 180"}, 2750, {"watched": -8250, "day": 3000}),
        ({"seen / length": "seen", 'at_least = "0.9"': 'at_least = "500"'}, 0, {"ninety": -8000}),
        ({"at_least = 50": "at_least = 20"}, 8000, {"total": 2 * 30000}),  # the other one too is asked less
        ({'kind = "watched"}\namount': 'kind = "exam"}\namount'}, 0, {"watched": -8000}),
    ],
)
def test_the_clauses_that_make_the_difference(
    one: Database, changes: dict[str, str], after_m: int, clauses: dict[str, int]
) -> None:
    found = simulated(one, samples.next_rules(2, "2027-01-01", **changes), as_if=START)
    assert {each["clause"]: each["amount_m"] for each in found["by_clause"]} == clauses
    learner = found["changed_learners"][0]
    assert (learner["before_m"], learner["after_m"]) == (8000, after_m)
    assert (learner["short_before_m"], set(learner["clauses"])) == (42_000, set(clauses))
    assert (learner["key"], learner["name"], learner["class"]) == (f"01LEARNER{1:017d}", "学员1", "")
    changed = 2 if "total" in clauses else 1
    assert (found["learners"], found["changed"]) == (2, changed)
    assert (found["gain"], found["lose"]) == ((changed, 0) if sum(clauses.values()) > 0 else (0, changed))


def test_a_draft_that_changes_nothing_changes_nobody(one: Database) -> None:
    found = simulated(one, samples.next_rules(), as_if=START)
    assert (found["learners"], found["changed"], found["by_clause"], found["changed_learners"]) == (2, 0, [], [])
    assert (found["version"], found["effective"], found["as_if"]) == (2, "2027-01-01", "2026-01-01")
    assert (found["period"], found["period_end"], found["unit"]) == ("2026-01-01", "2026-12-31", "hours")
    assert found["histogram"] == {
        "unit": "hours", "edges_m": [n * 1000 for n in range(10)], "before": [1, *[0] * 7, 1], "after": [1, *[0] * 7, 1]
    }  # fmt: skip


def test_before_it_holds_a_draft_changes_nothing_that_happened(one: Database) -> None:
    found = simulated(one, samples.next_rules(2, "2027-01-01", **{"length / 45": "length / 90"}))
    assert (found["changed"], found["as_if"]) == (0, None)


def test_the_first_rules_of_an_academy(db: Database) -> None:
    with db.writing() as session:
        learner = samples.new_learner(session)
        samples.watch(session, learner, 1, hours=3)
    found = simulated(db, samples.RULES)
    (only,) = found["changed_learners"]
    assert (only["before_m"], only["after_m"]) == (0, 3000)
    assert only["clauses"] == ["total", "general", "watched"], "two quotas that nobody had, and the hours"
    assert (found["bound_before"], found["bound_after"], found["met_after"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        ("[ruleset", "line 1"),
        (samples.next_rules(2, "2027-01-01", **{"limit = 8": "limit = eight"}), "line "),
        (
            samples.next_rules().replace('id = "yunting"', 'id = "elsewhere"'),
            "line 3: [ruleset] 'elsewhere': The academy's rule set is yunting; keep this id.",
        ),
        (
            samples.next_rules(effective="2026-01-01"),
            "line 5: [ruleset] 'yunting': This day is not after 2026-01-01, from which version 1 holds: write a later"
            " one, or simulate it as if it held from an earlier day.",
        ),
        (samples.next_rules().replace("Asia/Shanghai", "Asia/Tokyo"), "all versions share one time zone"),
    ],
)
def test_a_draft_that_cannot_be_published_is_refused_with_its_line(one: Database, draft: str, says: str) -> None:
    with pytest.raises(RuleErrors) as refused:
        simulate(one, draft, told, processes=0)
    assert says in str(refused.value)


@pytest.fixture
def many(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A small academy that is read in chunks of two."""
    monkeypatch.setattr(share, "CHUNK", 2)
    with db.writing() as session:
        small.people(session, 3, [samples.RULES])
    return db


def test_several_processes_say_what_one_says(many: Database) -> None:
    alone = simulated(many, DRAFT, as_if=START)
    assert alone["changed"] > 2
    with many.writing() as session:  # each of them has to write what it finds
        session.execute(delete(PresentStand))
        session.execute(delete(EvidencePack))
    steps: list[tuple[int, int]] = []
    together = simulate(many, DRAFT, lambda *step: steps.append(step), as_if=START, processes=2)
    together.pop("seconds")
    assert together == alone
    with many.reading() as session:
        assert session.scalar(select(func.count()).select_from(PresentStand)) == small.LEARNERS
    assert steps[0] == (0, small.LEARNERS)
    assert steps[-1] == (small.LEARNERS, small.LEARNERS)
    assert steps == sorted(steps)


class Enough(Exception):
    """Somebody asked it to stop."""


@pytest.mark.parametrize("wanted", [0, 2])
def test_it_stops_when_asked_and_leaves_nobody_at_work(
    many: Database, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []
    begin = subprocess.Popen

    def noted(*arguments: Any, **options: Any) -> Any:
        begun.append(begin(*arguments, **options))
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    calls = 0

    def stop(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Enough

    kept = ledger_of(many)
    with pytest.raises(Enough):
        simulate(many, DRAFT, stop, as_if=START, processes=wanted)
    assert len(begun) == wanted
    assert all(each.returncode is not None for each in begun)
    assert ledger_of(many) == kept
    assert simulated(many, DRAFT, as_if=START)["learners"] == small.LEARNERS


def test_a_process_that_fails_is_no_result(many: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(processes.Failed, match="ended"):
        simulate(many, DRAFT, told, as_if=START, processes=2)


@pytest.mark.parametrize("facts", ["{", '{"seen_ms":"much"}'])
def test_evidence_that_nobody_recorded_is_left_out_and_told(one: Database, facts: str) -> None:
    with one.writing() as session:
        stranger = samples.new_learner(session, 3)
        samples.watch(session, stranger, 1)
        session.add(
            Evidence(
                learner_id=stranger, key="x", kind="watched", happened_at=samples.NOON, known_at=samples.NOON,
                recorded_by="nobody", facts=facts, payload_hash="0" * 64,
            )
        )  # fmt: skip
    found = simulated(one, DRAFT, as_if=START)
    assert (found["unreadable"], found["learners"], found["changed"]) == (1, 2, 1)


def test_as_a_run(one: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = samples.next_rules().replace('id = "yunting"', 'id = "elsewhere"')
    with one.writing() as session:
        good = runs.begin(session, KIND, None, text=DRAFT, as_if="2026-01-01")
        bad = runs.begin(session, KIND, None, text=wrong)
    while tasks.run_one(one, tasks.RUNS):
        pass
    with one.reading() as session:
        done, failed = runs.one(session, good), runs.one(session, bad)
    assert done is not None
    assert failed is not None
    assert done.result is not None
    assert (done.state, done.result["changed"], done.total) == ("done", 1, 2)
    assert failed.state == "failed"
    assert failed.error is not None
    assert "keep this id" in failed.error
