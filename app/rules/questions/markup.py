"""Marked-up text as plain text. Everything runs once over the text, whatever stands in it."""

from __future__ import annotations

import html
import re

FORMATS = ("html", "moodle", "plain", "markdown")

_SHOWN = frozenset({"img", "video", "audio", "iframe", "object", "embed", "svg", "canvas", "math", "picture"})
_SILENT = frozenset({"script", "style", "head", "template"})
_BREAKS = frozenset({"p", "div", "br", "tr", "table", "ul", "ol", "pre", "blockquote", "hr",
                     "h1", "h2", "h3", "h4", "h5", "h6"})  # fmt: skip
_INLINE = frozenset({"b", "strong", "i", "em", "u", "s", "span", "font", "a", "code", "small", "big", "tt", "q", "cite",
                     "del", "ins", "mark", "label", "tbody", "thead", "section", "article", "abbr", "kbd"})  # fmt: skip
# <sup> and <sub>, held by characters that no text has, until what they raise or lower is known.
_HELD = {"sup": ("\x01", "\x02"), "sub": ("\x03", "\x04")}
_AS = {**dict.fromkeys(_BREAKS, "\n"), "li": "\n- ", "td": " ", "th": " "}
_KNOWN = _SHOWN | _SILENT | _INLINE | frozenset(_AS) | frozenset(_HELD)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>|<[!?/][^<>]*>")
# In text that is not said to be HTML, `a <b and c> d` is no tag.
_ATTRIBUTES = re.compile(r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"']+))*\s*/?")
_RAISED = re.compile("\x01([^\x01-\x04]*)\x02")
_LOWERED = re.compile("\x03([^\x01-\x04]*)\x04")
_LEFT_OVER = re.compile("[\x01-\x04]")
_UP = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_DOWN = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")

_PICTURE = re.compile(r"!\[[^\[\]\n]{0,500}\]\([^()\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\([^()\n]{0,2000}\)")
_HEAD = re.compile(r"^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?)", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]{1,500})`")
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,500})(?<=\S)\1")
_LEAN = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,500})(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]{1,500})(?<=\S)_(?!\w)")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!>-])")


def plain(text: str, form: str) -> tuple[str, bool]:
    """The text without its marks, and whether it shows something that plain text cannot (a picture, a film).

    `form`: one of FORMATS. What looks like markup in a plain text stays. Nothing is ever executed or fetched.
    """
    if form == "plain":
        return text, False
    pictured = "@@PLUGINFILE@@" in text
    if form == "markdown":
        pictured = pictured or _PICTURE.search(text) is not None
        text = _from_markdown(text)
    elif form == "html":
        text = text.replace("\n", " ")
    text, shown = _from_html(text, strict=form != "html")
    return html.unescape(text), pictured or shown


def _from_markdown(text: str) -> str:
    text = _LINK.sub(r"\1", _PICTURE.sub("", text))
    text = _CODE.sub(r"\1", _HEAD.sub("", text))
    text = _LEAN.sub(lambda found: found[1] or found[2], _BOLD.sub(r"\2", text))
    return _ESCAPED.sub(r"\1", text)


def _from_html(text: str, *, strict: bool) -> tuple[str, bool]:
    """`strict`: only known tags, written as tags are."""
    text, kept, at, silent, shown = _without_comments(text), [], 0, "", False
    for tag in _TAG.finditer(text):
        name = (tag[2] or "").lower()
        if strict and not (name in _KNOWN and _ATTRIBUTES.fullmatch(tag[3])):
            continue
        if not silent:
            kept.append(text[at : tag.start()])
            shown = shown or name in _SHOWN
            kept.append(_HELD[name][bool(tag[1])] if name in _HELD else _as_text(name, closing=bool(tag[1])))
        if name in _SILENT and (not silent or silent == name):
            silent = "" if tag[1] else name
        at = tag.end()
    kept.append("" if silent else text[at:])
    return _placed("".join(kept)), shown


def _as_text(name: str, *, closing: bool) -> str:
    return "" if closing and name == "li" else _AS.get(name, "")


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _placed(text: str) -> str:
    """x<sup>2</sup> must not become x2."""
    text = _RAISED.sub(lambda found: _moved(found[1], _UP, "^"), text)
    text = _LOWERED.sub(lambda found: _moved(found[1], _DOWN, "_"), text)
    return _LEFT_OVER.sub("", text)


def _moved(text: str, table: dict[int, int], sign: str) -> str:
    if all(ord(each) in table for each in text):
        return text.translate(table)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"
