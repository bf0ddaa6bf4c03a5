"""Evidence rows read for proving: the same pieces as `folding.piece_of` gives, a tenth of the time.

The facts of a usual piece are texts, flags, identities and whole numbers. They are decoded straight into a struct;
whatever is unusual (another field, another type, a number out of range) goes the long way, which judges it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import msgspec

from app.credits.folding import piece_of
from app.rules.credit.evidence import FIELDS, Piece
from app.rules.credit.kinds import FLAG_FIELDS, IDENTITY_FIELDS, NUMBERS, RANK, TEXT_FIELDS

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None
_Identity = Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | int | None
_Number = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
_PLAIN = {
    **dict.fromkeys(TEXT_FIELDS, _Text), **dict.fromkeys(FLAG_FIELDS, bool | None),
    **dict.fromkeys(IDENTITY_FIELDS, _Identity), **dict.fromkeys(NUMBERS, _Number),
}  # fmt: skip
# What rules know besides: a piece that has any of it is not a usual one.
_MORE = tuple(name for name in FIELDS if name not in _PLAIN and name not in ("id", "kind", "happened", "known"))
# Kinds whose pieces must say something that is not plain.
_SPECIAL = frozenset({"exemption", "correction"})


def _python_name(field: str) -> str:
    return f"{field}_"  # `class` and `from` are words of the language


_Facts = msgspec.defstruct(
    "_Facts",
    [
        *((_python_name(name), kind, 0 if name in NUMBERS else None) for name, kind in _PLAIN.items()),
        *((_python_name(name), Any, msgspec.UNSET) for name in _MORE),
    ],
    rename={_python_name(name): name for name in (*_PLAIN, *_MORE)},
    gc=False,
)
_decode = msgspec.json.Decoder(_Facts).decode
_snapshot = msgspec.structs.astuple  # in the order of the fields above
_TEXTS = len(TEXT_FIELDS) + len(FLAG_FIELDS)
_NUMBERS = _TEXTS + len(IDENTITY_FIELDS)
_ALL = _NUMBERS + len(NUMBERS)
_NONE = (msgspec.UNSET,) * len(_MORE)


def piece(key: str, kind: str, happened: datetime, known: datetime, facts: str, names: str | None) -> Piece:
    """The piece of a row, times aware UTC; raises what `piece_of` raises."""
    if kind in RANK and kind not in _SPECIAL and names is None and 0 < len(key) <= 200:
        try:
            values = _snapshot(_decode(facts))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            values = ()
        if values[_ALL:] == _NONE:
            item, edition, run, take = (str(each) if type(each) is int else each for each in values[_TEXTS:_NUMBERS])
            return Piece(
                key, kind, happened, known, (kind, *values[:_TEXTS]), values[_NUMBERS:_ALL], item, edition, run, take
            )  # fmt: skip
    return piece_of(key, kind, happened, known, json.loads(facts), names)
