"""Random duties, rules, evidence and offers for the properties of the planner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece, parse
from app.rules.planning.offers import Offer, Step
from tests.rules.credit.kit import MIN, book, rules

BUCKETS = ("general", "professional")
START, END = date(2026, 1, 1), date(2026, 12, 31)

CONVERTS = (
    '{id = "video", when = {kind = "watched"}, amount = "length / 45", bucket_field = "subject_bucket"}',
    '{id = "video", when = {kind = "watched"}, amount = "seen / 60", series = "increase",'
    ' bucket_field = "subject_bucket"}',
    '{id = "video", when = {kind = "watched"}, bucket_field = "subject_bucket", steps = {of = "length",'
    ' rows = [{at_least = 60, gives = "1.5"}, {more_than = 20, gives = "0.5"}, {more_than = 0, gives = "0.2"}]}}',
)
ROUNDS = (("0.001", "nearest"), ("0.1", "floor"), ("0.5", "floor"), ("0.25", "nearest"), ("0.5", "ceil"))
DUPLICATES = (
    "",
    '{id = "once", when = {kind = "watched"}, key = ["item"], within = "period"}',
    '{id = "largest", when = {kind = "watched"}, key = ["item"], keep = "largest"}',
    '{id = "category-a-day", when = {kind = "watched", category = "b"}, key = ["category"], within = "day"}',
)
CAPS = (
    '{id = "day", when = {kind = "watched"}, limit = %s, per = "day"}',
    '{id = "online", when = {category = "a"}, limit = %s, per = "period"}',
    '{id = "most-general", when = {bucket = "general"}, limit = %s, per = "period"}',
    '{id = "item", limit = %s, per = "item"}',
    '{id = "all", limit = %s, per = "cycle"}',
)
TESTS = (
    '{id = "total", measure = "countable", at_least = %s}',
    '{id = "professional", when = {bucket = "professional"}, measure = "countable", at_least = %s}',
    '{id = "general", when = {bucket = "general"}, measure = "countable",'
    ' at_least = {by = "band", value = {upper = %s}, otherwise = 1}}',
    '{id = "earned", when = {category = "b"}, measure = "earned", at_least = %s}',
    '{id = "often", when = {requirement_class = "required"}, measure = "count", at_least = %s}',
    '{id = "days", measure = "days", at_least = %s}',
    '{id = "minutes", measure = "minutes", at_least = 30, blocking = false}',
)
ODD_TESTS = (
    '{id = "not-too-much", when = {bucket = "general"}, measure = "countable", at_most = %s}',
    '{id = "mostly", when = {bucket = "professional"}, measure = "countable", share_of = "total",'
    ' basis = "got", at_least = "0.5"}',
)


@dataclass(frozen=True)
class Case:
    """One learner on one day."""

    text: str
    book: RuleBook
    pieces: list[Piece]
    day: date
    offers: list[Offer]


@st.composite
def ruleset(draw: st.DrawFn) -> str:
    """A rule set's text."""
    number = st.integers(1, 9)
    to, mode = draw(st.sampled_from(ROUNDS))
    tests = [draw(st.sampled_from(TESTS[:1])) % draw(number)]
    tests += [each % draw(number) for each in draw(st.lists(st.sampled_from(TESTS[1:6]), max_size=3, unique=True))]
    tests += [TESTS[6]] if draw(st.booleans()) else []
    odd = draw(st.sampled_from(("", *ODD_TESTS))) if draw(st.integers(0, 3)) == 0 else ""
    tests += [odd % draw(number) if "%s" in odd else odd] if odd else []
    names = [each.split('"')[1] for each in tests]
    lists = {
        "convert": [draw(st.sampled_from(CONVERTS)), EXAM, SESSION],
        "weight": ['{id = "half", when = {requirement_class = "elective"}, times = "0.5"}'] * draw(st.booleans()),
        "mark": ['{id = "mark", when = {kind = "watched"}, measure = "seen / length", at_least = "0.8"}'],
        "needs": [NEEDS] * (draw(st.integers(0, 3)) == 0),
        "round": [f'{{id = "round", to = "{to}", mode = "{mode}"}}'],
        "duplicate": [d for d in (draw(st.sampled_from(DUPLICATES)),) if d],
        "cap": [c % draw(number) for c in draw(st.lists(st.sampled_from(CAPS), max_size=3, unique=True))],
        "share": [SHARE] * (draw(st.integers(0, 4)) == 0),
        "test": tests,
        "requirement": draw(requirements(names)),
        "carry": [CARRY] * (draw(st.integers(0, 3)) == 0),
        "make_up": [MAKE_UP] * (draw(st.integers(0, 3)) == 0),
    }
    body = "\n".join(f"{name} = [{', '.join(rows)}]" for name, rows in lists.items() if rows)
    return rules(
        body,
        period=draw(
            st.sampled_from(
                ("", "cycle = 2", 'reduce = "days"\nstanding = "pro_rata"\nquota_round = {to = "0.5", mode = "ceil"}')
            )
        ),
    )


