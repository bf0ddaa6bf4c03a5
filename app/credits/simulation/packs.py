"""Everybody's evidence, quickly: reading a row's JSON and checking it costs more than the whole fold.

A learner's pieces are packed once, after they were read in the only trusted way (`folding.pieces_of`). Evidence is
append-only and one learner's rows are numbered as they become visible, so a pack never becomes wrong: what came
after its `newest` row is read from `evidence` and the pack is written anew. A pack of another form is not read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from app.base.db import insert_into
from app.credits.folding import pieces_of
from app.credits.models import Evidence
from app.credits.simulation.models import EvidencePack
from app.rules.credit.evidence import SNAPSHOT, Numbers, Piece, Snapshot
from app.rules.credit.kinds import NUMBERS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
# Beyond these a float of seconds no longer holds every microsecond (the years 1843 and 2096).
_SAFE_US = 2**52 - 1


class _Rest(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """What few pieces have."""

    run: str | None = None
    take: str | None = None
    begun_us: int | None = None
    names: tuple[str, ...] = ()
    exempt: tuple[date, date] | None = None
    change: str | None = None
    stands_for: tuple[str, ...] = ()


# id, place of the snapshot, happened and (after that) known in microseconds, numbers, item, edition
_Row = tuple[str, int, int, int, Numbers, str | None, str | None]
_Pack = tuple[list[Snapshot], list[_Row], dict[int, _Rest]]
# Another vocabulary or another layout is another form.
FORM = hashlib.sha256(repr((1, SNAPSHOT, NUMBERS)).encode()).hexdigest()[:12]
_encode = msgspec.msgpack.Encoder().encode
_decode: Any = msgspec.msgpack.Decoder(_Pack).decode

_MINE = and_(EvidencePack.learner_id == Evidence.learner_id, EvidencePack.form == FORM)
_SOME: Any = bindparam("learners", expanding=True)
_LATER = (
    select(Evidence.__table__)
    .select_from(Evidence.__table__.outerjoin(EvidencePack.__table__, _MINE))
    .where(Evidence.learner_id.in_(_SOME), Evidence.id > func.coalesce(EvidencePack.newest, 0))
    .order_by(Evidence.learner_id, Evidence.id)
)
_PACKS = select(EvidencePack.learner_id, EvidencePack.newest, EvidencePack.data).where(
    EvidencePack.learner_id.in_(_SOME), EvidencePack.form == FORM
)


def pack(pieces: Sequence[Piece]) -> bytes:
    """Pieces as bytes, in their order."""
    places: dict[Snapshot, int] = {}
    rows: list[_Row] = []
    rest: dict[int, _Rest] = {}
    for number, p in enumerate(pieces):
        happened, known = _us(p.happened), _us(p.known)
        place = places.setdefault(p.snapshot, len(places))
        rows.append((p.id, place, happened, known - happened, p.numbers, p.item, p.edition))
        begun = None if p.begun is None else _us(p.begun)
        more = _Rest(p.run, p.take, begun, p.names, p.exempt, p.change, p.stands_for)
        if more != _Rest():
            rest[number] = more
    return _encode((list(places), rows, rest))


def unpack(data: bytes, snapshots: dict[Snapshot, Snapshot]) -> list[Piece]:
    """The pieces again. `snapshots`: those met before in this process, so that equal ones are one and the same."""
    own, rows, rest = _decode(data)
    own = [snapshots.setdefault(each, each) for each in own]
    found: list[Piece] = []
    add, moment, utc, piece = found.append, datetime.fromtimestamp, UTC, Piece
    for name, place, happened_us, later_us, numbers, item, edition in rows:
        snapshot = own[place]
        if -_SAFE_US < happened_us < _SAFE_US:
            happened = moment(happened_us / 1_000_000, utc)
        else:
            happened = _EPOCH + happened_us * _US
        known = happened + timedelta(0, 0, later_us) if later_us else happened
        add(piece(name, snapshot[0], happened, known, snapshot, numbers, item, edition))
    for number, more in rest.items():
        one = found[number]
        one.run, one.take, one.names, one.exempt = more.run, more.take, more.names, more.exempt
        one.begun = None if more.begun_us is None else _EPOCH + more.begun_us * _US
        one.change, one.stands_for = more.change, more.stands_for
    return found


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // _US


@dataclass(frozen=True, slots=True)
class Fresh:
    """A pack to be written: what is kept of this learner is stale."""

    learner_id: int
    newest: int
    data: bytes


class Own(NamedTuple):
    """One learner's pieces, and the number of the last row of evidence among them (0 without any)."""

    newest: int
    pieces: Sequence[Piece]


class Packs:
    """Gives pieces by learner; what one process has met of snapshots is kept."""

    def __init__(self) -> None:
        self._snapshots: dict[Snapshot, Snapshot] = {}

    def pieces(self, session: Session, learners: Sequence[int]) -> tuple[dict[int, Own], list[Fresh]]:
        """The pieces of each of these (who has none is left out), and the packs that should be written. Two queries.

        Raises ValueError for evidence that cannot be read.
        """
        # The later rows first: a pack that another process writes in between then holds more, and never less.
        later: dict[int, list[Any]] = {}
        for row in session.execute(_LATER, {"learners": learners}):
            later.setdefault(row.learner_id, []).append(row)
        found: dict[int, Own] = {}
        fresh: list[Fresh] = []
        for learner_id, newest, data in session.execute(_PACKS, {"learners": learners}):
            found[learner_id] = Own(newest, unpack(data, self._snapshots))
            if learner_id in later:
                later[learner_id] = [row for row in later[learner_id] if row.id > newest]
        for learner_id, rows in later.items():
            if rows:
                packed = found[learner_id].pieces if learner_id in found else ()
                own = found[learner_id] = Own(rows[-1].id, [*packed, *pieces_of(rows)])
                fresh.append(Fresh(learner_id, own.newest, pack(own.pieces)))
        return found, fresh


def write(session: Session, fresh: Sequence[Fresh]) -> None:
    """Keep packs; one that has become newer meanwhile stays."""
    if not fresh:
        return
    insert = insert_into(session, EvidencePack)
    given = insert.excluded
    statement = insert.on_conflict_do_update(
        index_elements=[EvidencePack.learner_id],
        set_={"newest": given.newest, "form": given.form, "data": given.data},
        where=(EvidencePack.newest < given.newest) | (EvidencePack.form != given.form),
    )
    session.execute(
        statement,
        [{"learner_id": f.learner_id, "newest": f.newest, "form": FORM, "data": f.data} for f in fresh],
    )
