"""The first pass: pieces that judge other pieces. Corrections and replacements, in any order of arrival."""

from __future__ import annotations

from collections.abc import Sequence

from app.rules.credit.errors import EvidenceError
from app.rules.credit.evidence import Piece


def withdrawn(pieces: Sequence[Piece]) -> dict[str, str]:
    """Which pieces no longer count: id → id of the piece that names them.

    A correction withdraws what it names; any other piece with `names` stands in its place. The latest known
    judge is heard first, so a correction that was itself withdrawn has no effect.
    """
    by_id: dict[str, Piece] = {}
    for piece in pieces:
        if by_id.setdefault(piece.id, piece) is not piece:
            raise EvidenceError(f"piece {piece.id!r}: the id is used twice")
    gone: dict[str, str] = {}
    judges = sorted((p for p in pieces if p.names and p.kind != "revocation"), key=_heard, reverse=True)
    for judge in judges:
        if judge.id in gone:
            continue
        for name in judge.names:
            target = by_id.get(name)
            # Judges name only earlier judges: two that name each other cannot both fall.
            if target is not None and target is not judge and not (target.names and _heard(target) > _heard(judge)):
                gone.setdefault(name, judge.id)
    return gone


def _heard(piece: Piece) -> tuple[object, ...]:
    return piece.known, piece.happened, piece.id
