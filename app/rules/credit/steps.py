"""The pipeline's steps, a function per kind of clause: mark, amount (convert, weight, round), repeat, cap."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from app.rules.credit.clauses import Cap, Duplicate, Mark
from app.rules.credit.evidence import Piece
from app.rules.credit.formula import Ratio
from app.rules.credit.periods import PeriodRule, years_later
from app.rules.credit.state import At, First, Held, Key, State, plain_day


def below(at: At, mark: Mark) -> None:
    """mark: the measure is not reached; by how much."""
    numbers = at.piece.numbers
    if isinstance(mark.measure, Ratio):
        top, bottom = mark.measure.top.value(numbers), mark.measure.bottom.value(numbers)
    else:
        exact = mark.measure.coeff * mark.measure.value(numbers) * 1000
        top, bottom = exact.__floor__(), (mark.threshold * 1000).__ceil__()
    at.note(mark.id, "below mark", top, bottom, 0)


def amount(state: State, at: At) -> int:
    """convert, weight, series and pool, and the one rounding: thousandths."""
    plan = at.plan
    # Of a series that counts once, the first piece to give anything gives all.
    once: Key | None = None
    if plan.series == "first" and at.piece.item is not None:
        piece = at.piece
        once = (piece.kind, piece.item, piece.edition, piece.take)
        if once in state.done:
            at.note(plan.convert.id, "repeat", plain_day(state.done[once]), 0, 0)
            return 0
    top, bottom = plan.exact(at.piece.numbers)
    if plan.plain:
        gives = plan.rounded(top, bottom)
    else:
        exact, gives = _summed(state, at, Fraction(top, bottom))
        top, bottom = exact.numerator, exact.denominator
    if once is not None and gives:
        state.done[once] = at.learnt
    if at.why is not None:
        for weight in plan.weights:
            at.note(weight.id, "weighs", *weight.times.as_integer_ratio(), 0)
        common = gcd(top, bottom)
        at.note(plan.convert.id, "gives", top // common, bottom // common, gives)
    return gives


def _summed(state: State, at: At, exact: Fraction) -> tuple[Fraction, int]:
    """The running sum of a rising series or pool, and what it rises by."""
    series = at.series if at.plan.series == "increase" else None
    key: Key = ("piece", at.piece.id)
    if series is not None:
        key = ("series", *series)
        exact = _increase(state, at, series, exact)
    key = _pool(at) or key
    total, given = state.pools.get(key, (Fraction(0), 0))
    total += exact
    # Another version's rounding may give less for the same sum; what was given stays given.
    now = max(given, at.plan.rounded(total.numerator, total.denominator))
    if key[0] != "piece":
        state.pools[key] = total, now
    if series is not None and now > given:
        state.gave[series] = at.piece.numbers
    return total, now - given


def _increase(state: State, at: At, series: Key, exact: Fraction) -> Fraction:
    """What a piece adds to its series, judged by its own version also where an older one gave the rest."""
    last = state.seen.get(series)
    at.over = state.gave.get(series)
    if last is not None:
        exact = max(Fraction(0), exact - Fraction(*at.plan.exact(last)))
    if last is None or exact > 0:
        state.seen[series] = at.piece.numbers
    return exact


def _pool(at: At) -> Key | None:
    convert, piece = at.plan.convert, at.piece
    if convert.pool == "day":
        return "pool", convert.id, at.plan.bucket, at.learnt
    if convert.pool == "period":
        return "pool", convert.id, at.plan.bucket, at.posted_in
    found = {"item": piece.item, "run": piece.run}.get(convert.pool)
    return None if found is None else ("pool", convert.id, at.plan.bucket, found)


def repeats(state: State, at: At, asked: int) -> int:
    """duplicate: what is left of an amount. Only what gave something is remembered."""
    left: int = asked
    kept: list[tuple[Key | None, First]] = []
    plan, piece = at.plan, at.piece
    series = at.series if plan.series == "increase" else None
    for rule in plan.duplicates:
        if rule.overlap:
            left = _overlapping(state, at, rule, asked, left)
            continue
        if piece.stands_for:
            left = _stood_for(state, at, rule, asked, left)
        if rule.key != ("item",):
            key = _alike(rule, piece)
            if key is None:
                continue
        elif piece.item is None:
            continue
        else:
            key = rule.id, piece.item
        first = _first(state, rule, key, at)
        if first is None:
            first = First(at.learnt, at.learnt_in, series, state.firsts.get(key))
            kept.append((key, first))
            continue
        if series is None or series != first.series:
            # The pieces of one increasing series are not repeats of each other.
            fits = max(0, asked - first.largest) if rule.largest else 0
            if fits < left:
                left, at.over = fits, first.numbers
                at.note(rule.id, "repeat", plain_day(first.day), asked, fits)
        kept.append((None, first))
    if left:
        for new, first in kept:
            first.take(piece, asked, left)
            if new is not None:
                state.firsts[new] = first
        if piece.begun is not None:
            _remember(state, at, asked)
        if piece.stands_for:
            _stand_for(state, at, asked, left)
    return left


def _first(state: State, rule: Duplicate, key: Key, at: At) -> First | None:
    """What is remembered under a key, within the clause's reach of a piece."""
    first = state.firsts.get(key)
    while first is not None and not _within(state.period, rule, first, at):
        first = first.before
    return first


