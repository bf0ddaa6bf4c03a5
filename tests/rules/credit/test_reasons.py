"""Reasons read as sentences, in Chinese and in English."""

from __future__ import annotations

import pytest

from app.rules.credit import document
from app.rules.credit.reasons import amount, decimal, minutes, render
from app.rules.credit.settlement import WORDS, Why
from tests.rules.credit.kit import MIN, NINETY, THOUSANDTH, rules, run, watched

RULES = document.load(
    rules(
        'convert = [{id = "v", when = {kind = "watched"}, amount = "length / 45",'
        ' text = {zh = "每 45 分钟计 1 学时", en = "45 minutes are an hour"}}]\n' + NINETY + THOUSANDTH
    )
)
TABLE = [
    (Why("v", "gives", (1500, 1, 1500)), ("每 45 分钟计 1 学时", "折算 1.5 学时"),
     ("45 minutes are an hour", "gives 1.5 h")),
    (Why("v", "gives", (400, 3, 133)), ("每 45 分钟计 1 学时", "折算 0.133 学时"),
     ("45 minutes are an hour", "gives 0.133 h")),
    (Why("v", "gives", (1400, 1, 1000)), ("每 45 分钟计 1 学时", "折算 1.4 学时，取整为 1.0 学时"),
     ("45 minutes are an hour", "gives 1.4 h, rounded to 1.0 h")),
    (Why("v", "gives", (480, 1, 0)), ("每 45 分钟计 1 学时", "折算 0.48 学时，不足一档，记 0"),
     ("45 minutes are an hour", "gives 0.48 h, less than one step, so 0")),
    (Why("v", "gives", (0, 1, 0)), ("每 45 分钟计 1 学时", "记 0"), ("45 minutes are an hour", "gives 0")),
    (Why("ninety", "below mark", (4800000, 5400000, 0)), ("规则 ninety", "已学 80:00，全长 90:00，未到标准"),
     ("clause ninety", "seen 80:00 of 90:00: below the mark")),
    (Why("v", "repeat", (20260501, 3000, 0)), ("每 45 分钟计 1 学时", "2026 年 5 月 1 日已计，不再重复计"),
     ("45 minutes are an hour", "already credited on 1 May 2026; a repeat gives nothing")),
    (Why("v", "repeat", (20260501, 3000, 500)), ("每 45 分钟计 1 学时", "2026 年 5 月 1 日已计，补差 0.5 学时"),
     ("45 minutes are an hour", "already credited on 1 May 2026; the difference gives 0.5 h")),
    (Why("v", "repeat", (20260501, 0, 0)), ("每 45 分钟计 1 学时", "2026 年 5 月 1 日已计"),
     ("45 minutes are an hour", "already credited on 1 May 2026")),
    (Why("v", "cut", (12000, 8000, 20000)), ("每 45 分钟计 1 学时", "应计 12.0 学时，上限 20.0 学时，实计 8.0 学时"),
     ("45 minutes are an hour", "12.0 h asked, limit 20.0 h: 8.0 h counted")),
    (Why("v", "weighs", (1, 2, 0)), ("每 45 分钟计 1 学时", "乘以 0.5"), ("45 minutes are an hour", "times 0.5")),
    (Why("v", "weighs", (2, 3, 0)), ("每 45 分钟计 1 学时", "乘以 2/3"), ("45 minutes are an hour", "times 2/3")),
    (Why("v", "waits", (0, 0, 0)), ("每 45 分钟计 1 学时", "还缺配套的一项，等它完成再计"),
     ("45 minutes are an hour", "waits for what must go with it")),
    (Why("v", "waited", (20260501, 20260603, 0)),
     ("每 45 分钟计 1 学时", "2026 年 5 月 1 日学完，2026 年 6 月 3 日配套的一项完成，从那天起计"),
     ("45 minutes are an hour",
      "learned on 1 May 2026, counted from 3 Jun 2026, when what must go with it was done")),
    (Why("v", "overlaps", (20260501, 3000, 0)),
     ("每 45 分钟计 1 学时", "与 2026 年 5 月 1 日已计的时间重叠，不再重复计"),
     ("45 minutes are an hour", "overlaps what was credited on 1 May 2026; the same time gives nothing twice")),
    (Why("v", "overlaps", (20260501, 3000, 1000)),
     ("每 45 分钟计 1 学时", "与 2026 年 5 月 1 日已计的时间重叠，补差 1.0 学时"),
     ("45 minutes are an hour", "overlaps what was credited on 1 May 2026; the difference gives 1.0 h")),
    (Why("v", "share", (6000, 2500, 40_000)),
     ("每 45 分钟计 1 学时", "占比所限：合计最多计 40.0 学时，这一笔由 6.0 学时 减为 2.5 学时"),
     ("45 minutes are an hour", "only 40.0 h of such hours may count in all: 6.0 h becomes 2.5 h")),
    (Why("v", "make_up", (2000, 5000, 20250101)),
     ("每 45 分钟计 1 学时", "补 2025 年 1 月 1 日起的周期：还差 5.0 学时，这一笔补 2.0 学时"),
     ("45 minutes are an hour", "makes up the period from 1 Jan 2025: 5.0 h was missing, this pays 2.0 h")),
    (Why("v", "carried", (34_000, 20_000, 20250101)),
     ("每 45 分钟计 1 学时", "2025 年 1 月 1 日起的周期超出 34.0 学时，结转 20.0 学时"),
     ("45 minutes are an hour", "the period from 1 Jan 2025 had 34.0 h to spare, 20.0 h is carried over")),
    (Why("", "late", (20251220, 20260303, 20250101)),
     ("", "2025 年 1 月 1 日起的周期封账后才知道：2025 年 12 月 20 日的事，2026 年 3 月 3 日补记"),
     ("", "happened on 20 Dec 2025, became known on 3 Mar 2026, after the period from 1 Jan 2025 was sealed")),
    (Why("v", "withdrawn", (10_000, 9142, 0)),
     ("每 45 分钟计 1 学时", "请假 10.0 学时，超过 9.142 学时，按退学处理，不计学时"),
     ("45 minutes are an hour", "10.0 h of leave, more than 9.142 h: counts as withdrawn, nothing is credited")),
    (Why("v", "withdrawn", (0, 0, 0)), ("每 45 分钟计 1 学时", "按规定取消"),
     ("45 minutes are an hour", "cancelled by the rules")),
    (Why("v", "banned", (20280430, 0, 0)), ("每 45 分钟计 1 学时", "禁止期内不计，到 2028 年 4 月 30 日为止"),
     ("45 minutes are an hour", "gives nothing while the ban lasts, up to 30 Apr 2028")),
    (Why("k", "withdrawn", (0, 0, 0)), ("", "已由更正撤回"), ("", "withdrawn by a correction")),
    (Why("", "returned", (20_000, 8_000, 20250101)),
     ("", "2025 年 1 月 1 日起的周期封账前补了 20.0 学时，现在只够补 8.0 学时，差额退回"),
     ("",
      "had made up 20.0 h of the period from 1 Jan 2025 before its seal; 8.0 h of that by now: the rest goes back")),
    (Why("", "no clause", (0, 0, 0)), ("", "没有适用的规则"), ("", "no clause applies")),
]  # fmt: skip


