"""The style sheet in one piece, and addresses of static files which change with their content."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, url_for
from flask_babel import get_locale

from app.base.access import public

STATIC = Path(__file__).resolve().parent.parent / "static"
PARTS = (
    "tokens", "base", "layout", "nav", "controls", "measure", "blocks", "data", "statement",
    "learner", "catalogue", "player", "reader", "staff", "questions", "workshop", "gate", "certificates", "front",
    "accounts", "units", "styleguide", "print",
)  # fmt: skip
FOREVER = "public, max-age=31536000, immutable"
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_QUOTED = re.compile(r'("[^"\n]*"|url\([^)]*\))')
THEMES = ("light", "dark")


@cache
def style_sheet() -> tuple[str, str]:
    """The parts in order as one lean text, and the first 12 hex digits of its SHA-256."""
    text = _lean("\n".join((STATIC / "css" / f"{part}.css").read_text(encoding="utf-8") for part in PARTS))
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


def _lean(text: str) -> str:
    """Without comments and spare space, a fifth less on the wire; what stands in quotes is left as it is."""
    parts = _QUOTED.split(_COMMENT.sub("", text))
    return "".join(part if place % 2 else _tight(part) for place, part in enumerate(parts)).strip() + "\n"


def _tight(text: str) -> str:
    return re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", text)).replace("}", "}\n")


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def css_url() -> str:
    """The style sheet's address; it holds the hash, so it may be kept for ever."""
    return url_for("assets.css", version=style_sheet()[1])


def static_url(name: str) -> str:
    """The address of a file under app/static with its hash; `OSError` when there is no such file."""
    return url_for("static", filename=name, v=_version(name))


def page_lang() -> str:
    """The page's language as HTML writes it: `zh-CN` or `en`."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh-CN"


def page_theme() -> str:
    """`light` or `dark` when the reader chose one on this device, else empty: the system decides."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


@public
def css(version: str) -> Response:
    """The one style sheet. An old hash gets the current text, uncached: a page kept open stays readable."""
    text, current = style_sheet()
    response = Response(text, mimetype="text/css")
    response.headers["Cache-Control"] = FOREVER if version == current else "no-cache"
    return response


def _keep(response: Response) -> Response:
    """A static file asked for with its true hash never changes."""
    if request.endpoint == "static" and response.status_code == 200:
        name = (request.view_args or {}).get("filename", "")
        if request.args.get("v") == _version(name):
            response.headers["Cache-Control"] = FOREVER
    return response


def init_app(app: Flask) -> None:
    """Register the style sheet's endpoint and the template globals."""
    style_sheet()
    app.add_url_rule("/static/app.<version>.css", "assets.css", css)
    app.after_request(_keep)
    app.jinja_env.globals.update(css_url=css_url, static_url=static_url, page_lang=page_lang, page_theme=page_theme)
