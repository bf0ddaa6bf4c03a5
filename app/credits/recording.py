"""Evidence comes in here: checked, canonical, once. One learner's writes go one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, Text, and_, cast, func, insert, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.base.clock import from_ms, to_ms
from app.base.db import insert_into
from app.base.errors import Refused
from app.credits.folding import RULED, TOLD, canonical, piece_of
from app.credits.models import ChainHead, Evidence
from app.credits.rows import EvidenceRow
from app.credits.seals import barrier
from app.rules.credit.errors import EvidenceError
from app.rules.credit.settlement import CARRIED
from app.rules.ledger import START

CHUNK = 5000  # pairs that are asked for at once


class Conflict(Refused):
    """The same key was recorded before with another payload."""


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of evidence on its way in; see `record`."""

    key: str
    kind: str
    happened_at: datetime
    known_at: datetime
    recorded_by: str
    facts: Mapping[str, Any]
    names: str | None = None


def locked_head(session: Session, learner_id: int) -> ChainHead:
    """The learner's chain head, made if missing, locked until the transaction ends.

    PostgreSQL locks the row; on SQLite the writing transaction is alone anyway.
    """
    session.execute(
        insert_into(session, ChainHead)
        .values(learner_id=learner_id, seq=0, hash=START, settled_evidence=0)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(ChainHead)
        .where(ChainHead.learner_id == learner_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def payload_hash(
    key: str,
    kind: str,
    happened_at: datetime,
    known_at: datetime,
    recorded_by: str,
    facts: str,
    names: str | None,
) -> str:
    """SHA-256 over every field of a piece, hex; times in milliseconds."""
    parts = [key, kind, to_ms(happened_at), to_ms(known_at), recorded_by, facts, names]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def payload_hash_of(row: EvidenceRow) -> str:
    """The hash that the row should carry."""
    return payload_hash(row.key, row.kind, row.happened_at, row.known_at, row.recorded_by, row.facts, row.names)


def record(
    session: Session,
    learner_id: int,
    *,
    key: str,
    kind: str,
    happened_at: datetime,
    known_at: datetime,
    recorded_by: str,
    facts: Mapping[str, Any],
    names: str | None = None,
) -> bool:
    """Record one piece of evidence; True when it is new. Settling it is the caller's next step.

    The same key with the same payload again is no news (`known_at` of the first time stands); with
    another payload it raises Conflict. A period that was sealed meanwhile cannot have known of it: then `known_at` is
    the moment of the newest seal. EvidenceError names a field that rules could not read, before
    anything is written: evidence can never be changed afterwards.
    """
    return record_all(session, learner_id, [Told(key, kind, happened_at, known_at, recorded_by, facts, names)]) == 1


def record_all(session: Session, learner_id: int, pieces: Sequence[Told]) -> int:
    """Record many pieces of one learner as `record` does each, all or none; how many were new."""
    rows = [_row(learner_id, piece) for piece in pieces]
    # Under the learner's lock, so that rows are numbered in the order in which they become visible.
    locked_head(session, learner_id)
    wanted = select(Evidence.key, Evidence.known_at, Evidence.payload_hash)
    wanted = wanted.where(Evidence.learner_id == learner_id, Evidence.key.in_([row["key"] for row in rows]))
    known: dict[str, tuple[datetime, str]] = {row[0]: (row[1], row[2]) for row in session.execute(wanted)}
    sealed_at = barrier(session)
    fresh = []
    for row in rows:
        if _is_new(row, known.get(row["key"])):
            fresh.append(_sealed(row, sealed_at))
            known[row["key"]] = row["known_at"], row["payload_hash"]
    if fresh:
        session.execute(insert(Evidence), fresh)
    return len(fresh)


def record_each(session: Session, pieces: Sequence[tuple[int, Told]]) -> int:
    """Record pieces of many learners (by id) as `record` does each, all or none; how many were new.

    A few statements however many there are. Who has many pieces of one learner takes `record_all`.
    """
    rows = _rows(pieces)
    locked_heads(session, sorted({row["learner_id"] for row in rows}))
    known = _known(session, [(row["learner_id"], row["key"]) for row in rows])
    sealed_at = barrier(session)
    fresh = []
    for row in rows:
        name = row["learner_id"], row["key"]
        if _is_new(row, known.get(name)):
            fresh.append(_sealed(row, sealed_at))
            known[name] = row["known_at"], row["payload_hash"]
    if fresh:
        session.execute(insert_into(session, Evidence), fresh)
    return len(fresh)


def _rows(pieces: Sequence[tuple[int, Told]]) -> list[dict[str, Any]]:
    """As `_row` gives each; what is told of several learners in the same words is checked once."""
    read: dict[tuple[object, ...], dict[str, Any]] = {}
    rows = []
    for learner_id, piece in pieces:
        words = (piece.key, piece.kind, piece.happened_at, piece.known_at, piece.recorded_by, piece.names)
        same = (*words, canonical(dict(piece.facts)))
        if same not in read:
            read[same] = _row(learner_id, piece)
        rows.append({**read[same], "learner_id": learner_id})
    return rows


def _known(session: Session, names: Sequence[tuple[int, str]]) -> dict[tuple[int, str], tuple[datetime, str]]:
    """Of these (learner, key) what is there: when it became known, and its hash."""
    columns = (Evidence.learner_id, Evidence.key, Evidence.known_at, Evidence.payload_hash)
    found: dict[tuple[int, str], tuple[datetime, str]] = {}
    for at in range(0, len(names), CHUNK):
        these = names[at : at + CHUNK]
        if _on_postgresql(session):  # two arrays: reading ten thousand parameters takes longer than finding them
            ids, keys = cast([one for one, _key in these], ARRAY(BigInteger)), [key for _one, key in these]
            asked = func.unnest(ids, cast(keys, ARRAY(Text))).table_valued("learner_id", "key").render_derived()
            same = and_(Evidence.learner_id == asked.c.learner_id, Evidence.key == asked.c.key)
            wanted = select(*columns).join_from(asked, Evidence, same)
        else:
            wanted = select(*columns).where(tuple_(Evidence.learner_id, Evidence.key).in_(these))
        found.update({(row[0], row[1]): (row[2], row[3]) for row in session.execute(wanted)})
    return found


def _is_new(row: Mapping[str, Any], there: tuple[datetime, str] | None) -> bool:
    """Is a key new? Conflict where it is there with another payload; `known_at` of the first time stands."""
    if there is None:
        return True
    if _hash({**row, "known_at": there[0]}) != there[1]:
        raise Conflict(
            _("The evidence %(key)s was recorded before with other facts. Record a correction.", key=row["key"])
        )
    return False


def _sealed(row: dict[str, Any], sealed_at: datetime | None) -> dict[str, Any]:
    """A row with its hash, and not known before the newest seal."""
    if sealed_at is not None:
        row["known_at"] = max(row["known_at"], sealed_at)
    row["payload_hash"] = _hash(row)
    return row


def locked_heads(session: Session, learner_ids: Sequence[int]) -> None:
    """As `locked_head`, of many, in the order of their ids."""
    blank = {"seq": 0, "hash": START, "settled_evidence": 0}
    put = insert_into(session, ChainHead).on_conflict_do_nothing()
    if not _on_postgresql(session):
        if learner_ids:
            session.execute(put, [{"learner_id": learner_id, **blank} for learner_id in learner_ids])
        return
    ids = cast(list(learner_ids), ARRAY(BigInteger))
    fresh = select(func.unnest(ids), *(literal(value) for value in blank.values()))
    session.execute(put.from_select(["learner_id", *blank], fresh))
    held = select(ChainHead.learner_id).where(ChainHead.learner_id == func.any(ids))
    session.execute(held.order_by(ChainHead.learner_id).with_for_update()).all()


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _row(learner_id: int, piece: Told) -> dict[str, Any]:
    """The columns of a piece, checked; without its hash, since `known_at` may still change."""
    happened_at, known_at = _whole_ms(piece.happened_at), _whole_ms(piece.known_at)
    _check(piece.key, piece.kind, happened_at, known_at, piece.recorded_by, piece.facts, piece.names)
    return {
        "learner_id": learner_id, "key": piece.key, "kind": piece.kind, "happened_at": happened_at,
        "known_at": known_at, "recorded_by": piece.recorded_by, "facts": canonical(dict(piece.facts)),
        "names": piece.names,
    }  # fmt: skip


def _hash(row: Mapping[str, Any]) -> str:
    return payload_hash(
        row["key"], row["kind"], row["happened_at"], row["known_at"], row["recorded_by"], row["facts"], row["names"]
    )


def _whole_ms(moment: datetime) -> datetime:
    """Cut to the millisecond, so that what is hashed is what is stored."""
    return from_ms(to_ms(moment.astimezone(UTC)))


def _check(
    key: str,
    kind: str,
    happened_at: datetime,
    known_at: datetime,
    recorded_by: str,
    facts: Mapping[str, Any],
    names: str | None,
) -> None:
    for name, text, longest in (("key", key, 80), ("recorded_by", recorded_by, 60), ("names", names, 80)):
        if text is not None and not 0 < len(text) <= longest:
            raise EvidenceError(f"piece {key[:80]!r}: {name!r} must have 1 to {longest} characters")
    if key.startswith(f"{CARRIED}:"):
        raise EvidenceError(f"piece {key!r}: names that begin with '{CARRIED}:' are those of carried hours")
    unknown = sorted(set(facts) - RULED - TOLD)
    if unknown:
        raise EvidenceError(f"piece {key!r}: unknown field {unknown[0]!r}")
    piece_of(key, kind, happened_at, known_at, facts, names)
