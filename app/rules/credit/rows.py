"""Each kind of row: its keys, and the function that reads one. A new kind is one function, and its entry."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, cast

from app.rules.credit import clauses, formula
from app.rules.credit.errors import say
from app.rules.credit.kinds import IDENTITY_FIELDS, STANDING_FIELDS, TEXT_FIELDS
from app.rules.credit.reading import Row
from app.rules.credit.selector import BUCKET_FIELDS, PIECE_FIELDS

NOTED = ("id", "text")
KEYS: Final = {
    "convert": ("when", "amount", "steps", "bucket", "bucket_field", "series", "pool", "otherwise"),
    "weight": ("when", "times", "axis"),
    "mark": ("when", "measure", "at_least", "more_than"),
    "round": ("when", "to", "mode", "minimum"),
    "duplicate": ("when", "key", "within", "keep"),
    "cap": ("when", "limit", "per"),
    "test": ("when", "measure", "at_least", "at_most", "share_of", "basis", "over", "blocking"),
    "requirement": ("who", "meets"),
}
# Of the language, and refused at loading until they are written: kinds, and single keys.
LATER = ("needs", "share", "attendance", "revoke", "carry", "make_up")
LATER_KEYS = {"duplicate": ("overlap",)}
_DUPLICATE_KEYS = (*IDENTITY_FIELDS, *TEXT_FIELDS, "kind")
_PER = ("item", "day", "run", "period", "cycle", "ever")
_SMALLEST = Fraction(1, 1000)


def read_convert(row: Row) -> clauses.Convert:
    """`[[convert]]`"""
    row.need("amount", "steps")
    if "bucket" in row.data and "bucket_field" in row.data:
        both = say("%(one)r or %(other)r", one="bucket", other="bucket_field")
        row.wrong(say("needs only one of %(keys)s", keys=both), "bucket_field")
    cases = _steps(row) if "steps" in row.data else _amount(row)
    return clauses.Convert(
        id=row.name(),
        when=row.selector("when", PIECE_FIELDS),
        cases=cases,
        bucket=row.text("bucket") or None,
        bucket_field=row.choice("bucket_field", TEXT_FIELDS, "") if "bucket_field" in row.data else None,
        series=row.choice("series", ("first", "increase"), "first") if "series" in row.data else None,
        pool=row.choice("pool", ("piece", "item", "day", "run", "period"), "piece"),
        otherwise=row.flag("otherwise", False),
    )


def _amount(row: Row) -> tuple[clauses.Case, ...]:
    return (clauses.Case(None, row.amount(row.data["amount"], "amount")),) if "amount" in row.data else ()


def _steps(row: Row) -> tuple[clauses.Case, ...]:
    raw = row.data["steps"]
    if not isinstance(raw, dict) or set(raw) != {"of", "rows"} or not isinstance(raw["rows"], list):
        row.wrong(say('\'steps\' must look like {of = "length", rows = [{at_least = 30, gives = "1"}]}'), "steps")
        return ()
    measure = row.measure(raw["of"], "steps")
    cases: list[clauses.Case] = []
    last: tuple[Fraction, bool] | None = None
    for step in raw["rows"]:
        found = _step(row, step)
        if found is None:
            continue
        threshold, strict, gives = found
        if last is not None and (threshold, strict) >= last:
            row.wrong(
                say(
                    "'steps': rows must fall, the first that fits wins: %(low)s stands below %(high)s",
                    low=threshold,
                    high=last[0],
                ),
                "steps",
            )
        last = threshold, strict
        cases.append(clauses.Case(formula.reaches(measure, threshold, strict), gives))
    if not raw["rows"]:
        row.wrong(say("'steps' has no rows"), "steps")
    rising = [formula.known(case.gives) for case in cases]
    falls = all(a is not None and b is not None and a >= b for a, b in pairwise(rising))
    if not measure.still and not (measure.rises and falls and None not in rising):
        # Noted on the case itself, where the check of watched facts looks.
        cases = [clauses.Case(case.test, formula.unsteady(case.gives)) for case in cases]
    return tuple(cases)


def _step(row: Row, step: object) -> tuple[Fraction, bool, formula.Expr] | None:
    bound = [key for key in ("at_least", "more_than") if isinstance(step, dict) and key in step]
    if not isinstance(step, dict) or len(bound) != 1 or set(step) != {bound[0], "gives"}:
        row.wrong(
            say("'steps': a row needs 'at_least' or 'more_than', and 'gives', not %(found)r", found=step), "steps"
        )
        return None
    return row.exact(step[bound[0]], "steps"), bound[0] == "more_than", row.amount(step["gives"], "steps")


def read_weight(row: Row) -> clauses.Weight:
    """`[[weight]]`"""
    row.need("when")
    row.need("times")
    times = row.exact(row.data.get("times", 1), "times")
    return clauses.Weight(row.name(), row.selector("when", PIECE_FIELDS), times, row.text("axis"))


def read_mark(row: Row) -> clauses.Mark:
    """`[[mark]]`"""
    row.need("measure")
    row.need("at_least", "more_than")
    strict = "more_than" in row.data
    bound = "more_than" if strict else "at_least"
    measure = row.measure(row.data.get("measure", "0"), "measure")
    threshold = row.exact(row.data.get(bound, 0), bound)
    reached = formula.reaches(measure, threshold, strict)
    return clauses.Mark(row.name(), row.selector("when", PIECE_FIELDS), measure, threshold, strict, reached)


def read_round(row: Row) -> clauses.Round:
    """`[[round]]`"""
    row.need("to")
    row.need("mode")
    to_m = row.thousandths(row.data.get("to", 1), "to")
    if to_m == 0:
        row.wrong(say("'to' must be above 0"), "to")
    mode = row.choice("mode", formula.MODES, "floor")
    minimum_m = row.thousandths(row.data.get("minimum", 0), "minimum")
    return clauses.Round(row.name(), row.selector("when", PIECE_FIELDS), to_m, mode, minimum_m)


def read_duplicate(row: Row) -> clauses.Duplicate:
    """`[[duplicate]]`, key form"""
    row.need("key")
    key = row.words("key") if "key" in row.data else ()
    for field in key:
        if field not in _DUPLICATE_KEYS:
            allowed = ", ".join(_DUPLICATE_KEYS)
            row.about("key", say("unknown field %(field)r; allowed: %(allowed)s", field=field, allowed=allowed))
    raw, years = row.data.get("within", "ever"), 0
    if isinstance(raw, dict):
        given = raw.get("years")
        if set(raw) != {"years"} or type(given) is not int or not 1 <= given <= 100:
            row.wrong(say("'within' must look like {years = 2}, not %(found)r", found=raw), "within")
        else:
            years = given
        within = "years"
    else:
        within = row.choice("within", ("day", "period", "cycle", "ever"), "ever")
    return clauses.Duplicate(
        row.name(),
        row.selector("when", BUCKET_FIELDS),
        key,
        cast(clauses.Within, within),
        years,
        row.choice("keep", ("first", "largest"), "first") == "largest",
    )


def read_cap(row: Row) -> clauses.Cap:
    """`[[cap]]`"""
    row.need("limit")
    row.need("per")
    limit_m = row.thousandths(row.data.get("limit", 0), "limit")
    return clauses.Cap(row.name(), row.selector("when", BUCKET_FIELDS), limit_m, row.choice("per", _PER, "period"))


def read_test(row: Row) -> clauses.Test:
    """`[[test]]`"""
    row.need("measure")
    row.need("at_least", "at_most")
    bound = "at_most" if "at_most" in row.data else "at_least"
    if ("basis" in row.data) != ("share_of" in row.data):
        row.wrong(say("'share_of' and 'basis' go together"), "basis" if "basis" in row.data else "share_of")
    measures = ("countable", "earned", "days", "minutes", "count")
    return clauses.Test(
        id=row.name(),
        when=row.selector("when", BUCKET_FIELDS),
        measure=row.choice("measure", measures, "countable"),
        quota=_quota(row, row.data.get(bound, 0), bound),
        at_most=bound == "at_most",
        share_of=row.text("share_of") or None,
        share_basis=row.choice("basis", ("got", "quota"), "got"),
        cycle=row.choice("over", ("period", "cycle"), "period") == "cycle",
        blocking=row.flag("blocking", True),
    )


def _quota(row: Row, raw: object, key: str) -> clauses.Quota:
    if not isinstance(raw, dict):
        return clauses.Quota(row.exact(raw, key), None, {})
    by, value = raw.get("by"), raw.get("value")
    if not set(raw) <= {"by", "value", "otherwise"} or by not in STANDING_FIELDS or not isinstance(value, dict):
        row.wrong(
            say(
                '%(key)r must be a number or look like {by = "band", value = {lower = 90}, otherwise = 50};'
                " 'by' is one of %(allowed)s",
                key=key,
                allowed=", ".join(STANDING_FIELDS),
            ),
            key,
        )
        return clauses.Quota(Fraction(0), None, {})
    values = {name: row.exact(each, key) for name, each in value.items()}
    return clauses.Quota(row.exact(raw.get("otherwise", 0), key), by, values)


def read_requirement(row: Row) -> clauses.Requirement:
    """`[[requirement]]`"""
    row.need("meets")
    meets = _meets(row, row.data.get("meets", {"all": []}), 1)
    return clauses.Requirement(row.name(), row.selector("who", STANDING_FIELDS), meets)


def _meets(row: Row, raw: object, depth: int) -> clauses.Meets:
    if not isinstance(raw, dict) or list(raw) not in (["all"], ["any"]) or depth > 8:
        row.wrong(
            say('\'meets\' must look like {all = ["total", {any = ["days", "hours"]}]}, not %(found)r', found=raw),
            "meets",
        )
        return clauses.Meets(True, ())
    [(word, parts)] = raw.items()
    if not isinstance(parts, list) or not parts:
        row.wrong(say("'meets': %(word)r needs a list of tests", word=word), "meets")
        return clauses.Meets(True, ())
    return clauses.Meets(
        word == "all",
        tuple(part if isinstance(part, str) else _meets(row, part, depth + 1) for part in parts),
    )


READERS: Final[dict[str, Callable[[Row], Any]]] = {
    "convert": read_convert,
    "weight": read_weight,
    "mark": read_mark,
    "round": read_round,
    "duplicate": read_duplicate,
    "cap": read_cap,
    "test": read_test,
    "requirement": read_requirement,
}
