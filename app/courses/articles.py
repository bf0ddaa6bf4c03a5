"""Articles: Markdown as its author wrote it is kept; what is shown is rendered and cleaned each time."""

from __future__ import annotations

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

# No pictures: they would be fetched from elsewhere. No classes, ids or styles: the page's look is ours.
TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "em", "strong", "s",
    "code", "pre", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
MOST_CHARACTERS = 200_000


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])


def _lower(tokens: list[Token]) -> None:
    """The page has its own first heading: the article's begin one level below."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"


def article_html(markdown: str) -> str:
    """Markdown (≤ 200,000 characters) as clean HTML without scripts, pictures or styles; mark it safe."""
    parser = _markdown()
    tokens = parser.parse(markdown[:MOST_CHARACTERS])
    _lower(tokens)
    rendered = parser.renderer.render(tokens, parser.options, {})
    return nh3.clean(
        rendered,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
