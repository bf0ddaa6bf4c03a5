"""Finding: words as written, in pinyin and by its initials; what comes close; and what must not be found."""

from __future__ import annotations

import time

import pytest

from app.base import finding
from app.base.finding import closeness, fits, said, terms

MINUTES = said(("公文写作：会议纪要怎么写", "罗知微", "云汀网络学院"), ("Official writing: how to write minutes",))
RESCUE = said(("急救常识：心肺复苏与AED", "法律", "长安路绿地"), ("First aid",))


def found(asked: str, what: finding.Said = MINUTES) -> bool:
    return all(fits(term, what) for term in terms(asked))


@pytest.mark.parametrize(
    "asked",
    [
        "纪要", "会议纪要", "minutes", "MINUTES", "ｍｉｎｕｔｅｓ", "纪要 罗知微", "罗知微，纪要", "写作、minutes",
        "hyjy", "HYJY", "gwxz", "lzw", "ytwlxy",  # initials
        "huiyi", "huiyijiyao", "hui", "zhiwei", "jiyao",  # whole syllables
        "huiyij", "huiyiji", "luozhiw",  # not typed to its end
        "huiyijy", "hyjiyao", "luozw", "luozhw", "gongwxiez",  # both
        "会议jy", "jiyao纪要", "",
    ],
)  # fmt: skip
def test_it_is_found(asked: str) -> None:
    assert found(asked)


@pytest.mark.parametrize(
    "asked", ["纪律", "纪要 法律", "yh", "hyjx", "huiyiz", "huiyijiyaoo", "%", "会议xq", "zhiweiluo", "'", "()"]
)
def test_it_is_not_found(asked: str) -> None:
    assert not found(asked)


def test_latin_words_and_umlauts_within_chinese() -> None:
    assert found("aed", RESCUE)
    assert found("xffsyaed", RESCUE), "through the Latin word"
    assert found("falv", RESCUE)
    assert found("falü", RESCUE)
    assert found("chang'an", RESCUE)
    assert found("changal", RESCUE)
    assert not found("zhangan", RESCUE), "in its word 长 is read cháng"


def test_a_syllable_begins_where_a_character_does() -> None:
    assert fits("xian", said(("西安",), ()))
    assert fits("xian", said(("先进",), ()))
    assert not fits("ian", said(("先进",), ()))


@pytest.mark.parametrize(
    ("asked", "least"),
    [("写纪要", 500), ("会议怎么纪要", 600), ("会议的纪要", 1000), ("纪要怎么写好", 500), ("写好会议纪要", 600)],
)
def test_what_comes_close(asked: str, least: int) -> None:
    assert closeness(terms(asked), MINUTES) >= least


@pytest.mark.parametrize("asked", ["法律法规", "数据安全", "写 minutez", "x", "怎么", "为什么", ""])
def test_what_does_not_come_close(asked: str) -> None:
    assert closeness(terms(asked), MINUTES) == 0


def test_a_question_comes_close_by_its_latin_word() -> None:
    assert closeness(terms("AED怎么用"), RESCUE) > 0
    assert closeness(terms("AEDs怎么用"), RESCUE) == 0


def test_a_hostile_search_costs_nothing() -> None:
    """Neither length nor repetition makes it slow: each syllable is looked at once a place."""
    what = said(("安" * 60 + "啊" * 60,), ())
    begun = time.perf_counter()
    for asked in ("a" * 100, "an" * 50, "a" * 59 + "z", " ".join("安" * n for n in range(1, 60))):
        for term in terms(asked):
            fits(term, what)
        closeness(terms(asked), what)
    assert time.perf_counter() - begun < 1
    assert len(terms("一 二 三 四 五 六 七 八 九 十")) == finding.MOST_TERMS
    assert len(terms("a" * 500)[0]) == finding.MOST_LETTERS