def _overlapping(state: State, at: At, rule: Duplicate, asked: int, left: int) -> int:
    """What is left where the piece lies over others that gave something; touching is not overlapping."""
    piece = at.piece
    if piece.begun is None:
        return left
    over = [held for held in state.spans.get(rule.id, ()) if held.begun < piece.happened and piece.begun < held.ended]
    if not over:
        return left
    largest = max(over, key=lambda held: held.largest)
    fits = max(0, asked - largest.largest) if rule.largest else 0
    if fits >= left:
        return left
    at.over = largest.numbers
    at.note(rule.id, "overlaps", plain_day(over[0].day), asked, fits)
    return fits


def _remember(state: State, at: At, asked: int) -> None:
    piece = at.piece
    for rule in at.plan.duplicates:
        if rule.overlap and piece.begun is not None:
            state.spans.setdefault(rule.id, []).append(
                Held(piece.begun, piece.happened, at.learnt, asked, piece.numbers)
            )


def _stood_for(state: State, at: At, rule: Duplicate, asked: int, left: int) -> int:
    """What is left of a piece that stands for items which gave something themselves."""
    if rule.key != ("item",):
        return left
    firsts = [_first(state, rule, (rule.id, item), at) for item in at.piece.stands_for]
    known = [first for first in firsts if first is not None]
    given: dict[str, int] = {}  # what stood for several of them gave once
    for first in known:
        given.update(first.given)
    fits = max(0, asked - sum(given.values()))
    if fits >= left:
        return left
    at.note(rule.id, "repeat", plain_day(known[0].day), asked, fits)
    return fits


def _stand_for(state: State, at: At, asked: int, left: int) -> None:
    """From now on the items that a piece stands for are repeats."""
    for rule in at.plan.duplicates:
        if rule.key == ("item",):
            for item in at.piece.stands_for:
                key = (rule.id, item)
                first = _first(state, rule, key, at)
                if first is None:
                    first = state.firsts[key] = First(at.learnt, at.learnt_in, None, state.firsts.get(key))
                first.take(at.piece, asked, left)


def _alike(rule: Duplicate, piece: Piece) -> Key | None:
    known = {
        **piece.facts(),
        "item": piece.item,
        "edition": piece.edition,
        "run": piece.run,
        "take": piece.take,
    }
    found = [known[field] for field in rule.key]
    # Pieces of which nothing is known cannot be told to be the same.
    return None if all(each is None for each in found) else (rule.id, *found)


def _within(period: PeriodRule, rule: Duplicate, first: First, at: At) -> bool:
    if rule.within == "day":
        return first.day == at.learnt
    if rule.within == "period":
        return first.index == at.learnt_in
    if rule.within == "cycle":
        return period.cycle_of(first.index) == period.cycle_of(at.learnt_in)
    if rule.within == "ever":
        return True
    # Late evidence may be older than what was credited before it.
    early, later = (first.day, at.learnt) if first.day <= at.learnt else (at.learnt, first.day)
    return later < years_later(early, rule.years)


def capped(state: State, at: At, earned: int) -> int:
    """cap: the smallest room of all; each is charged with what the piece took, not with what it asked for."""
    taken, tightest, used, charged = earned, None, state.used, []
    for cap in at.plan.caps:
        key: Key = (cap.id, "day", at.learnt) if cap.per == "day" else _place(state.period, cap, at)
        before = used.get(key, 0)
        charged.append((key, before))
        room = cap.limit_m - before
        if room < 0:
            room = 0
        if room < taken:
            taken, tightest = room, cap
    for key, before in charged:
        used[key] = before + taken
    if tightest is not None:
        at.note(tightest.id, "cut", earned, taken, tightest.limit_m)
    return taken


def _place(period: PeriodRule, cap: Cap, at: At) -> Key:
    if cap.per == "period":
        return cap.id, "period", at.posted_in
    piece = at.piece
    if cap.per == "item":
        return cap.id, "item", at.posted_in, piece.item or ("", piece.id)
    if cap.per == "run":
        return cap.id, "run", piece.run or ("", piece.id)
    return (cap.id, "cycle", period.cycle_of(at.posted_in)) if cap.per == "cycle" else (cap.id,)
