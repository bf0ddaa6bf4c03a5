"""What must hold for any rule set, any evidence and any seals."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece, parse
from app.rules.credit.fold import settle, whole_seals
from app.rules.credit.report import as_json
from app.rules.credit.settlement import Posting, Settlement
from tests.rules.credit.spec.random_rules import Dice, as_text
from tests.rules.credit.spec.runs import tried
from tests.rules.credit.spec.strategies import draw_facts, draw_rules, draw_seals, shuffled

Drawn = tuple[list[str], RuleBook, list[dict[str, Any]], dict[date, datetime]]


def _draw(seed: int, judges: bool) -> Drawn:
    dice = Dice(seed)
    texts, book = draw_rules(dice)
    return texts, book, draw_facts(dice, judges=judges), draw_seals(dice, book)


def drawn(judges: bool = True) -> st.SearchStrategy[Drawn]:
    """Rules, evidence and seals that belong together."""
    return st.integers(0, 2**63).map(lambda seed: _draw(seed, judges))


def told(found: Drawn, *more: object) -> str:
    texts, _, facts, seals = found
    said = {day.isoformat(): moment.isoformat() for day, moment in seals.items()}
    return "\n".join([*texts, *map(repr, facts), repr(said), *map(repr, more)])


def pieces(book: RuleBook, facts: list[dict[str, Any]]) -> list[Piece]:
    return [parse(each, book.zone) for each in facts]


def settled(book: RuleBook, parsed: list[Piece], seals: dict[date, datetime]) -> Settlement:
    return settle(book, parsed, explain=True, seals=seals, until=date(2027, 12, 31))


@tried
@given(drawn(), st.integers(0, 2**32))
def test_the_order_of_the_list_does_not_matter(found: Drawn, seed: int) -> None:
    _, book, facts, seals = found
    parsed = pieces(book, facts)
    one = as_json(settled(book, parsed, seals))
    backwards = dict(reversed(seals.items()))
    assert as_json(settled(book, shuffled(seed, parsed), backwards)) == one, told(found)


@tried
@given(drawn(), st.integers(0, 2**63))
def test_what_becomes_known_later_changes_nothing_sealed(found: Drawn, seed: int) -> None:
    _, book, facts, seals = found
    dice = Dice(seed)
    later = []
    last = max(seals.values())
    for facts_ in draw_facts(dice, most=4):
        days = timedelta(days=dice.choice([0, 1, 200]))
        late = {**facts_, "id": "z" + facts_["id"], "known": (last + days).isoformat()}
        if "names" in late:
            late["names"] = dice.some([each["id"] for each in facts], 1, 2)
        later.append(late)
    before = settled(book, pieces(book, facts), seals)
    after = settled(book, pieces(book, [*facts, *later]), seals)
    for start in seals:
        own = {p for p in before.postings if p.period == start and p.origin is None}
        now = {p for p in after.postings if p.period == start and p.origin is None}
        assert own == now, told(found, later)
        if start in before.periods:
            assert before.periods[start] == after.periods[start], told(found, later)


def made_up(postings: Sequence[Posting], of: Posting) -> int:
    """What the piece of a posting, which happened later, had paid of the sealed period that the posting names."""
    mine = [p for p in postings if p.evidence == of.evidence and p.period == of.origin and p.origin is None]
    return sum(p.countable for p in mine if p.why[-1].did == "make_up")


@tried
@given(drawn())
def test_adjustments_are_what_names_an_origin(found: Drawn) -> None:
    _, book, facts, seals = found
    known = {each.id: each.known for each in pieces(book, facts)}
    named = {each["id"]: set(each.get("names", ())) for each in facts}
    absences = {each["id"] for each in facts if each["kind"] == "leave"}
    sealed = whole_seals(book, seals)
    postings = settled(book, pieces(book, facts), seals).postings
    for p in postings:
        assert p.origin is None or p.origin in sealed, told(found)
        assert p.origin is not None or p.countable >= 0, told(found)
        if p.origin is not None and p.evidence in known and known[p.evidence] < sealed[p.origin]:
            # What had withdrawn it was withdrawn later: it is given again, or takes back again what it names. Or it
            # tells of absence, and what its run has in all became less after the seal, and with it what may be missed.
            # Or it made up hours of the sealed period, and by now is not worth as much as that.
            again = named[p.evidence] and any(p.evidence in names for names in named.values())
            returned = 0 < -p.countable <= made_up(postings, p)
            assert p.earned > 0 or again or p.evidence in absences or returned, told(found, p)
            assert max(known.values()) >= sealed[p.origin], told(found, p)


@tried
@given(drawn())
def test_postings_sum_up_to_periods(found: Drawn) -> None:
    """A sealed period is told as it stood at its seal: what was posted to it afterwards stands beside it."""
    _, book, facts, seals = found
    outcome = settled(book, pieces(book, facts), seals)
    sums: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for p in outcome.postings:
        if p.origin != p.period:
            each = sums[p.period, p.bucket]
            each[0], each[1] = each[0] + p.earned, each[1] + p.countable
    for start, result in outcome.periods.items():
        own = {bucket: tuple(each) for (period, bucket), each in sums.items() if period == start and any(each)}
        assert own == {bucket: each for bucket, each in result.buckets.items() if any(each)}, told(found)


@tried
@given(drawn(judges=False))
def test_seals_change_nothing_where_all_was_known_in_time(found: Drawn) -> None:
    """Seals some years later than anything known."""
    _, book, facts, seals = found
    parsed = pieces(book, facts)
    late = {start: datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=n) for n, start in enumerate(seals)}
    open_, sealed = settled(book, parsed, {}), settled(book, parsed, late)
    assert open_.postings == sealed.postings, told(found)


@tried
@given(drawn())
def test_reasons_change_no_amount(found: Drawn) -> None:
    _, book, facts, seals = found
    parsed = pieces(book, facts)
    without = settle(book, parsed, explain=False, seals=seals, until=date(2027, 12, 31))
    with_ = settled(book, parsed, seals)
    assert [p._replace(why=()) for p in with_.postings] == list(without.postings), told(found)
    assert with_.periods == without.periods


@tried
@given(drawn(), st.integers(0, 2**32))
def test_the_order_of_arrival_before_a_seal_does_not_matter(found: Drawn, seed: int) -> None:
    """Who became known when, as long as it was before the first seal (corrections of corrections apart)."""
    _, book, facts, seals = found
    judges = {each["id"] for each in facts if each["kind"] == "correction"}
    if any(judges & set(each["names"]) for each in facts if each["id"] in judges):
        return
    first = min(seals.values())
    parsed = pieces(book, facts)
    early = [p for p in parsed if p.known < first]
    moments = shuffled(seed, [p.known for p in early])
    moved = [replace(p, known=moment) for p, moment in zip(early, moments, strict=True)]
    rest = [p for p in parsed if p.known >= first]
    one, other = (settled(book, each, seals) for each in (parsed, [*moved, *rest]))
    # Of two corrections that name one piece, the later known is the one that is told.
    assert [p._replace(why=()) for p in one.postings] == [p._replace(why=()) for p in other.postings], told(found)
    assert one.periods == other.periods, told(found)


_PLACES = ("share", "carry", "make_up", "attendance", "duplicate", "cap")


def without_places(text: str) -> str:
    """The rules without what depends on when something is posted, and beside what."""
    data: dict[str, Any] = {name: rows for name, rows in tomllib.loads(text).items() if name not in _PLACES}
    whole = [row for row in data["convert"] if row["when"]["kind"] != "watched"]
    data["convert"] = [{key: each for key, each in row.items() if key not in ("pool", "series")} for row in whole]
    for name, keys in (("needs", ("valid_years", "within_days")), ("revoke", ("ban_kinds", "ban_years"))):
        rows = [row for row in data.get(name, ()) if row.get("cancels") != "nothing"]
        data[name] = [{key: each for key, each in row.items() if key not in keys} for row in rows]
    return as_text(data)


@tried
@given(drawn(), st.integers(0, 2**63))
def test_what_was_sealed_and_what_adjusts_it_come_to_what_open_years_say(found: Drawn, seed: int) -> None:
    texts, _, facts, seals = found
    dice, last = Dice(seed), max(seals.values())
    for late in draw_facts(dice, most=4):
        known = last + timedelta(days=dice.choice([-200, -1, 0, 1, 200]))
        names = {"names": dice.some([each["id"] for each in facts], 1, 2)} if "names" in late else {}
        facts = [*facts, {**late, "id": "z" + late["id"], "known": known.isoformat(), **names}]
    book = RuleBook([document.load(without_places(text)) for text in texts])
    sums: list[dict[str, tuple[int, int]]] = []
    for sealed in (seals, {}):
        each: dict[str, tuple[int, int]] = {}
        for p in settled(book, pieces(book, facts), sealed).postings:
            earned, countable = each.get(p.bucket, (0, 0))
            each[p.bucket] = earned + p.earned, countable + p.countable
        sums.append({bucket: amounts for bucket, amounts in each.items() if any(amounts)})
    assert sums[0] == sums[1], told(found, *facts)
