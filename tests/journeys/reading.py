"""What a page says and how it is built, read from its HTML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from sqlalchemy import String, select

from app.base.db import Database
from app.tables import METADATA

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "path", "use",
        "rect", "circle", "line"}  # fmt: skip
SILENT = {"script", "style", "textarea", "pre", "code", "svg"}
# Data that may be in any language: an article's text, captions, the first character of a name; the mark of the house.
DATA = {"article", "transcript", "avatar", "brand-mark", "gate-mark", "cover"}
SAID = ("title", "aria-label", "placeholder", "alt")
HAN = re.compile(r"[\u3400-\u9fff]")
MASKED = re.compile(r".\*{2,}")
MOST_ROWS = 20_000


@dataclass
class Reading:
    """`texts` are what is said in the page's language; `links` are addresses; `main` and `frame` are how it is built:
    the paths of elements, so that a table of three rows is built like one of thirty."""

    lang: str = ""
    texts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    main: set[str] = field(default_factory=set)
    frame: set[str] = field(default_factory=set)


class _Parser(HTMLParser):
    """Fills a `Reading`."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Reading()
        self._open: list[tuple[str, str, bool]] = []  # tag, its mark, whether it is silent

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = given.get("class", "").split()
        self._strict(tag, given)
        if tag == "html":
            self.found.lang = given.get("lang", "")
        if tag in ("a", "img", "track", "source", "iframe") and (link := given.get("href") or given.get("src")):
            self.found.links.append(link)
        silent = (
            bool(self._open and self._open[-1][2])
            or tag in SILENT
            or bool(DATA & set(classes))
            or (tag != "html" and given.get("lang", "").startswith("zh"))
        )
        if not silent:
            self.found.texts += [given[name] for name in SAID if given.get(name)]
        self._build(tag, classes, given)
        if tag not in VOID:
            self._open.append((tag, _mark(tag, classes, given), silent))

    def _strict(self, tag: str, given: dict[str, str]) -> None:
        """What the content security policy would not let run, or paint."""
        inline = tag == "script" and "src" not in given and given.get("type") != "application/json"
        own = [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or inline or own:
            self.found.blocked.append(f"<{tag} {' '.join(own)}>")

    def _build(self, tag: str, classes: list[str], given: dict[str, str]) -> None:
        marks = [mark for _tag, mark, _silent in self._open]
        if any(mark.startswith("svg") for mark in marks):
            return
        path = "/".join([*marks, _mark(tag, classes, given)])
        inside = any(mark.startswith("main") for mark in marks)
        (self.found.main if inside else self.found.frame).add(path)

    def handle_endtag(self, tag: str) -> None:
        while any(each[0] == tag for each in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open and not self._open[-1][2]:
            self.found.texts.append(data.strip())


def _mark(tag: str, classes: list[str], given: dict[str, str]) -> str:
    known = sorted(name for name in given if name.startswith("aria-") or name in ("role", "hidden", "disabled", "type"))
    return ".".join([tag, *(re.sub(r"\d+", "", each) for each in classes), *known])


def read(html: str) -> Reading:
    """A page's words, links and build."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.found


def data_of(db: Database) -> list[str]:
    """Every Chinese text that an academy holds, longest first: whole values, lines of them, leaves of JSON."""
    found: set[str] = {"笃学", "中文"}
    with db.reading() as session:
        for table in METADATA.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, String):
                    chosen = select(column).where(column.is_not(None)).distinct().limit(MOST_ROWS)
                    for value in session.scalars(chosen):
                        found |= _leaves(str(value))
    return sorted(found, key=len, reverse=True)


def _leaves(value: str) -> set[str]:
    if not HAN.search(value) and "\\u" not in value:
        return set()
    try:
        pieces = _strings(json.loads(value))
    except ValueError:
        pieces = [value]
    lines = [line.strip(" -#>*1234567890.").strip() for piece in pieces for line in piece.splitlines()]
    quoted = [text for piece in pieces for text in re.findall(r'"([^"\n]+)"', piece)]  # names in rules, written as TOML
    return {text for text in [*pieces, *lines, *quoted] if HAN.search(text)}


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) else []


def chinese_left(reading: Reading, data: list[str]) -> list[str]:
    """What an English page says in Chinese although no data say it."""
    wrong, whole = [], set(data)
    for said in reading.texts:
        text = "" if said in whole else said
        for name in data if HAN.search(text) else ():
            text = text.replace(name, "") if len(name) > 1 else text  # a single character might be anywhere
        if HAN.search(MASKED.sub("", text)):
            wrong.append(said[:80])
    return wrong
