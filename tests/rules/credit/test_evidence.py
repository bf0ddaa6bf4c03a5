"""Evidence is read strictly: what is not understood is refused, and the piece is named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.rules.credit.errors import EvidenceError, RuleErrors
from app.rules.credit.evaluate import evaluate
from app.rules.credit.evidence import parse
from tests.rules.credit.kit import piece, rules

ZONE = ZoneInfo("Asia/Shanghai")
SESSION = rules('convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n')


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "unknown field 'colour'; allowed: id, kind"),
        ({"kind": "exams"}, "'kind' must be one of correction"),
        ({"kind": None}, "'kind' must be one of"),
        ({"seen_ms": 1.0}, "'seen_ms' must be a whole number"),
        ({"seen_ms": True}, "'seen_ms' must be a whole number"),
        ({"seen_ms": "5"}, "'seen_ms' must be a whole number"),
        ({"hours_m": -1}, "'hours_m' must be a whole number from 0 to"),
        ({"words": 10**16}, "'words' must be a whole number"),
        ({"passed": 1}, "'passed' must be true or false"),
        ({"category": ["a"]}, "'category' must be a text"),
        ({"item": 1.5}, "'item' must be a text"),
        ({"happened": "yesterday"}, "'happened' must be a time"),
        ({"happened": 5}, "'happened' must be a time"),
        ({"happened": "0001-01-01T00:00"}, "'happened' must lie in the years 1900 to 9000"),
        ({"happened": None}, "'id', 'kind' and 'happened' are needed"),
        ({"begun": "soon"}, "'begun' must be a time"),
        ({"names": [1.5]}, "'names' must be a list of ids"),
        ({"approved": True}, "'approved' belongs to kind 'exemption' only"),
        ({"change": "joined"}, "'change' belongs to kind 'standing' only"),
        ({"kind": "standing", "change": "moved"}, "'change' must be one of joined, changed, left"),
        ({"kind": "exemption", "from": "2026-01-01"}, "must say 'approved'"),
        ({"kind": "exemption", "approved": True}, "'from' must be a day"),
        (
            {"kind": "exemption", "approved": True, "from": "2026-02-01", "until": "2026-01-01"},
            "before 'from'",
        ),
        ({"kind": "correction"}, "must say in 'names'"),
    ],
)
def test_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse({**piece("e3", "session"), **change}, ZONE)
    assert str(caught.value).startswith("piece 'e3': ")
    assert says in str(caught.value)


def test_times_without_offset_are_academy_local_everywhere() -> None:
    found = parse(piece("a", "session", "2026-05-01T12:00", begun="2026-05-01T10:00"), ZONE)
    assert found.happened == found.known == datetime(2026, 5, 1, 4, tzinfo=UTC)
    assert found.begun == datetime(2026, 5, 1, 2, tzinfo=UTC)
    with pytest.raises(EvidenceError, match="has no offset"):
        parse(piece("a", "session"))


def test_whole_numbers_may_be_identities() -> None:
    found = parse(piece("a", "taught", item=7, edition=1, take=2), ZONE)
    assert (found.item, found.edition, found.take) == ("7", "1", "2")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ('{"evidence": 1}', "must be an object"),
        ('{"evidence": [], "x": 1}', "unknown field 'x'"),
        ('{"evidence": [5]}', "must be an object, not 5"),
        ('{"evidence": [], "learner": 5}', "'learner' must be a text"),
        ('{"evidence": [], "seals": {"2025-01-02": "2026-02-01"}}', "no period begins on 2025-01-02"),
        ('{"evidence": [], "seals": {"2025-01-01": "2025-02-01"}}', "the period of 2025-01-01 is not over"),
        ('{"evidence": [], "seals": {"2025-01-01": 3}}', "must be a day and a day or time"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_evaluate_refuses(text: str, says: str) -> None:
    with pytest.raises(EvidenceError, match=says):
        evaluate([SESSION], text)


def test_evaluate_says_what_is_wrong_with_the_rules() -> None:
    with pytest.raises(RuleErrors, match=r"line 1: \[ruleset\]: the table"):
        evaluate([""], '{"evidence": []}')


def test_evaluate_gives_the_same_bytes_and_only_what_was_known() -> None:
    facts = [
        piece("a", "session", "2026-05-01T10:00", hours_m=1000),
        piece("b", "session", "2026-04-01T10:00", hours_m=2000, known="2026-05-02T00:30"),
    ]
    text = json.dumps({"learner": "l", "evidence": facts})
    turned = json.dumps({"evidence": facts[::-1], "learner": "l"})
    whole = evaluate([SESSION], text)
    assert whole == evaluate([SESSION], turned)
    report = json.loads(whole)
    assert [p["evidence"] for p in report["postings"]] == ["b", "a"]
    assert report["postings"][0] == {
        "evidence": "b", "period": "2026-01-01", "bucket": "hours", "earned": 2000, "countable": 2000,
        "version": 1, "why": [{"clause": "c", "did": "gives", "numbers": [2000, 1, 2000]}],
    }  # fmt: skip
    assert report["periods"] == {
        "2026-01-01": {
            "duty": "full", "earned": 3000, "countable": 3000, "buckets": {"hours": [3000, 3000]},
            "tests": {}, "requirements": {}, "made_up": {}, "carry": {},
        }
    }  # fmt: skip
    known = json.loads(evaluate([SESSION], text, as_known=date(2026, 5, 1), until=date(2028, 1, 1)))
    assert [p["evidence"] for p in known["postings"]] == ["a"]
    assert sorted(known["periods"]) == ["2026-01-01", "2027-01-01", "2028-01-01"]
