"""Random rule sets and random evidence: valid by construction, with every table of the language.

Each strategy draws one seed and throws dice from it: some thousand small draws of hypothesis would cost far more
than the settlement they try. So hypothesis does not shrink what is drawn; `kit.smallest` in this folder does.

`random_rules()`: texts of several versions of one set · `random_book()`: the same, loaded · `random_facts()`:
evidence as JSON carries it · `random_pieces(book)`: the same, parsed · `random_seals(book)`: years sealed in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece, parse
from tests.rules.credit.spec.random_rules import BANDS, BUCKETS, CATEGORIES, CREDITED, Data, Dice, as_text, rule_data

MIN = 60_000
_T = TypeVar("_T")
_SEEDS = st.integers(0, 2**63)
# Few days, so that days, years and spans meet; the last and first of periods among them.
DAYS = tuple(
    sorted(
        {date(year, month, day) for year in (2024, 2025, 2026, 2027) for month, day in
         ((1, 1), (2, 1), (2, 28), (3, 1), (5, 4), (5, 5), (6, 30), (7, 1), (11, 30), (12, 1), (12, 31))}
        | {date(2024, 2, 29)}
    )
)  # fmt: skip


@lru_cache(maxsize=4)
def loads(texts: tuple[str, ...]) -> RuleBook | None:
    """The book, loaded once; None where carry-over goes in a circle: nothing else of what is drawn may be wrong."""
    try:
        return RuleBook([document.load(text) for text in texts])
    except ValueError as error:
        if all("carry-over" in line for line in str(error).split("\n")):
            return None
        raise AssertionError(f"{error}\n\n" + "\n".join(texts)) from error


def draw_rules(dice: Dice, most: int = 3) -> tuple[list[str], RuleBook]:
    """Texts and book of one to `most` versions."""
    while True:
        texts = [as_text(data) for data in rule_data(dice, DAYS, most)]
        book = loads(tuple(texts))
        if book is not None:
            return texts, book


def random_rules(most: int = 3) -> st.SearchStrategy[list[str]]:
    """Texts of the versions of one rule set, which load."""
    return _SEEDS.map(lambda seed: draw_rules(Dice(seed), most)[0])


def random_book(most: int = 3) -> st.SearchStrategy[RuleBook]:
    """A book of one to `most` versions."""
    return _SEEDS.map(lambda seed: draw_rules(Dice(seed), most)[1])


def random_facts(most: int = 12, judges: bool = True) -> st.SearchStrategy[list[Data]]:
    """One learner's evidence as JSON carries it, in no particular order."""
    return _SEEDS.map(lambda seed: draw_facts(Dice(seed), most, judges))


def random_pieces(book: RuleBook, most: int = 12, judges: bool = True) -> st.SearchStrategy[list[Piece]]:
    """The same, parsed in the book's time zone. `judges`: corrections, revocations, leave, exemptions too."""
    return random_facts(most, judges).map(lambda facts: [parse(each, book.zone) for each in facts])


def random_seals(book: RuleBook) -> st.SearchStrategy[dict[date, datetime]]:
    """The first years sealed one after the other, none before its make-up window ends: first day → moment."""
    return _SEEDS.map(lambda seed: draw_seals(Dice(seed), book))


_NUMBERS: Mapping[str, Sequence[int]] = {
    "duration_ms": tuple(m * MIN for m in (0, 20, 45, 50, 67, 90, 200)),
    "half_days": (0, 1, 2, 3, 4),
    "hours_m": (0, 500, 1000, 1333, 2000, 3500, 8000),
    "credits_m": (0, 1000, 2500, 4000),
    "score_m": (0, 59_999, 60_000, 80_000, 95_500),
    "count": (0, 3, 7, 40, 60),
    "words": (0, 1800, 22_496),
    "months_m": (0, 0, 250, 1000),
    "run_hours_m": (0, 7000, 64_000),
}
_TEXTS: Mapping[str, Sequence[Any]] = {
    "category": (*CATEGORIES, None),
    "requirement_class": ("required", "elective", None),
    "subject_bucket": (*BUCKETS, None),
    "provider": ("u", "v", None),
    "item": ("x", "y", "z", None),
    "edition": ("1", "2", None),
    "run": ("K", "L", None),
    "passed": (True, True, False),
}


