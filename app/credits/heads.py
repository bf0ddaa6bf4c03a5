"""The heads of all chains and the published rules, to be kept outside the database: they show rewriting later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.credits.folding import canonical
from app.credits.models import ChainHead, Evidence, PeriodSeal, RuleVersion
from app.credits.rulebook import text_hash
from app.people.models import Person
from app.rules import ledger

Number = Annotated[int, msgspec.Meta(ge=0)]


class Head(TypedDict):
    """Of one learner: number and hash of the last transaction (0 and zeros where there is none), number of
    the last evidence row, and the digest over all rows up to it. `numbers`: over the numbers of these rows, which
    no other hash holds (exports of before 2026-12 have none)."""

    seq: Number
    hash: str
    evidence: Number
    digest: str
    numbers: NotRequired[str]


NO_EVIDENCE = (0, ledger.START, hashlib.sha256(b"").hexdigest())


class RuleHead(TypedDict):
    """Of one published version: its day, and the hash of its text (of the text itself, not the kept hash)."""

    effective: str
    hash: str


class Heads(TypedDict):
    """`learners` by their opaque key, `rules` by `<rule set> <version>`; nothing personal is in it.

    `rows`: a hash over each row of the rules (beside what `rules` says) and of the seals, by table and key.
    """

    learners: dict[str, Head]
    rules: dict[str, RuleHead]
    rows: NotRequired[dict[str, str]]


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
    found: Heads = {"learners": _learners(session), "rules": _rules(session)}
    rows = row_heads(session)
    return {**found, "rows": rows} if rows else found


def rule_key(ruleset: str, version: int) -> str:
    """What names a version in the heads."""
    return f"{ruleset} {version}"


def numbers_of(rows: Iterable[int]) -> str:
    """SHA-256 over the numbers of evidence rows in their order, comma between, hex."""
    return hashlib.sha256(",".join(map(str, rows)).encode("ascii")).hexdigest()


def differing(then: Heads, now: Heads) -> tuple[list[str], list[str]]:
    """The keys of the learners, and those of the rule versions, that do not stand in both alike."""
    return _differing(then["learners"], now["learners"]), _differing(then["rules"], now["rules"])


def _differing(then: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return sorted(key for key in then.keys() | now.keys() if not _alike(then.get(key), now.get(key)))


def _alike(then: Any, now: Any) -> bool:
    """The same in all that the earlier export knew: those of before 2026-12 know less."""
    if then is None or now is None:
        return False
    return all(now.get(name) == value for name, value in then.items())


def _learners(session: Session) -> dict[str, Head]:
    found: dict[str, Head] = {}
    evidence = dict(_evidence_heads(session))
    rows = session.execute(
        select(ChainHead.learner_id, Person.key, ChainHead.seq, ChainHead.hash)
        .join(Person, Person.id == ChainHead.learner_id)
        .order_by(Person.key)
    )
    for learner_id, key, seq, own_hash in rows:
        last, digest, numbers = evidence.get(learner_id, NO_EVIDENCE)
        found[key] = {"seq": seq, "hash": own_hash, "evidence": last, "digest": digest, "numbers": numbers}
    return found


def _evidence_heads(session: Session) -> Iterator[tuple[int, tuple[int, str, str]]]:
    query = (
        select(Evidence.learner_id, Evidence.id, Evidence.payload_hash)
        .order_by(Evidence.learner_id, Evidence.id)
        .execution_options(yield_per=10_000)
    )
    with session.execute(query) as rows:
        for learner_id, own in groupby(rows, key=lambda row: row[0]):
            numbers, digest = [], ledger.START
            for _learner, row_id, payload_hash in own:
                numbers.append(row_id)
                digest = ledger.extend(digest, payload_hash)
            yield learner_id, (numbers[-1], digest, numbers_of(numbers))


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


def row_heads(session: Session) -> dict[str, str]:
    """What the heads say of single rows: `rule_version <rule set> <version>`, `period_seal <first day> <number>`."""
    found = {}
    for rule in session.scalars(select(RuleVersion).order_by(RuleVersion.ruleset, RuleVersion.version)):
        kept = [rule.id, rule.ruleset, rule.version, rule.published_at.isoformat(), rule.published_by]
        found[f"rule_version {rule_key(rule.ruleset, rule.version)}"] = _row_hash(kept)
    for seal in session.scalars(select(PeriodSeal).order_by(PeriodSeal.period, PeriodSeal.number)):
        kept = [seal.period.isoformat(), seal.number, seal.event, seal.at.isoformat(), seal.by_id, seal.hash]
        found[f"period_seal {seal.period} {seal.number}"] = _row_hash([*kept, seal.overruled, seal.reason])
    return found


def _row_hash(values: list[object]) -> str:
    """SHA-256 of a row's values as canonical JSON, hex."""
    return hashlib.sha256(canonical(values).encode()).hexdigest()
