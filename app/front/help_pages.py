"""Help as plain files: `content/help/{zh,en}/<slug>.md`, in the order of `index.toml`, and the whole guides.

Read once in a process. The first line of a file is its title (`# …`), the first paragraph says what it is about.
"""

from __future__ import annotations

import html
import re
import struct
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

from app.courses import articles

ROOT = Path(__file__).resolve().parents[2]
HELP = ROOT / "content" / "help"
GUIDE = ROOT / "docs" / "guide"
PICTURES = ROOT / "docs" / "screenshots"
PICTURES_AT = "/help/pictures/"
# The guides by the slug under which they are read here.
GUIDES = {f"guide-{name}": name for name in ("learner", "head-teacher", "liaison", "editor", "administrator")}
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
# A picture of the academy on a line of its own; while the Markdown is made HTML a mark stands for it.
_PICTURE = re.compile(r"(?m)^!\[([^\]]*)\]\(\.\./screenshots/([a-z0-9-]+\.png)\)$")
_MARK = "\ue000"
_MARKED = re.compile(rf"<p>{_MARK}(\S+) ([^<]*)</p>")
_TAGS = re.compile(r"<[^>]+>")
_WITHIN = re.compile(r"</?(?:strong|em|code|s|a)\b[^>]*>")
# A line broken within a Chinese sentence: browsers would show the break as a space.
_BROKEN = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef*”’])\n *(?=(?:\*\*)?[“‘\u3400-\u9fff\uff08])")


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A page of help: `lead` is its first paragraph, `text` all words for searching, `html` without the title."""

    slug: str
    title: str
    lead: str
    text: str
    html: Markup


@dataclass(frozen=True, slots=True)
class HelpGroup:
    """Pages that belong together, in order."""

    name: str
    pages: tuple[HelpPage, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the academy in the reader's language, the other one, and what it means."""

    word: str
    other: str
    meaning: str


@cache
def groups(language: str) -> tuple[HelpGroup, ...]:
    """All pages in their groups. `language`: zh or en."""
    index = tomllib.loads((HELP / "index.toml").read_text(encoding="utf-8"))
    return tuple(
        HelpGroup(group["name"][language], tuple(_page(slug, language) for slug in group["pages"]))
        for group in index["groups"]
    )


@cache
def pages(language: str) -> dict[str, HelpPage]:
    """All pages by slug."""
    return {page.slug: page for group in groups(language) for page in group.pages}


@cache
def glossary(language: str) -> tuple[Term, ...]:
    """The terms in the order of the file."""
    found = tomllib.loads((HELP / "glossary.toml").read_text(encoding="utf-8"))["terms"]
    other = "en" if language == "zh" else "zh"
    return tuple(Term(each[language], each[other], each["meaning"][language]) for each in found)


def _page(slug: str, language: str) -> HelpPage:
    if slug in GUIDES:
        markdown = _guide((GUIDE / f"{GUIDES[slug]}.{language}.md").read_text(encoding="utf-8"))
    else:
        markdown = (HELP / language / f"{slug}.md").read_text(encoding="utf-8")
    first, _line, rest = _BROKEN.sub("", markdown.strip()).partition("\n")
    # The title is the page's own heading: what stands below it moves up to its side.
    body = re.sub(r"(?m)^##", "#", rest.strip())
    shown = _MARKED.sub(_picture, articles.article_html(body))
    paragraph = re.search(r"<p>(.*?)</p>", shown, re.DOTALL)
    return HelpPage(
        slug=slug,
        title=first.removeprefix("# ").strip(),
        lead=_words(paragraph[1]) if paragraph else "",
        text=_words(shown),
        html=Markup(shown),
    )


def _picture(found: re.Match[str]) -> str:
    """What a page shows of a picture, with its size, so that nothing moves when it comes; a click opens it alone.
    Nothing where the picture was not brought along."""
    if not (PICTURES / found[1]).is_file():
        return ""
    with (PICTURES / found[1]).open("rb") as file:
        wide, high = struct.unpack(">II", file.read(24)[16:])
    address = PICTURES_AT + found[1]
    return (
        f'<figure><a href="{address}"><img src="{address}" width="{wide}" height="{high}" loading="lazy" '
        f'alt="{found[2]}"></a></figure>'
    )


def _words(shown: str) -> str:
    return " ".join(html.unescape(_TAGS.sub(" ", _WITHIN.sub("", shown))).split())


def _guide(markdown: str) -> str:
    """A guide of the repository as a page of help: links to other guides lead to them here, others are only words."""
    title, _line, rest = markdown.strip().partition("\n")
    lines = rest.strip().split("\n")
    # Its first line leads to the other language: here the page itself does.
    body = "\n".join(lines[1:] if lines[0].startswith("[") else lines)
    body = _PICTURE.sub(rf"\n{_MARK}\2 \1\n", body)
    return f"{title}\n\n{_LINK.sub(_link, body)}"


def _link(found: re.Match[str]) -> str:
    name = found[2].partition("#")[0].rpartition("/")[2].removesuffix(".md").rpartition(".")[0]
    if found[2].startswith(("http:", "https:", "/")):
        return found[0]
    return f"[{found[1]}](/help/guide-{name})" if f"guide-{name}" in GUIDES else found[1]
