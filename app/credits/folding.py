"""From recorded evidence to what should be posted: the one fold that settling, proving and pages share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.credits.rows import EvidenceRow
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import FIELDS, Piece, parse
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Settlement
from app.rules.ledger import Target

# The rules never see these; they only tell people what the evidence is about.
TOLD = frozenset(
    (
        "course",
        "course_title",
        "course_title_en",
        "lesson",
        "media_version",
        "title",
        "title_en",
        "place",
        "note",
        "ticket",
        "granted_by",
        "origin",
        "certificate",
        "whole_ms",
        "parts_ms",
        "reason",
    )
)
RULED = frozenset(FIELDS)
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_WHY = re.compile(r'\{"digest":"([0-9a-f]{64})","evidence":(\d{1,19}),"why":(\[.*\])\}', re.S)


def canonical(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return _encode(value)


def piece_of(
    key: str,
    kind: str,
    happened_at: datetime,
    known_at: datetime,
    facts: Mapping[str, Any],
    names: str | None,
) -> Piece:
    """A piece for the rules; EvidenceError says which field cannot be used."""
    ruled = {name: value for name, value in facts.items() if name in RULED}
    own = {"id": key, "kind": kind, "happened": happened_at, "known": known_at}
    return parse({**ruled, **own, **({"names": [names]} if names else {})})


def pieces_of(rows: Sequence[EvidenceRow]) -> list[Piece]:
    """The pieces of one learner's evidence rows."""
    return [
        piece_of(row.key, row.kind, row.happened_at, row.known_at, json.loads(row.facts), row.names) for row in rows
    ]


def fold(book: RuleBook, rows: Sequence[EvidenceRow], until: date, seals: Mapping[date, datetime]) -> Settlement:
    """Everything that one learner's evidence gives under the rules; periods close up to `until`.

    `seals`: those that hold (`seals.seals_of`); whoever folds without them sees other books.
    """
    return settle(book, pieces_of(rows), explain=True, until=until, seals=seals)


def steps_text(why: Sequence[Sequence[Any]]) -> str:
    """The reasons as they are kept: canonical JSON, [[clause, did, [numbers]], …]."""
    return canonical([[clause, did, list(numbers)] for clause, did, numbers in why])


def targets_of(settlement: Settlement) -> list[Target]:
    """What should stand on the ledger, in the order of the fold."""
    return [
        Target(p.evidence, p.period, p.bucket, p.earned, p.countable, p.version, steps_text(p.why), p.origin)
        for p in settlement.postings
    ]


def why_text(steps: str, last_evidence: int, digest: str) -> str:
    """What a transaction keeps: its reasons, and the evidence there was when it was posted.

    `digest` runs over the payload hashes in the order of recording up to the row `last_evidence`: so the
    chain also binds evidence that gave nothing, and a row that vanishes shows.
    """
    return f'{{"digest":"{digest}","evidence":{last_evidence},"why":{steps}}}'


def read_why(text: str) -> tuple[str, int, str]:
    """(reasons, last evidence row, digest) of a kept text; ValueError where it is not one."""
    found = _WHY.fullmatch(text)
    if found is None:
        raise ValueError(f"not the reasons of a transaction: {text[:60]!r}")
    return found[3], int(found[2]), found[1]