@pytest.mark.parametrize(("why", "chinese", "english"), TABLE)
def test_render(why: Why, chinese: tuple[str, str], english: tuple[str, str]) -> None:
    assert render(why, RULES, "zh_Hans_CN") == [chinese]
    assert render([why], RULES, "en") == [english]


def test_every_word_has_its_sentence() -> None:
    assert {why.did for why, _, _ in TABLE} == set(WORDS)


def test_a_mark_that_is_no_share_of_time() -> None:
    text = rules(
        'mark = [{id = "s", when = {kind = "exam"}, measure = "score", at_least = 60},'
        ' {id = "q", when = {kind = "session"}, measure = "responses / count", at_least = "0.75"}]\n'
    )
    found = document.load(text)
    assert (
        render(Why("s", "below mark", (50_000, 60_000, 0)), found, "en")[0][1]
        == "50.0 where 60.0 is needed: below the mark"
    )
    assert render(Why("q", "below mark", (2, 3, 0)), found, "zh")[0][1] == "66.6%，标准 75%，未到标准"


def test_a_weight_says_why_it_is_half() -> None:
    text = rules(
        'convert = [{id = "v", when = {kind = "watched"}, amount = "length / 45"}]\n'
        + NINETY
        + THOUSANDTH
        + 'weight = [{id = "half", when = {requirement_class = "elective"}, times = "0.5"}]\n'
    )
    found = run(text, [watched("a", 90 * MIN, 90 * MIN, requirement_class="elective")])
    assert [tuple(w) for w in found.postings[0].why] == [
        ("half", "weighs", (1, 2, 0)),
        ("v", "gives", (1000, 1, 1000)),
    ]


def test_numbers_in_human_form() -> None:
    assert [decimal(m) for m in (12_000, 133, 2500, 40, 0, -1500)] == [
        "12.0",
        "0.133",
        "2.5",
        "0.04",
        "0.0",
        "−1.5",
    ]
    assert (minutes(324_999), minutes(4_800_000)) == ("5:24", "80:00")
    assert amount(1490, "hours", "en", 3) == "1.490 h"
    assert amount(1234, "hours", "en", 1) == "1.234 h"
    assert (amount(2000, "credits", "zh_CN"), amount(2000, "stars", "en")) == ("2.0 学分", "2.0 stars")
