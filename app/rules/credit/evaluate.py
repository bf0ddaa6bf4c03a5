"""Rules and evidence as texts → the report as text: what `duxue rules evaluate` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from app.rules.credit import document, report
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.errors import EvidenceError
from app.rules.credit.evidence import parse
from app.rules.credit.fold import settle


def evaluate(
    rules_texts: Sequence[str], evidence_json: str, *, as_known: date | None = None, until: date | None = None
) -> str:
    """The canonical JSON report of one learner's evidence under these versions of one rule set.

    `as_known`: only what was known by the end of that academy-local day; `until`: close empty periods up to
    that day. Raises RuleErrors or EvidenceError.
    """
    return evaluate_loaded([document.load(text) for text in rules_texts], evidence_json, as_known, until)


def evaluate_loaded(
    versions: Sequence[RuleSet], evidence_json: str, as_known: date | None = None, until: date | None = None
) -> str:
    """As `evaluate`, with rule sets loaded already (so that a caller can name the wrong file)."""
    book = RuleBook(versions)
    data = _evidence(evidence_json)
    pieces = [parse(each, book.zone, place) for place, each in enumerate(data["evidence"], 1)]
    if as_known is not None:
        pieces = [p for p in pieces if p.known.astimezone(book.zone).date() <= as_known]
    seals = _seals(book, data.get("seals") or {}, as_known)
    return report.as_json(settle(book, pieces, explain=True, until=until, seals=seals), data.get("learner"))


def _seals(book: RuleBook, raw: object, as_known: date | None) -> dict[date, datetime]:
    """First day of a period → the moment of its seal: a time, or a day (its first moment)."""
    if not isinstance(raw, dict):
        raise EvidenceError('\'seals\' must look like {"2025-01-01": "2026-02-01"}')
    found = {}
    for start, moment in raw.items():
        try:
            first, sealed = date.fromisoformat(start), datetime.fromisoformat(moment)
        except (ValueError, TypeError) as error:
            raise EvidenceError(f"'seals': {start!r}: {moment!r} must be a day and a day or time") from error
        index = book.period.index(first)
        if index < 0 or book.period.start(index) != first:
            raise EvidenceError(f"'seals': no period begins on {start}")
        sealed = sealed if sealed.tzinfo is not None else sealed.replace(tzinfo=book.zone)
        if sealed.astimezone(book.zone).date() <= book.period.end(index):
            raise EvidenceError(f"'seals': the period of {start} is not over on {moment}")
        if as_known is None or sealed.astimezone(book.zone).date() <= as_known:
            found[first] = sealed.astimezone(UTC)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; JSON would silently take the last of two equal keys."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise EvidenceError(f"the evidence says {twice!r:.60} twice in one object")
    return found


def _evidence(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_once)
    except EvidenceError:
        raise
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"the evidence is not JSON: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("evidence"), list):
        raise EvidenceError('the evidence must be an object {"learner": "…", "evidence": [ … ]}')
    unknown = sorted(set(data) - {"learner", "seals", "evidence"})
    if unknown:
        raise EvidenceError(f"unknown field {unknown[0]!r}; allowed: learner, seals, evidence")
    if not isinstance(data.get("learner"), str | None):
        raise EvidenceError(f"'learner' must be a text, not {data['learner']!r:.60}")
    return data
