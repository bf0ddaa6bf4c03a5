"""The style sheet and templates: whole, kept for ever by hash, and within the content security policy."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Babel

from app.base import assets

ROOT = Path(assets.__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    """An application with nothing but the assets."""
    app = Flask("app", root_path=str(ROOT))
    Babel(app)
    assets.init_app(app)
    with app.test_request_context():
        yield app.test_client()


def test_every_part_is_in_the_sheet() -> None:
    assert {path.stem for path in (ROOT / "static" / "css").glob("*.css")} == set(assets.PARTS)


def test_braces_balance_and_weight_is_small() -> None:
    for part in assets.PARTS:
        text = (ROOT / "static" / "css" / f"{part}.css").read_text(encoding="utf-8")
        assert text.count("{") == text.count("}"), part
    assert len(gzip.compress(assets.style_sheet()[0].encode())) < 25_000


def test_the_sheet_is_lean_and_says_the_same() -> None:
    raw = "\n".join((ROOT / "static" / "css" / f"{part}.css").read_text(encoding="utf-8") for part in assets.PARTS)
    lean = assets.style_sheet()[0]
    assert len(lean) < len(raw) * 0.9
    assert "/*" not in lean
    bare = re.sub(r"/\*.*?\*/", "", raw, flags=re.S)
    assert re.findall(r'"[^"\n]*"', lean) == re.findall(r'"[^"\n]*"', bare), "quotations are whole"
    assert re.sub(r"\s", "", lean) == re.sub(r"\s", "", bare), "only space was taken out"


def test_every_custom_property_used_is_defined() -> None:
    sheet = assets.style_sheet()[0]
    used = set(re.findall(r"var\((--[\w-]+)\)", sheet))  # those with a fallback may be absent
    assert used <= set(re.findall(r"(--[\w-]+)\s*:", sheet))


def test_the_sheet_stays_readable_by_old_browsers() -> None:
    sheet = assets.style_sheet()[0]
    assert not re.search(r"(?<![\w-])inset\s*:|aspect-ratio\s*:|:has\(|@layer|@container|color-mix\([^;]*var", sheet)
    assert "@font-face" not in sheet
    assert "@import" not in sheet


def test_the_right_hash_is_kept_for_ever_and_an_old_one_is_not(client: FlaskClient) -> None:
    good = client.get(assets.css_url())
    assert good.status_code == 200
    assert good.mimetype == "text/css"
    assert "immutable" in good.headers["Cache-Control"]
    old = client.get("/static/app.000000000000.css")
    assert old.status_code == 200
    assert old.headers["Cache-Control"] == "no-cache"


def test_a_static_file_is_kept_for_ever_only_under_its_hash(client: FlaskClient) -> None:
    for address, kept in ((assets.static_url("favicon.svg"), True), ("/static/favicon.svg?v=1", False)):
        with client.get(address) as answer:
            assert answer.status_code == 200
            assert ("immutable" in answer.headers["Cache-Control"]) is kept
    assert client.get("/static/none.svg?v=1").status_code == 404


@pytest.mark.parametrize("cookie", ["purple", 'dark"><script>', ""])
def test_a_foreign_theme_is_ignored(client: FlaskClient, cookie: str) -> None:
    with client.application.test_request_context(headers={"Cookie": f"theme={cookie}"}):
        assert assets.page_theme() == ""


def test_the_chosen_theme_is_used(client: FlaskClient) -> None:
    with client.application.test_request_context(headers={"Cookie": "theme=dark"}):
        assert assets.page_theme() == "dark"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_keep_the_content_security_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:", text), "inline style or script"
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert " src=" in tag, "a script of the page itself is refused by browsers"


def test_every_icon_named_in_a_template_is_drawn() -> None:
    sprite = (ROOT / "templates" / "components" / "icons.html").read_text(encoding="utf-8")
    drawn = set(re.findall(r'id="i-([\w-]+)"', sprite))
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"""\bicon(?:_name)?(?:\(|=)['"]([\w-]+)['"]""", text))
        assert named <= drawn, f"{path.name}: {named - drawn}"


def test_the_two_dark_themes_are_one_and_stay_off_paper() -> None:
    text = (ROOT / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    wish = r"@media screen and \(prefers-color-scheme: dark\) \{\s*:root:not\(.*?\) \{(.*?)\}"
    choice = r"@media screen \{\s*:root\[data-theme=\"dark\"\] \{(.*?)\}"
    found = [re.search(pattern, text, re.S) for pattern in (wish, choice)]
    assert all(found), "both stand inside @media screen"
    first, second = (re.findall(r"--[\w-]+:[^;]+", match.group(1)) for match in found if match)
    assert first == second
    assert len(first) > 40
