"""Articles: Markdown becomes clean HTML, whatever is written, in a bounded number of steps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import BadInput
from app.courses import articles
from app.courses.articles import TAGS, article_html


def test_markdown() -> None:
    out = article_html("# 一\n\n**重** [看](https://a.example/x)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<h2>一</h2>" in out
    assert "<strong>重</strong>" in out
    assert '<a href="https://a.example/x" rel="noopener noreferrer">看</a>' in out
    assert "<td>1</td>" in out


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://a.example/spy.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="jav&#x0A;ascript:alert(1)">x</a>',
        "`<svg/onload=alert(1)>`",
        '[x](https://a.example "\\" onmouseover=\\"alert(1)")',
        "<style>body{display:none}</style>",
        "[a]: javascript:alert(1)\n[a]",
    ],
)
def test_nothing_runs(markdown: str) -> None:
    _check(article_html(markdown))


class _Checker(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ("href", "title", "rel", "start"), name
            if name == "href":
                assert value is not None
                assert not value or ":" not in value or value.split(":")[0].lower() in ("http", "https", "mailto")


def _check(html: str) -> None:
    checker = _Checker(convert_charrefs=True)
    checker.feed(html)
    checker.close()


@given(st.text(alphabet=st.sampled_from(list("<>&\"'`[]()!#*-|: \n\\/abcjavscript=")), max_size=200))
def test_no_text_gets_through(markdown: str) -> None:
    _check(article_html(markdown))


def calls(act: Callable[[], object]) -> int:
    """How many calls something takes: unlike seconds they are the same on every machine."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


LONG = articles.MOST_CHARACTERS
HOSTILE = {
    "![[": "![[" * LONG, "[": "[" * LONG, "![": "![a" * LONG, "[![": "[![" * LONG, "[`": "[`" * LONG,
    "[*": "[*" * LONG, "pairs": "[" * (LONG // 2) + "]" * (LONG // 2), "references": "[a]: b\n\n" + "[a][" * LONG,
    "nested": ("[" * 39 + "a" + "](b)" * 39 + " ") * LONG, "pictures": ("![" * 39 + "a" + "](b)" * 39 + " ") * LONG,
    "cells": "|a" * 1000 + "|\n" + "|-" * 1000 + "|\n" + "a\n" * LONG, "items": "* a\n  * b\n" * LONG,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_in_bounded_steps(name: str) -> None:
    text = HOSTILE[name][:LONG]
    fresh()

    def save() -> None:
        with pytest.raises(BadInput, match="too many square brackets") as caught:
            articles.checked(text)
        assert caught.value.field == "article"

    assert calls(save) < 4_000_000
    assert 0 < calls(lambda: article_html(text)) < 4_000_000
    assert calls(lambda: article_html(text)) < 100, "and what is shown instead is kept"


def fresh() -> None:
    articles._rendered.cache_clear()
    articles._shown.cache_clear()


def test_an_address_is_not_repeated_without_end() -> None:
    """100,000 characters that would become a page of 267 million."""
    text = ("[a]: " + "b" * 20_000 + "\n\n" + "[a]" * LONG)[:LONG]
    with pytest.raises(BadInput, match="long addresses"):
        articles.checked(text)
    assert len(article_html(text)) < 2 * LONG


@pytest.mark.parametrize(
    "piece",
    [
        "他说[这里](https://a.example/x)有**重点**，见《书》[1]。\n\n", "- [ ] do it\n", "a[i] = b[j] + c[k][l]; ",
        "See [the page](https://a.example/b?c=d \"title\") and *that* [other].\n\n", "句子[1]，句子[2]。", "\\[",
        "| 年 | 数 |\n|---|---|\n" + "| 2024 | 12 |\n" * 40 + "\n", "字", "`[` ", "a\n\n    [[[[\n\n",
    ],
)  # fmt: skip
def test_long_articles_that_mean_something_are_kept(piece: str) -> None:
    text = (piece * LONG)[:LONG].strip()
    assert articles.checked(text) == text


def test_the_longest() -> None:
    with pytest.raises(BadInput, match="at most 100000 characters"):
        articles.checked("x" * (LONG + 1))
    assert calls(lambda: article_html("[" * 10 * LONG)) < 4_000_000


def test_deep_nesting_is_no_fault() -> None:
    for text in ("*" * 40_000 + "a" + "*" * 40_000, ">" * 90_000, "- " * 45_000, "![" * 2000 + "x" + "](a)" * 2000):
        _check(article_html(text))
