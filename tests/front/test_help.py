"""Help: whole in both languages, links that lead somewhere, words that are found, a glossary of words that are used."""

from __future__ import annotations

import re
import tomllib
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from PIL import Image
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.factory import Academy
from app.front import finding, help_pages
from app.front.help_pages import HelpPage
from tests.factories import web

LANGUAGES = ("zh", "en")
ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "app/translations/zh_Hans_CN/LC_MESSAGES/messages.po"


def own(language: str) -> list[HelpPage]:
    """The short pages, without the whole guides."""
    return [page for page in help_pages.pages(language).values() if page.slug not in help_pages.GUIDES]


def test_every_file_stands_in_the_index_in_both_languages() -> None:
    slugs = {page.slug for page in own("zh")}
    assert 10 <= len(slugs) <= 16
    for language in LANGUAGES:
        assert {path.stem for path in (help_pages.HELP / language).glob("*.md")} == slugs
        assert list(help_pages.pages(language)) == list(help_pages.pages("zh"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_short_and_begin_with_what_they_are_about(language: str) -> None:
    for page in own(language):
        assert page.title, page.slug
        assert 10 < len(page.lead) < 240, page.slug
        assert len(page.text) < (1200 if language == "zh" else 3200), (page.slug, len(page.text))
        assert "<h3" not in page.html, page.slug  # one level below the page's own heading
        assert not re.search(r"[!！]|successfully|please|成功|恭喜|请您", page.text), page.slug


def test_both_languages_say_the_same_things() -> None:
    for chinese, english in zip(own("zh"), own("en"), strict=True):
        for mark in ("<h2>", "<li>", "<tr>", 'href="'):
            assert str(chinese.html).count(mark) == str(english.html).count(mark), (chinese.slug, mark)


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_somewhere(academy_app: Academy, language: str) -> None:
    router, known = academy_app.url_map.bind("localhost"), help_pages.pages(language)
    for page in known.values():
        for target in re.findall(r'href="([^"]+)"', page.html):
            assert target.startswith("/"), (page.slug, target)
            try:
                endpoint, values = router.match(target)
            except RequestRedirect:
                continue
            except HTTPException:
                pytest.fail(f"{page.slug}: {target} leads nowhere")
            assert endpoint != "front.help_page" or values["slug"] in known, (page.slug, target)


def test_a_line_that_breaks_within_chinese_leaves_no_space() -> None:
    for page in help_pages.pages("zh").values():
        broken = re.findall(r"[\u3400-\u9fff，。；：、）]\n[\u3400-\u9fff（]", page.html)
        assert broken == [], page.slug


@pytest.mark.parametrize(
    ("asked", "language", "first"),
    [
        ("断网", "zh", "offline"),
        ("怎么登录", "zh", "signing-in"),
        ("忘了密码怎么办？", "zh", "signing-in"),
        ("时间不对", "zh", "tickets"),
        ("查验证明", "zh", "certificate"),
        ("随堂一问答错", "zh", "presence-checks"),
        ("ＰＤＦ", "zh", "certificate"),
        ("revoked", "en", "certificate"),
        ("WRONG password", "en", "signing-in"),
        ("two minutes", "en", "offline"),
    ],
)
def test_what_people_ask_is_found(asked: str, language: str, first: str) -> None:
    hits = finding.find(asked, own(language))
    assert hits, asked
    assert first in [hit.page.slug for hit in hits[:2]]
    for hit in hits:
        if hit.found:
            assert hit.found.casefold() in hit.page.text.casefold()


def test_what_nobody_wrote_is_not_found() -> None:
    for asked in ("zzzz", "紫外线", "断网 zzzz", "   "):
        assert finding.find(asked, own("zh")) == []


def test_the_glossary_explains_words_that_the_interface_shows() -> None:
    with PO.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    chinese = "\n".join(str(message.string) for message in messages)
    english = "\n".join(str(message.id) for message in messages).casefold()
    terms = tomllib.loads((help_pages.HELP / "glossary.toml").read_text("utf-8"))["terms"]
    assert len(terms) > 25
    assert [each["zh"] for each in terms if each["zh"] not in chinese] == []
    assert [each["en"] for each in terms if each["en"].casefold() not in english] == []
    assert len({each["zh"] for each in terms}) == len({each["en"] for each in terms}) == len(terms)
    assert [term.word for term in help_pages.glossary("en")] == [each["en"] for each in terms]


@pytest.mark.parametrize("language", LANGUAGES)
def test_guides_show_the_academy_in_their_language(academy_app: Academy, language: str) -> None:
    client, shown = web.browser(academy_app, language=language), []
    for page in map(help_pages.pages(language).get, help_pages.GUIDES):
        assert page is not None
        for address, wide, high in re.findall(r'<img src="([^"]+)" width="(\d+)" height="(\d+)"', page.html):
            assert address.endswith(f"-{language}.png")
            with client.get(address) as answer:
                assert (answer.status_code, answer.mimetype) == (200, "image/png")
                picture = Image.open(BytesIO(answer.data))
            assert picture.size == (int(wide), int(high))
            shown.append(address)
    assert len(shown) >= 6
    assert client.get("/help/pictures/nothing.png").status_code == 404
    assert client.get("/help/pictures/..%2Fadr%2FREADME.md").status_code == 404
