"""needs: pieces that wait for a companion, such as an exam passed or a class closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import Needs
from app.rules.credit.evidence import Piece
from app.rules.credit.order import Place
from app.rules.credit.periods import years_later
from app.rules.credit.plan import mark_of, values
from app.rules.credit.state import At, Key, State, plain_day


def found(state: State, at: At) -> bool:
    """Has the piece every companion it needs? If not it waits, and is noted under those that are missing."""
    missing = []
    for needs in at.plan.needs:
        key = _key(at.plan.version.version, needs, at.piece)
        companion = _serving(state.companions.get(key, ()), at.learnt, needs) if key is not None else None
        if companion is not None:
            _meet(state, at, needs, companion)
        else:
            missing.append(key)
    for key in missing:
        # Without item or run nothing can ever accompany it; then it waits under its own name.
        state.waiting.setdefault(key or ("alone", at.piece.id), []).append(at)
    return not missing


def arrived(book: RuleBook, state: State, place: Place) -> Iterable[At]:
    """Notes a piece as companion; the pieces that waited for it alone, in the order in which they came."""
    piece, late = place.piece, place.late
    own, minute = (place.day, place.minute) if late is None else book.local(piece.happened, piece.kind)
    released: list[At] = []
    for number, needs in book.serves(piece.snapshot, minute):
        key = _key(number, needs, piece)
        if key is None or not _good(book, piece, own, minute):
            continue
        state.companions.setdefault(key, []).append((own, piece.id))
        state.came[piece.id] = piece.kind, own, piece.order()
        for at in state.waiting.pop(key, ()):
            if needs.within_days and (own - at.learnt).days > needs.within_days:
                state.waiting.setdefault(("too late", *key), []).append(at)
                continue
            _meet(state, at, needs, (own, piece.id))
            if len(at.met) == len(at.plan.needs):
                at.note(needs.id, "waited", plain_day(at.day), plain_day(place.day), 0)
                at.moved(place.day, place.period)
                released.append(at)
    return released


def left_alone(state: State, companion: str) -> list[At]:
    """What a companion that is withdrawn after a seal had served, and no other does: it waits again."""
    alone = []
    for known in state.companions.values():
        known[:] = [each for each in known if each[1] != companion]
    for at in state.served.pop(companion, ()):
        lost = [needs for needs in at.plan.needs if at.met.get(needs.id, (None, ""))[1] == companion]
        for needs in lost:
            key = _key(at.plan.version.version, needs, at.piece)
            other = _serving(state.companions.get(key, ()), at.learnt, needs) if key is not None else None
            if other is not None:
                _meet(state, at, needs, other)
            else:
                del at.met[needs.id]
                state.waiting.setdefault(key or ("alone", at.piece.id), []).append(at)
                alone.append(at)
    return alone


def forget(state: State, name: str) -> At | None:
    """A piece is withdrawn: it waits no longer. What waited, if it did."""
    found = None
    for ats in state.waiting.values():
        found = next((at for at in ats if at.piece.id == name), found)
        ats[:] = [at for at in ats if at.piece.id != name]
    return found


def _meet(state: State, at: At, needs: Needs, companion: tuple[date, str]) -> None:
    at.met[needs.id] = companion
    state.served.setdefault(companion[1], []).append(at)


def waiting(state: State) -> Iterable[tuple[At, str]]:
    """Who still waits, and for which clause first; in the order of their places."""
    seen: dict[str, At] = {}
    for ats in state.waiting.values():
        for at in ats:
            seen.setdefault(at.piece.id, at)
    for at in sorted(seen.values(), key=lambda each: (each.index, each.piece.order())):
        yield at, next(needs.id for needs in at.plan.needs if needs.id not in at.met)


def _key(version: int, needs: Needs, piece: Piece) -> Key | None:
    what = piece.item if needs.same == "item" else piece.run
    return None if what is None else (version, needs.id, what)


def _serving(known: Iterable[tuple[date, str]], day: date, needs: Needs) -> tuple[date, str] | None:
    """The latest companion that still serves on a day."""
    good = [each for each in known if not needs.valid_years or day < years_later(each[0], needs.valid_years)]
    return max(good, default=None)


def _good(book: RuleBook, piece: Piece, day: date, minute: int) -> bool:
    """A companion below a mark of its own is none."""
    version = book.version_on(day)
    if version is None:
        return False
    mark = mark_of(version, values(piece.snapshot, minute))
    return mark is None or mark.reached(piece.numbers)
