"""The heads of all chains and the published rules, to be kept outside the database: they show rewriting later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Annotated, TypedDict

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.credits.models import ChainHead, Evidence, RuleVersion
from app.credits.rulebook import text_hash
from app.people.models import Person
from app.rules import ledger

Number = Annotated[int, msgspec.Meta(ge=0)]


class Head(TypedDict):
    """Of one learner: number and hash of the last transaction (0 and zeros where there is none), number of
    the last evidence row, and the digest over all rows up to it."""

    seq: Number
    hash: str
    evidence: Number
    digest: str


class RuleHead(TypedDict):
    """Of one published version: its day, and the hash of its text (of the text itself, not the kept hash)."""

    effective: str
    hash: str


class Heads(TypedDict):
    """`learners` by their opaque key, `rules` by `<rule set> <version>`; nothing personal is in it."""

    learners: dict[str, Head]
    rules: dict[str, RuleHead]


class HeadsError(ValueError):
    """Not an export of heads; the text says where it differs from one."""


def read(data: bytes) -> Heads:
    """Heads from their JSON; HeadsError for anything of another shape."""
    try:
        return msgspec.json.decode(data, type=Heads)
    except (ValueError, RecursionError) as error:
        raise HeadsError(f"not an export of `duxue credits heads`: {error}") from error


def export(session: Session) -> Heads:
    """The present heads, learners and rules sorted by their keys."""
    return {"learners": _learners(session), "rules": _rules(session)}


def rule_key(ruleset: str, version: int) -> str:
    """What names a version in the heads."""
    return f"{ruleset} {version}"


def differing(then: Heads, now: Heads) -> tuple[list[str], list[str]]:
    """The keys of the learners, and those of the rule versions, that do not stand in both alike."""
    return _differing(then["learners"], now["learners"]), _differing(then["rules"], now["rules"])


def _differing(then: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))


def _learners(session: Session) -> dict[str, Head]:
    found: dict[str, Head] = {}
    evidence = dict(_evidence_heads(session))
    rows = session.execute(
        select(ChainHead.learner_id, Person.key, ChainHead.seq, ChainHead.hash)
        .join(Person, Person.id == ChainHead.learner_id)
        .order_by(Person.key)
    )
    for learner_id, key, seq, own_hash in rows:
        last, digest = evidence.get(learner_id, (0, ledger.START))
        found[key] = {"seq": seq, "hash": own_hash, "evidence": last, "digest": digest}
    return found


def _evidence_heads(session: Session) -> Iterator[tuple[int, tuple[int, str]]]:
    query = (
        select(Evidence.learner_id, Evidence.id, Evidence.payload_hash)
        .order_by(Evidence.learner_id, Evidence.id)
        .execution_options(yield_per=10_000)
    )
    with session.execute(query) as rows:
        for learner_id, own in groupby(rows, key=lambda row: row[0]):
            head = (0, ledger.START)
            for _learner, row_id, payload_hash in own:
                head = (row_id, ledger.extend(head[1], payload_hash))
            yield learner_id, head


def _rules(session: Session) -> dict[str, RuleHead]:
    rows = session.execute(
        select(RuleVersion.ruleset, RuleVersion.version, RuleVersion.effective, RuleVersion.text).order_by(
            RuleVersion.ruleset, RuleVersion.version
        )
    )
    return {
        rule_key(ruleset, version): {"effective": effective.isoformat(), "hash": text_hash(text)}
        for ruleset, version, effective, text in rows
    }
