"""Reasons as sentences, in the reader's language. Pure: the words of both languages live here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.rules.credit.clauses import Mark, RuleSet
from app.rules.credit.formula import Ratio
from app.rules.credit.settlement import Why

_WORDS = {
    "zh": {
        "gives": "折算 {2}",
        "gives rounded": "折算 {0}，取整为 {2}",
        "gives nothing": "折算 {0}，不足一档，记 0",
        "below seen": "已学 {0}，全长 {1}，未到标准",
        "below": "{0}，标准 {1}，未到标准",
        "waits": "还缺配套的一项，等它完成再计",
        "waited": "{0}学完，{1}配套的一项完成，从那天起计",
        "repeat": "{0}已计，不再重复计",
        "repeat series": "{0}已计",
        "repeat more": "{0}已计，补差 {2}",
        "overlaps": "与 {0}已计的时间重叠，不再重复计",
        "overlaps more": "与 {0}已计的时间重叠，补差 {2}",
        "cut": "应计 {0}，上限 {2}，实计 {1}",
        "share": "占比所限：合计最多计 {2}，这一笔由 {0} 减为 {1}",
        "make_up": "补 {2}起的周期：还差 {1}，这一笔补 {0}",
        "carried": "{2}起的周期超出 {0}，结转 {1}",
        "late": "{2}起的周期封账后才知道：{0}的事，{1}补记",
        "withdrawn": "已由更正撤回",
        "returned": "{2}起的周期封账前补了 {0}，现在只够补 {1}，差额退回",
        "revoked": "按规定取消",
        "left": "请假 {0}，超过 {1}，按退学处理，不计学时",
        "banned": "禁止期内不计，到 {0}为止",
        "no clause": "没有适用的规则",
        "nothing": "记 0",
        "weighs": "乘以 {0}",
        "no text": "规则 {0}",
        "day": "{0} 年 {1} 月 {2} 日",
    },
    "en": {
        "gives": "gives {2}",
        "gives rounded": "gives {0}, rounded to {2}",
        "gives nothing": "gives {0}, less than one step, so 0",
        "below seen": "seen {0} of {1}: below the mark",
        "below": "{0} where {1} is needed: below the mark",
        "waits": "waits for what must go with it",
        "waited": "learned on {0}, counted from {1}, when what must go with it was done",
        "repeat": "already credited on {0}; a repeat gives nothing",
        "repeat series": "already credited on {0}",
        "repeat more": "already credited on {0}; the difference gives {2}",
        "overlaps": "overlaps what was credited on {0}; the same time gives nothing twice",
        "overlaps more": "overlaps what was credited on {0}; the difference gives {2}",
        "cut": "{0} asked, limit {2}: {1} counted",
        "share": "only {2} of such hours may count in all: {0} becomes {1}",
        "make_up": "makes up the period from {2}: {1} was missing, this pays {0}",
        "carried": "the period from {2} had {0} to spare, {1} is carried over",
        "late": "happened on {0}, became known on {1}, after the period from {2} was sealed",
        "withdrawn": "withdrawn by a correction",
        "returned": "had made up {0} of the period from {2} before its seal; {1} of that by now: the rest goes back",
        "revoked": "cancelled by the rules",
        "left": "{0} of leave, more than {1}: counts as withdrawn, nothing is credited",
        "banned": "gives nothing while the ban lasts, up to {0}",
        "no clause": "no clause applies",
        "nothing": "gives 0",
        "weighs": "times {0}",
        "no text": "clause {0}",
        "day": "{2} {1} {0}",
    },
}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_UNITS = {
    "zh": {"hours": "学时", "hour": "学时", "credits": "学分", "credit": "学分", "points": "积分"},
    "en": {"hours": "h", "hour": "h"},
}


def render(why: Sequence[Why] | Why, ruleset: RuleSet, locale: str) -> list[tuple[str, str]]:
    """Each reason as (clause as printed, numbers in words); `locale` begins with "zh" or gives English.

    `ruleset` is the version that judged the piece. Clauses without text are named by their id; a reason
    without a clause (no clause applies, withdrawn) has an empty clause text.
    """
    lang = "zh" if locale.lower().startswith("zh") else "en"
    rows: Iterable[Why] = (why,) if isinstance(why, Why) else why
    return [(_clause(row, ruleset, lang), _numbers(row, ruleset, lang)) for row in rows]


def amount(thousandths: int, unit: str, locale: str, least: int = 1) -> str:
    """1500, "hours" → "1.5 学时" / "1.5 h": `least` decimals, or up to three where needed."""
    lang = "zh" if locale.lower().startswith("zh") else "en"
    return f"{decimal(thousandths, least)} {_UNITS[lang].get(unit, unit)}"


def decimal(thousandths: int, least: int = 1) -> str:
    """12000 → "12.0", 133 → "0.133", 2500 → "2.5"."""
    sign, rest = ("−", -thousandths) if thousandths < 0 else ("", thousandths)
    whole, part = divmod(rest, 1000)
    digits = f"{part:03}".rstrip("0").ljust(least, "0")
    return f"{sign}{whole}.{digits}"


def minutes(ms: int) -> str:
    """4800000 → "80:00": minutes and seconds, what is less than a second cut off."""
    return f"{ms // 60000}:{ms // 1000 % 60:02}"


def _clause(why: Why, ruleset: RuleSet, lang: str) -> str:
    if why.clause not in ruleset.texts:
        return ""
    text = ruleset.texts[why.clause]
    return text.get(lang) or text.get("zh") or text.get("en") or _WORDS[lang]["no text"].format(why.clause)


def _numbers(why: Why, ruleset: RuleSet, lang: str) -> str:
    special = {"gives": _gives, "below mark": _below, "weighs": _weighs}.get(why.did)
    if special is not None:
        return special(why, ruleset, lang)
    sentence = _WORDS[lang][_sentence_of(why, ruleset)]
    read = {"d": lambda number: _day(number, lang), "m": lambda number: amount(number, ruleset.unit, lang)}
    kinds = _READ.get(why.did, "mmm")
    return sentence.format(*(read[kind](number) for kind, number in zip(kinds, why.numbers, strict=True)))


# What a word's three numbers are: days (YYYYMMDD) or amounts.
_READ = {
    "repeat": "dmm", "overlaps": "dmm", "waited": "ddm", "make_up": "mmd", "carried": "mmd", "late": "ddd",
    "banned": "dmm", "returned": "mmd",
}  # fmt: skip


def _sentence_of(why: Why, ruleset: RuleSet) -> str:
    """Which of its word's sentences a reason takes."""
    first, asked, left = why.numbers
    if why.did in ("repeat", "overlaps") and left:
        return f"{why.did} more"
    if why.did == "repeat" and not asked:
        return "repeat series"
    if why.did == "withdrawn" and first:
        return "left"
    # What a correction withdraws is named after the correction, what a clause cancels after the clause.
    if why.did == "withdrawn" and why.clause in ruleset.texts:
        return "revoked"
    return why.did