EXAM = '{id = "exam", when = {kind = "exam", passed = true}, amount = "0.5", bucket_field = "subject_bucket"}'
SESSION = '{id = "session", when = {kind = "session"}, amount = "hours", bucket_field = "subject_bucket"}'
NEEDS = '{id = "with-exam", when = {category = "c"}, evidence = {kind = "exam", passed = true}, same = "item"}'
SHARE = '{id = "share", when = {category = "a"}, at_most = "0.5", of = "total"}'
CARRY = '{id = "on", surplus_of = "total", measure = "countable", as = {bucket = "general"}, max = 2}'
MAKE_UP = '{id = "cure", tests = ["total"], months = 6}'


@st.composite
def requirements(draw: st.DrawFn, names: list[str]) -> list[str]:
    """One for everybody, sometimes another for a band; all, any, or nested."""
    found = []
    for number, who in enumerate(("", 'who = {band = "upper"}, ')[: draw(st.integers(1, 2))]):
        some = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
        listed = ", ".join(f'"{name}"' for name in some)
        how = draw(st.sampled_from(("all", "all", "any")))
        if len(some) > 2 and draw(st.booleans()):
            rest = ", ".join(f'"{name}"' for name in some[1:])
            inner = "any" if how == "all" else "all"
            listed = f'"{some[0]}", {{{inner} = [{rest}]}}'
        found.append(f'{{id = "r{number}", {who}meets = {{{how} = [{listed}]}}}}')
    return found


def facts(draw: st.DrawFn, item: str, kind: str = "watched") -> dict[str, Any]:
    """A step as its evidence would carry it."""
    length = draw(st.integers(5, 180)) * MIN
    found: dict[str, Any] = {
        "kind": kind,
        "item": item,
        "edition": "1",
        "category": draw(st.sampled_from("abc")),
        "subject_bucket": draw(st.sampled_from(BUCKETS)),
        "requirement_class": draw(st.sampled_from(("required", "elective"))),
    }
    return found | ({"length_ms": length} if kind == "watched" else {"passed": True} if kind == "exam" else {})


@st.composite
def evidence(draw: st.DrawFn) -> list[Piece]:
    """A standing or none, and what was learned in this year and the one before."""
    found = []
    if draw(st.booleans()):
        band = draw(st.sampled_from(("upper", "lower")))
        joined = draw(st.sampled_from(("2024-03-01T00:00", "2026-02-01T00:00")))
        found.append({"id": "here", "kind": "standing", "change": "joined", "band": band, "happened": joined})
    for number in range(draw(st.integers(0, 8))):
        moment = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 9_000)))
        kind = draw(st.sampled_from(("watched", "watched", "session", "exam")))
        own = facts(draw, f"i{draw(st.integers(0, 12))}", kind)
        if kind == "watched":
            own["seen_ms"] = draw(st.integers(0, own["length_ms"]))
        if kind == "session":
            own |= {"hours_m": draw(st.integers(0, 4000)), "half_days": draw(st.integers(0, 4))}
        found.append({"id": f"e{number}", "happened": moment.isoformat(), **own})
    return [parse(each, book(rules("")).zone) for each in found]


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """Courses of one to three lessons; some with the exam of their last one."""
    found = []
    known = draw(st.permutations([f"i{number}" for number in range(13)]))
    for number in range(draw(st.integers(0, 9))):
        steps = []
        for place in range(draw(st.integers(1, 3))):
            # Here and there an item of which there is evidence. No lesson belongs to two courses.
            item = known.pop() if known and draw(st.integers(0, 4)) == 0 else f"n{number}.{place}"
            own = facts(draw, item)
            steps.append(Step(own, own["length_ms"]))
        if draw(st.integers(0, 2)) == 0:
            steps.append(Step({**facts(draw, str(steps[-1].facts["item"]), "exam")}, 20 * MIN))
        due = date(2026, 8, 1) + timedelta(days=draw(st.integers(0, 200)))
        required = draw(st.integers(0, 3)) == 0
        found.append(Offer(f"c{number}", tuple(steps), required, due if required else None))
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A learner, the rules, a day, what is on offer."""
    text = draw(ruleset())
    day = date(2026, 2, 1) + timedelta(days=draw(st.sampled_from((0, 40, 150, 300, 330, 333))))
    found = book(text)
    pieces = [each for each in draw(evidence()) if each.happened.astimezone(found.zone).date() <= day]
    return Case(text, found, pieces, day, draw(offers()))
