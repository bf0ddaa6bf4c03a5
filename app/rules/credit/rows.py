"""Each kind of row: its keys, and the function that reads one. A new kind is one function, and its entry.

What judges pieces is read here, what judges their sums in `rows_duty`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, cast

from app.rules.credit import clauses, formula, formula_text, rows_duty
from app.rules.credit.errors import say
from app.rules.credit.kinds import IDENTITY_FIELDS, KINDS, TEXT_FIELDS
from app.rules.credit.reading import Row
from app.rules.credit.selector import BUCKET_FIELDS, PIECE_FIELDS

NOTED = ("id", "text")
KEYS: Final = {
    "convert": ("when", "amount", "steps", "bucket", "bucket_field", "series", "pool", "otherwise"),
    "weight": ("when", "times", "axis"),
    "mark": ("when", "measure", "at_least", "more_than"),
    "round": ("when", "to", "mode", "minimum"),
    "needs": ("when", "evidence", "same", "valid_years", "within_days"),
    "duplicate": ("when", "key", "overlap", "within", "keep"),
    "cap": ("when", "limit", "per"),
    "test": ("when", "measure", "at_least", "at_most", "share_of", "basis", "over", "blocking"),
    "requirement": ("who", "meets"),
    "share": ("when", "at_most", "of", "basis"),
    "attendance": ("when", "limit", "boundary"),
    "revoke": ("when", "cancels", "ban_kinds", "ban_years"),
    "carry": ("surplus_of", "measure", "as", "max", "again", "unless_short"),
    "make_up": ("tests", "months"),
}
_DUPLICATE_KEYS = (*IDENTITY_FIELDS, *TEXT_FIELDS, "kind")
_LEAVE = formula_text.parse_amount("leave")
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
    """`[[duplicate]]`: by key, or by overlapping in time"""
    overlap = row.flag("overlap", False)
    if overlap:
        for other in ("key", "within"):
            if other in row.data:
                row.wrong(say("%(one)r and %(other)r cannot stand together", one=other, other="overlap"), other)
    elif "key" not in row.data and "overlap" not in row.data:
        row.need("key", "overlap")
    elif "key" not in row.data and row.data["overlap"] is False:
        row.about("overlap", say("a row without 'key' needs true here"))
    key = row.words("key") if "key" in row.data else ()
    for field in key:
        if field not in _DUPLICATE_KEYS:
            allowed = ", ".join(_DUPLICATE_KEYS)
            row.about("key", say("unknown field %(field)r; allowed: %(allowed)s", field=field, allowed=allowed))
    within, years = _within(row)
    return clauses.Duplicate(
        row.name(),
        row.selector("when", BUCKET_FIELDS),
        key,
        within,
        years,
        row.choice("keep", ("first", "largest"), "first") == "largest",
        overlap,
    )


def _within(row: Row) -> tuple[clauses.Within, int]:
    raw = row.data.get("within", "ever")
    if not isinstance(raw, dict):
        return cast(clauses.Within, row.choice("within", ("day", "period", "cycle", "ever"), "ever")), 0
    given = raw.get("years")
    if set(raw) != {"years"} or type(given) is not int or not 1 <= given <= 100:
        row.wrong(say("'within' must look like {years = 2}, not %(found)r", found=raw), "within")
        return "ever", 0
    return "years", given


def read_cap(row: Row) -> clauses.Cap:
    """`[[cap]]`"""
    row.need("limit")
    row.need("per")
    limit_m = row.thousandths(row.data.get("limit", 0), "limit")
    return clauses.Cap(row.name(), row.sums("when"), limit_m, row.choice("per", _PER, "period"))


def read_needs(row: Row) -> clauses.Needs:
    """`[[needs]]`"""
    row.need("evidence")
    row.need("same")
    if row.data.get("evidence") == {}:
        row.about("evidence", say('must say which evidence, such as {kind = "exam", passed = true}'))
    return clauses.Needs(
        row.name(),
        row.selector("when", BUCKET_FIELDS),
        row.selector("evidence", PIECE_FIELDS),
        row.choice("same", ("item", "run"), "item"),
        row.whole("valid_years", 0, 1, 100) if "valid_years" in row.data else 0,
        row.whole("within_days", 0, 1, 36_500) if "within_days" in row.data else 0,
    )


def read_attendance(row: Row) -> clauses.Attendance:
    """`[[attendance]]`: the run's leave, in hours, against a limit"""
    row.need("limit")
    limit = row.measure(row.data.get("limit", "0"), "limit")
    boundary = row.choice("boundary", ("more", "at_least"), "more")
    beyond = formula.compare(_LEAVE, ">" if boundary == "more" else ">=", limit)
    return clauses.Attendance(row.name(), row.selector("when", BUCKET_FIELDS), limit, beyond)


def read_revoke(row: Row) -> clauses.Revoke:
    """`[[revoke]]`"""
    row.need("cancels")
    if ("ban_kinds" in row.data) != ("ban_years" in row.data):
        row.wrong(say("%(keys)s go together", keys=say("%(one)r and %(other)r", one="ban_kinds", other="ban_years")))
    kinds = row.words("ban_kinds") if "ban_kinds" in row.data else ()
    for kind in kinds:
        if kind not in KINDS:
            allowed = ", ".join(KINDS)
            row.about("ban_kinds", say("unknown kind %(kind)r; allowed: %(allowed)s", kind=kind, allowed=allowed))
    cancels = row.choice("cancels", ("item", "run", "named", "period", "nothing"), "nothing")
    if cancels == "nothing" and not kinds and row.data.get("cancels") == "nothing":
        row.wrong(say("a revocation that cancels nothing needs 'ban_kinds' and 'ban_years'"), "cancels")
    when = row.selector("when", PIECE_FIELDS)
    if not when.allowed("kind").has("revocation"):
        row.about("when", say("only revocations are looked at here"))
    return clauses.Revoke(
        row.name(),
        when,
        cancels,
        frozenset(kinds),
        row.whole("ban_years", 0, 1, 100) if "ban_years" in row.data else 0,
    )


READERS: Final[dict[str, Callable[[Row], Any]]] = {
    "convert": read_convert,
    "weight": read_weight,
    "mark": read_mark,
    "needs": read_needs,
    "attendance": read_attendance,
    "revoke": read_revoke,
    "round": read_round,
    "duplicate": read_duplicate,
    "cap": read_cap,
    "test": rows_duty.read_test,
    "requirement": rows_duty.read_requirement,
    "share": rows_duty.read_share,
    "carry": rows_duty.read_carry,
    "make_up": rows_duty.read_make_up,
}