def _weighs(why: Why, ruleset: RuleSet, lang: str) -> str:
    top, bottom, _ = why.numbers
    exact = top * 1000 % bottom == 0
    return _WORDS[lang]["weighs"].format(decimal(top * 1000 // bottom) if exact else f"{top}/{bottom}")


def _gives(why: Why, ruleset: RuleSet, lang: str) -> str:
    top, bottom, given = why.numbers
    exact, words = top // bottom, _WORDS[lang]
    kind = "gives" if top == given * bottom else "gives rounded" if given else "gives nothing"
    if top <= 0:
        return words["nothing"]
    shown = [amount(each, ruleset.unit, lang) for each in (exact, 0, given)]
    # What only differs beyond the third decimal reads the same: then the result alone says it.
    return words["gives" if given and shown[0] == shown[2] else kind].format(*shown)


def _below(why: Why, ruleset: RuleSet, lang: str) -> str:
    mark = next((m for m in ruleset.marks if m.id == why.clause), None)
    first, second, _ = why.numbers
    if mark is None or not isinstance(mark.measure, Ratio):
        return _WORDS[lang]["below"].format(decimal(first), decimal(second))
    if _in_ms(mark):
        return _WORDS[lang]["below seen"].format(minutes(first), minutes(second))
    share = first * mark.measure.coeff * 100 / second if second else 0
    return _WORDS[lang]["below"].format(f"{int(share * 10) / 10}%", f"{float(mark.threshold * 100):g}%")


def _in_ms(mark: Mark) -> bool:
    """Is the measure a share of milliseconds?"""
    return isinstance(mark.measure, Ratio) and (
        mark.measure.top.coeff == mark.measure.bottom.coeff and mark.measure.top.coeff.denominator == 60000
    )


def _day(plain: int, lang: str) -> str:
    year, month, day = plain // 10000, plain // 100 % 100, plain % 100
    return _WORDS[lang]["day"].format(year, month if lang == "zh" else _MONTHS[month - 1], day)
