"""The rows that judge sums: tests and requirements, shares, what goes into the next period, what may be made up."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from app.rules.credit import clauses
from app.rules.credit.errors import say
from app.rules.credit.kinds import FLAG_FIELDS, STANDING_FIELDS, TEXT_FIELDS
from app.rules.credit.reading import Row

MEASURES: Final = ("countable", "earned", "days", "minutes", "count", "months")


def read_test(row: Row) -> clauses.Test:
    """`[[test]]`"""
    row.need("measure")
    row.need("at_least", "at_most")
    bound = "at_most" if "at_most" in row.data else "at_least"
    if ("basis" in row.data) != ("share_of" in row.data):
        row.wrong(say("'share_of' and 'basis' go together"), "basis" if "basis" in row.data else "share_of")
    raw = row.data.get("over")
    if isinstance(raw, dict):
        window, over = _window(row, raw), "period"
    else:
        window, over = None, row.choice("over", ("period", "cycle"), "period")
    return clauses.Test(
        id=row.name(),
        when=row.sums("when"),
        measure=row.choice("measure", MEASURES, "countable"),
        quota=_quota(row, row.data.get(bound, 0), bound),
        at_most=bound == "at_most",
        share_of=row.text("share_of") or None,
        share_basis=row.choice("basis", ("got", "quota"), "got"),
        cycle=over == "cycle",
        blocking=row.flag("blocking", True),
        window=window,
    )


def _window(row: Row, raw: dict[str, Any]) -> clauses.Window | None:
    months = raw.get("months")
    if set(raw) != {"since", "months"} or type(months) is not int or not 1 <= months <= 1200 or not raw["since"]:
        row.wrong(
            say("'over' must look like {since = {band = \"upper\"}, months = 12}, not %(found)r", found=raw), "over"
        )
        return None
    return clauses.Window(row.part(raw["since"], "over", STANDING_FIELDS), months)


def _quota(row: Row, raw: object, key: str) -> clauses.Quota:
    part = "share_of" in row.data  # then the number is a part of a whole, else an amount
    amount = row.exact if part else row.amount_of
    if not isinstance(raw, dict):
        return clauses.Quota(amount(raw, key), None, {})
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
    values = {name: amount(each, key) for name, each in value.items()}
    return clauses.Quota(amount(raw.get("otherwise", 0), key), by, values)


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


def read_share(row: Row) -> clauses.Share:
    """`[[share]]`"""
    for key in ("when", "at_most", "of"):
        row.need(key)
    at_most = row.exact(row.data.get("at_most", 0), "at_most")
    if at_most > 1:
        row.about("at_most", say('a share is a part of the whole, such as "1/2": at most 1'))
    basis = row.choice("basis", ("got", "quota"), "got")
    return clauses.Share(row.name(), row.sums("when"), at_most, row.text("of"), basis == "quota")


def read_carry(row: Row) -> clauses.Carry:
    """`[[carry]]`"""
    row.need("surplus_of")
    row.need("as")
    fields, bucket = _as(row)
    whole = row.data.get("unless_short") if isinstance(row.data.get("unless_short"), bool) else None
    return clauses.Carry(
        id=row.name(),
        surplus_of=row.text("surplus_of"),
        measure=row.choice("measure", ("countable", "earned"), "countable"),
        fields=fields,
        bucket=bucket,
        most_m=row.thousandths(row.data["max"], "max") if "max" in row.data else None,
        again=row.flag("again", False),
        unless_short=row.words("unless_short") if "unless_short" in row.data and whole is None else (),
        unless_unmet=bool(whole),
    )


def _as(row: Row) -> tuple[dict[str, str | bool], str | None]:
    raw = row.data.get("as", {})
    if not isinstance(raw, dict):
        row.wrong(say("'as' must look like {requirement_class = \"elective\"}, not %(found)r", found=raw), "as")
        return {}, None
    fields: dict[str, str | bool] = {}
    for field, value in raw.items():
        is_text = isinstance(value, str) and 0 < len(value) <= 200
        if (field in FLAG_FIELDS and isinstance(value, bool)) or (field in (*TEXT_FIELDS, "bucket") and is_text):
            fields[field] = value
        elif field not in (*TEXT_FIELDS, *FLAG_FIELDS, "bucket"):
            allowed = ", ".join((*TEXT_FIELDS, *FLAG_FIELDS, "bucket"))
            row.about("as", say("unknown field %(field)r; allowed: %(allowed)s", field=field, allowed=allowed))
        else:
            row.about("as", say("%(key)r: must be a text, not %(found)r", key=field, found=value))
    bucket = fields.pop("bucket", None)
    return fields, str(bucket) if bucket is not None else None


def read_make_up(row: Row) -> clauses.MakeUp:
    """`[[make_up]]`"""
    row.need("tests")
    row.need("months")
    tests = row.words("tests") if "tests" in row.data else ()
    if len(set(tests)) != len(tests):
        row.about("tests", say("names a test twice"))
    return clauses.MakeUp(row.name(), tests, row.whole("months", 1, 1, 120))