def _moment(dice: Dice) -> Data:
    day = dice.choice(DAYS)
    hour, minute = dice.choice([(0, 0), (0, 20), (7, 0), (9, 0), (10, 0), (12, 0), (23, 59)])
    happened = datetime(day.year, day.month, day.day, hour, minute)
    facts = {"happened": happened.isoformat()}
    if dice.one_in(3):
        known = happened + timedelta(days=dice.choice([0, 1, 40, 200, 400]), minutes=5)
        facts["known"] = known.isoformat()
    return facts


def _credited(dice: Dice, name: str) -> Data:
    kind = dice.choice((*CREDITED, *CREDITED, "report"))
    facts: Data = {"id": name, "kind": kind, **_moment(dice)}
    for field, options in _TEXTS.items():
        value = dice.choice(options)
        if value is not None:
            facts[field] = value
    for field in dice.some(sorted(_NUMBERS), 4, 8):
        facts[field] = dice.choice(_NUMBERS[field])
    if kind == "watched":
        length = dice.choice([15, 29, 30, 45, 90]) * MIN
        facts |= {"length_ms": length, "seen_ms": dice.choice([length, length, length * 9 // 10, length // 2])}
        facts["take"] = dice.choice(["1", "2"])
    elif dice.one_in(3):
        begun = datetime.fromisoformat(facts["happened"]) - timedelta(minutes=dice.choice([60, 150, 1500]))
        facts["begun"] = begun.isoformat()
    if dice.one_in(6):
        facts["stands_for"] = dice.some(["x", "y", "z"], 1, 2)
    if name > "e00" and dice.one_in(8):
        facts["names"] = [f"e{dice.randrange(int(name[1:])):02}"]
    return facts


def _judging(dice: Dice, name: str, before: Sequence[str]) -> Data:
    kind = dice.choice(["correction", "correction", "revocation", "revocation", "exemption", "leave", "class_close"])
    facts: Data = {"id": name, "kind": kind, **_moment(dice)}
    if kind == "correction":
        facts["names"] = dice.some(before, 1, 2)
        return facts
    facts["category"] = dice.choice(CATEGORIES)
    facts["item"], facts["run"] = dice.choice(["x", "y"]), dice.choice(["K", "L"])
    if kind == "leave":
        facts["leave_m"] = dice.choice([1000, 8000, 9142, 9143])
    if kind == "revocation":
        facts["names"] = [dice.choice(before)]
    if kind == "exemption":
        first = dice.choice(DAYS)
        last = first + timedelta(days=dice.choice([0, 27, 58, 400]))
        facts |= {"from": first.isoformat(), "until": last.isoformat(), "approved": not dice.one_in(4)}
    return facts


def draw_facts(dice: Dice, most: int = 12, judges: bool = True) -> list[Data]:
    """See `random_facts`."""
    found: list[Data] = []
    for n in range(dice.randint(0, 3)):
        change = "joined" if n == 0 else dice.choice(["changed", "left", "joined"])
        day = dice.choice(DAYS if n else DAYS[:20])
        moment = datetime(day.year, day.month, day.day).isoformat()
        standing: Data = {"id": f"s{n}", "kind": "standing", "happened": moment, "change": change}
        found.append(standing | {"band": dice.choice(BANDS)})
    for n in range(dice.randint(1, most)):
        found.append(_credited(dice, f"e{n:02}"))
    if judges:
        for n in range(dice.randint(0, 4)):
            names = [facts["id"] for facts in found if facts["kind"] != "standing"]
            found.append(_judging(dice, f"j{n:02}", names))
    dice.shuffle(found)
    return found


def draw_seals(dice: Dice, book: RuleBook) -> dict[date, datetime]:
    """See `random_seals`."""
    rule = book.period
    seals: dict[date, datetime] = {}
    months = max((made.months for version in book.versions for made in version.make_ups), default=0)
    index = rule.index(date(2024, 1, 1))
    last = datetime(2024, 1, 1, tzinfo=UTC)
    for place in range(index, index + dice.randint(1, 3)):
        end = datetime.combine(rule.end(place), datetime.min.time(), tzinfo=book.zone).astimezone(UTC)
        last = max(last, end + timedelta(days=31 * months + dice.choice([1, 32, 120, 300])))
        seals[rule.start(place)] = last
    return seals


def shuffled(seed: int, found: Sequence[_T]) -> list[_T]:
    """In another order."""
    copy = list(found)
    Random(seed).shuffle(copy)
    return copy
