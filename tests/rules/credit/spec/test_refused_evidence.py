"""Evidence and seals that cannot be read are refused, naming the piece."""

from __future__ import annotations

import json

import pytest

from app.rules.credit.errors import EvidenceError
from app.rules.credit.evaluate import evaluate
from tests.rules.credit.kit import piece, rules

HOUR = [rules('convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n')]


@pytest.mark.parametrize(
    ("seals", "says"),
    [
        ([], "'seals'"),
        ({"2025-01-01": 5}, "seals"),
        ({"2025-01-01": "soon"}, "seals"),
        ({"yesterday": "2026-02-01"}, "seals"),
        ({"2025-03-01": "2026-02-01"}, "seals"),
    ],
    ids=["no table", "a number", "no day", "no period", "not the first day of a period"],
)
def test_seals_that_cannot_be_read(seals: object, says: str) -> None:
    text = json.dumps({"evidence": [piece("a", "session", hours_m=1)], "seals": seals or [1]})
    with pytest.raises(EvidenceError, match=says):
        evaluate([rules('convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n')], text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stands_for": "a"}, None),
        ({"stands_for": [1.5]}, "'stands_for'"),
        ({"stands_for": [""]}, "'stands_for'"),
        ({"stands_for": {"a": 1}}, "'stands_for'"),
        ({"months_m": "3"}, "'months_m' must be a whole number"),
        ({"months_m": -1}, "'months_m' must be a whole number"),
        ({"months": 1}, "unknown field 'months'"),
    ],
)
def test_new_fields_of_evidence(change: dict[str, object], says: str | None) -> None:
    text = json.dumps({"evidence": [{**piece("e3", "recognised", hours_m=1, item="x"), **change}]})
    text_rules = rules('convert = [{id = "c", when = {kind = "recognised"}, amount = "hours"}]\n')
    if says is None:
        evaluate([text_rules], text)
        return
    with pytest.raises(EvidenceError, match=f"piece 'e3': .*{says}"):
        evaluate([text_rules], text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": "carried:on:2025-01-01"}, "carried:"),
        ({"id": "carriedon"}, None),
        ({"begun": "2026-05-04T10:00:01"}, "'begun'"),
        ({"begun": "2026-05-04T02:00:01Z"}, "'begun'"),
        ({"begun": "2026-05-04T10:00"}, None),
        ({"happened": "1899-12-30T10:00"}, "'happened' must lie in the years"),
        ({"happened": "9001-01-02T10:00"}, "'happened' must lie in the years"),
        ({"happened": "0001-01-01T00:00"}, "'happened' must lie in the years"),
        ({"happened": "9999-12-31T23:59-08:00"}, "'happened' must lie in the years"),
        ({"known": "9999-12-31T23:59-08:00"}, "'known' must lie in the years"),
        ({"known": "9000-05-04T10:00"}, None),
    ],
)
def test_names_and_times_of_evidence(change: dict[str, object], says: str | None) -> None:
    text = json.dumps({"evidence": [{**piece("e3", "session", hours_m=1), **change}]})
    if says is None:
        evaluate(HOUR, text)
        return
    with pytest.raises(EvidenceError, match=says):
        evaluate(HOUR, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"evidence": [], "evidence": []}',
        '{"evidence": [{"id": "a", "kind": "session", "happened": "2026-05-04", "hours_m": 1, "hours_m": 2}]}',
        '{"evidence": [], "seals": {"2025-01-01": "2026-02-01", "2025-01-01": "2026-03-01"}}',
    ],
    ids=["the evidence", "a field", "a seal"],
)
def test_a_key_twice_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match="twice"):
        evaluate(HOUR, text)


def test_a_mark_of_the_byte_order_is_no_mistake() -> None:
    text = json.dumps({"evidence": [piece("a", "session", hours_m=1500)]})
    assert evaluate(["\ufeff" + HOUR[0]], "\ufeff" + text) == evaluate(HOUR, text)
