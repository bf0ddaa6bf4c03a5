"""Articles: Markdown becomes clean HTML, whatever is written."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
