"""The heads of all chains, to be kept outside the database: they show truncation and rewriting later."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.credits.models import ChainHead, Evidence
from app.people.models import Person
from app.rules import ledger

Head = dict[str, int | str]


def export(session: Session) -> dict[str, Head]:
    """{learner key: {seq, hash, evidence, digest}}, sorted by key; nothing personal is in it.

    `seq` and `hash` are the last transaction's (0 and zeros where there is none), `evidence` the last row's
    number, `digest` the one over all rows up to it.
    """
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
    rows = session.execute(
        select(Evidence.learner_id, Evidence.id, Evidence.payload_hash)
        .order_by(Evidence.learner_id, Evidence.id)
        .execution_options(yield_per=10_000)
    )
    for learner_id, own in groupby(rows, key=lambda row: row[0]):
        head = (0, ledger.START)
        for _learner, row_id, payload_hash in own:
            head = (row_id, ledger.extend(head[1], payload_hash))
        yield learner_id, head
