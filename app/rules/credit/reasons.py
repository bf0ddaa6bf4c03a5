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
        "repeat": "{0}已计，不再重复计",
        "repeat series": "{0}已计",
        "repeat more": "{0}已计，补差 {2}",
        "cut": "应计 {0}，上限 {2}，实计 {1}",
        "withdrawn": "已由更正撤回",
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
        "repeat": "already credited on {0}; a repeat gives nothing",
        "repeat series": "already credited on {0}",
        "repeat more": "already credited on {0}; the difference gives {2}",
        "cut": "{0} asked, limit {2}: {1} counted",
        "withdrawn": "withdrawn by a correction",
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


def amount(thousandths: int, unit: str, locale: str) -> str:
    """1500, "hours" → "1.5 学时" / "1.5 h": one decimal, or up to three where needed."""
    lang = "zh" if locale.lower().startswith("zh") else "en"
    return f"{decimal(thousandths)} {_UNITS[lang].get(unit, unit)}"


def decimal(thousandths: int) -> str:
    """12000 → "12.0", 133 → "0.133", 2500 → "2.5"."""
    sign, rest = ("−", -thousandths) if thousandths < 0 else ("", thousandths)
    whole, part = divmod(rest, 1000)
    digits = f"{part:03}".rstrip("0") or "0"
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
    words = _WORDS[lang]
    first, second, third = why.numbers
    if why.did == "gives":
        return _gives(why, ruleset, lang)
    if why.did == "below mark":
        return _below(why, ruleset, lang)
    if why.did == "repeat":
        kind = "repeat more" if third else "repeat" if second else "repeat series"
        return words[kind].format(
            _day(first, lang), amount(second, ruleset.unit, lang), amount(third, ruleset.unit, lang)
        )
    if why.did == "weighs":
        exact = first * 1000 % second == 0
        return words["weighs"].format(decimal(first * 1000 // second) if exact else f"{first}/{second}")
    if why.did == "cut":
        return words["cut"].format(*(amount(each, ruleset.unit, lang) for each in why.numbers))
    return words[why.did]


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
