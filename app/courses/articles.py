"""Articles: Markdown as its author wrote it is kept; what is shown is rendered, cleaned, and kept in memory.

An article is read page by page. Where its pages break follows from its text alone, so that a frozen version keeps
them: learners' coverage is counted in pages (`rules/viewing/pages.py`).

The parser's work grows with the square of some texts (`[` ten thousand times). It is counted while it works, and
a text that asks for too much is refused when it is saved; one that is stored already is shown as plain text.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import SupportsIndex

import nh3
from flask_babel import gettext as _
from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

from app.base.errors import BadInput
from app.rules.viewing.pages import Block, divide, weight

# No pictures: they would be fetched from elsewhere. No classes, ids or styles: the page's look is ours.
TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "em", "strong", "s",
    "code", "pre", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# Four hours of reading Chinese: a lesson is shorter, a page of more is slow in a browser.
MOST_CHARACTERS = 100_000
# The densest text of that length that means something (a list of one-letter links) takes 70,000.
MOST_STEPS = 100_000
# One address may be named once and used a thousand times: written out it may not fill a page of hundreds of MB.
MOST_ADDRESSES = 300_000
# Rendered articles that a process keeps. Many learners read few articles at a time; each is 2 MB at the very most.
KEPT = 64
TITLE = 40


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """A page of an article: clean HTML (mark it safe), and what it is called in a list of pages, plain text."""

    html: str
    title: str


class TooMuchWork(Exception):
    """The parser was stopped: the text asks for more steps than it may."""


def _step(env: EnvType, steps: int = 1) -> None:
    env["steps"] = env.get("steps", 0) + steps
    if env["steps"] > MOST_STEPS:
        raise TooMuchWork


class _Inline(ParserInline):
    """Looking ahead for the end of a bracket is where the work grows: every look is a step.

    What a picture is called is parsed once more, and within it what the pictures in it are called.
    """

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        _step(env, len(src) // 4)
        return super().parse(src, md, env, tokens)

    def skipToken(self, state: StateInline) -> None:
        _step(state.env)
        super().skipToken(state)


class _Blocks(list[Token]):
    """The blocks of a text: each is a step (an empty table cell costs its author nothing)."""

    def __init__(self, env: EnvType) -> None:
        super().__init__()
        self._env = env

    def append(self, token: Token) -> None:
        _step(self._env)
        super().append(token)

    def insert(self, index: SupportsIndex, token: Token) -> None:
        _step(self._env)
        super().insert(index, token)


def _count_blocks(state: StateCore) -> None:
    state.tokens = _Blocks(state.env)


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.inline = _Inline()
    # A second time, for the rules of our own inline parser.
    parser.configure("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    parser.core.ruler.before("block", "count_blocks", _count_blocks)
    return parser


def _parse(markdown: str) -> list[Token]:
    try:
        tokens = _markdown().parse(markdown)
    except RecursionError as error:
        raise TooMuchWork from error
    addresses = 0
    for token in tokens:
        for child in token.children or ():
            addresses += sum(len(str(value)) for value in child.attrs.values())
    if addresses > MOST_ADDRESSES:
        raise TooMuchWork
    return tokens


def _lower(tokens: list[Token]) -> None:
    """The page has its own first heading: the article's begin one level below."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"


def _clean(rendered: str) -> str:
    return nh3.clean(
        rendered,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def _plain(markdown: str) -> tuple[ArticlePage, ...]:
    """What cannot be rendered, as it was written."""
    parts = [part for part in markdown.split("\n\n") if part.strip()]
    pages = divide([Block(weight(part)) for part in parts])
    return tuple(
        ArticlePage(
            _clean("".join(f"<p>{html.escape(parts[at])}</p>\n" for at in page)), _called("".join(parts[page[0] :][:1]))
        )
        for page in pages
        if page
    )


def _pieces(tokens: list[Token]) -> Iterator[list[Token]]:
    """The blocks of the outermost level, each with all that is in it."""
    piece: list[Token] = []
    for token in tokens:
        piece.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield piece
            piece = []


def _block(piece: list[Token]) -> Block:
    heading = piece[0].type == "heading_open"
    opens = piece[0].type == "hr" or (heading and piece[0].tag in ("h1", "h2"))
    return Block(sum(weight(token.content) for token in piece), heading, opens)


def _called(text: str) -> str:
    """A line to call a page by, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"


def _title(pieces: list[list[Token]]) -> str:
    """The page's first heading, else its first words."""
    inlines = [token for piece in pieces for token in piece if token.type == "inline"]
    headings = [token for piece in pieces if piece[0].type == "heading_open" for token in piece if token.children]
    chosen = (headings or inlines)[:1]
    words = (child for token in chosen for child in token.children or () if child.type != "image")
    return _called("".join(child.content if child.type != "softbreak" else " " for child in words))


@lru_cache(maxsize=KEPT)
def _rendered(markdown: str) -> tuple[ArticlePage, ...]:
    """Raises `TooMuchWork`. A text is its own key: the cache compares hash and letters."""
    pieces = list(_pieces(_parse(markdown)))
    pages = []
    for found in divide([_block(piece) for piece in pieces]):
        held = [pieces[at] for at in found]
        if len(held) > 1 and held[0][0].type == "hr":
            held = held[1:]  # the end of a page says as much
        pages.append(_page(held))
    return tuple(pages)


def _page(pieces: list[list[Token]]) -> ArticlePage:
    parser = _markdown()
    title = _title(pieces)
    tokens = [token for piece in pieces for token in piece]
    _lower(tokens)
    return ArticlePage(_clean(parser.renderer.render(tokens, parser.options, {})), title)


@lru_cache(maxsize=KEPT)
def _shown(markdown: str) -> tuple[ArticlePage, ...]:
    try:
        return _rendered(markdown)
    except TooMuchWork:
        return _plain(markdown)


def article_pages(markdown: str) -> tuple[ArticlePage, ...]:
    """Markdown (its first 100,000 characters) as pages, at least one, without scripts, pictures or styles."""
    return _shown(markdown[:MOST_CHARACTERS]) or (ArticlePage("", ""),)


def article_html(markdown: str) -> str:
    """All pages one after another, as clean HTML; mark it safe."""
    return "".join(page.html for page in article_pages(markdown))


def checked(markdown: str) -> str:
    """An article's text as it is kept. `BadInput` when it is empty, too long, or too much work to show.

    Rendering is part of the check, and kept for the first reader: call it before a writing transaction.
    """
    text = markdown.replace("\r\n", "\n").strip()
    if not text:
        raise BadInput(_("The text is missing."), "article")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(
            _("An article has at most %(most)s characters. Divide it into several.", most=MOST_CHARACTERS), "article"
        )
    try:
        _rendered(text)
    except TooMuchWork as error:
        raise BadInput(
            _(
                "This text cannot be laid out: it has too many square brackets, table cells, list items or long "
                "addresses. Take out brackets that belong to no link (or write \\[), or divide it into several "
                "articles."
            ),
            "article",
        ) from error
    return text
