"""The paper: what is read on it, that nothing on it runs, that it stays the same, and that it holds nobody up."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from app.base.db import Database
from app.base.numbers import fixed
from app.base.pages import ROOT
from app.credits.certificates import content, paper, printing, queries
from app.credits.certificates.content import Content
from app.rules import check_code
from tests.credits.browsing import signed_in
from tests.papers import shows_code, texts

CODE = check_code.make(2**113 + 987654321)
SAID = Content(
    form=content.FORM, code=CODE, learner="01LEARNER", name="王小明", unit="云汀市人民政府", academy="云汀网络学院",
    sealed_by="云汀网络学院", language="zh", since="2026-01-01", until="2026-11-26",
    issued="2026-11-26T01:40:00.123000+00:00", known="2026-11-26T01:40:00.123000+00:00", hours=52500, count=36,
    buckets=(("general", 18000, 12), ("professional", 26500, 17), ("elective", 8000, 7)), items=(), ruleset="yunting",
    versions=(1, 2), head=(41, "ab12" * 16), check_at="https://academy.example",
)  # fmt: skip
HOSTILE = [
    "#{7*7}", "{{7*7}}", "$x$", "\\u{41}", "\\", "#panic()", "*_`=<a>@b", "#read(\"/etc/passwd\")", "\"]; #evil [",
    "${7*7}", "<script>", "// /* */", "#import \"@preview/x:1.0.0\"", "a\nb", "龘㐂𠮷", "😀王", "﷽" * 3,
]  # fmt: skip


@pytest.fixture(scope="module")
def bare() -> Flask:
    """As much of the application as has words."""
    made = Flask("paper", root_path=str(ROOT))
    made.config.update(BABEL_DEFAULT_LOCALE="zh_Hans_CN", BABEL_DEFAULT_TIMEZONE="Asia/Shanghai")
    Babel(made, locale_selector=lambda: "en")
    return made


@pytest.fixture(autouse=True)
def _words(bare: Flask) -> Iterator[None]:
    with bare.test_request_context():
        yield


def made(**changes: Any) -> bytes:
    """The PDF of a certificate that says this."""
    said = dataclasses.replace(SAID, **changes)
    return printing.pdf(said, content.hash_of(content.text_of(said)))


def test_one_page_says_it_all() -> None:
    [text] = texts(made())
    for said in (
        "学时证明", "兹证明", "王小明", "云汀市人民政府", "自2026年1月1日至2026年11月26日在云汀网络学院学习",
        "52.5", "18.0", "26.5", "8.0", "公需", "专业", "选修", "36", "2026年11月26日签发", "academy.example/check",
        check_code.shown(CODE)[:14], check_code.shown(CODE)[15:], "第1、2版", "从以前周期结转来的学时不重复计入",
    ):  # fmt: skip
        assert said in text, said
    assert content.hash_of(content.text_of(SAID)) in text


def test_the_language_is_the_certificates_and_not_the_readers(bare: Flask) -> None:
    english = {"language": "en", "academy": "Yunting Network Academy", "unit": "Yunting City Government"}
    with bare.test_request_context(), force_locale("zh_Hans_CN"):
        [text] = texts(made(**english))
    for said in (
        "Certificateofhours", "Thisistocertifythat", "王小明", "hours", "1January2026", "Generalsubjects",
        "Issuedon26November2026", "version1,2",
    ):  # fmt: skip
        assert said in text, said
    # Only the name, the seals of subjects, the mark of the house and the academy's own seal are Chinese.
    assert set(re.findall(r"[\u4e00-\u9fff]", text)) <= set("王小明公专选笃云汀网络学院")


def test_the_same_certificate_gives_the_same_bytes() -> None:
    first = made()
    time.sleep(1.1)
    assert made() == first
    assert made(name="王小朋") != first
    assert b"D:20261126014000" in first
    assert b"pdfaid" in first, "an archive can keep it"


@pytest.mark.parametrize("name", [*HOSTILE, "字" * 200, "#{7*7}" * 33, "W" * 200])
def test_names_are_only_ever_shown(name: str) -> None:
    [text] = texts(made(name=name, unit=name))
    wanted = re.sub(r"\s+", "", name)
    if name in ("😀王", "﷽" * 3):  # no face has these: a box stands there, and the rest is whole
        assert "云汀网络学院" in text
        return
    assert text.count(wanted) >= 2, text
    assert "49" not in text.replace("26.5", "").replace(content.hash_of("x"), "")[: text.index("52.5")]


def test_names_of_courses_in_the_annex_are_only_shown() -> None:
    items = tuple((f"2026-03-{at + 1:02d}", name, "watched", "general", 1000) for at, name in enumerate(HOSTILE[:14]))
    pages = texts(made(items=items))
    assert len(pages) == 2
    for name in HOSTILE[:14]:
        assert re.sub(r"\s+", "", name) in pages[1], name
    assert "附页" in pages[1]
    assert "第2页，共2页" in pages[1]


def test_a_year_of_items_runs_over_pages_with_their_numbers() -> None:
    items = tuple((f"2026-05-{at % 28 + 1:02d}", f"课程 · 第{at}节", "watched", "general", 250) for at in range(400))
    pages = texts(made(items=items))
    assert len(pages) > 8
    assert f"第{len(pages)}页，共{len(pages)}页" in pages[-1]
    assert "第399节" in "".join(pages)
    assert all(f"第{at}页" in text for at, text in enumerate(pages, 1))


@pytest.mark.parametrize("count", [1, 7, 40])
def test_many_subjects_stay_on_one_page(count: int) -> None:
    buckets = tuple((f"科目{at}" * (3 if count > 7 else 1), 1000, 1) for at in range(count))
    [text] = texts(made(buckets=buckets, hours=1000 * count, name="字" * 200, unit="单位" * 60))
    assert "合计" in text
    assert ("其余34类" in text) == (count == 40)


@pytest.mark.parametrize("hours", [1, 333, 4999, 5001, 60000, 999_999, 12_345_678])
def test_amounts_of_every_size(hours: int) -> None:
    [text] = texts(made(hours=hours, buckets=(("general", hours, 1),)))
    assert fixed(hours, paper.decimals_of(dataclasses.replace(SAID, buckets=(("general", hours, 1),)))) in text
    assert paper.ruler_end(hours) * 1000 >= hours


def test_the_code_in_the_picture_is_the_address_of_the_check() -> None:
    address = f"https://academy.example/check/{check_code.shown(CODE)}"
    assert shows_code(made(), address)
    assert not shows_code(made(), address[:-1] + ("0" if address[-1] != "0" else "1"))


def test_without_the_systems_faces_a_rare_sign_is_a_box(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(printing, "MORE_FACES", tmp_path / "none")
    [text] = texts(made(name="𠮷田龘"))
    assert "田龘" in text


@pytest.mark.parametrize(
    "source", ["#{let n = 0\nfor a in range(100000) {for b in range(100000) {n = n + 1}}}", "#range(4000000000).len()"]
)
def test_the_press_is_on_a_leash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str) -> None:
    """Whatever a page would do: it ends soon, and says so in words."""
    (tmp_path / "bad.typ").write_text(source, encoding="utf-8")
    monkeypatch.setattr(printing, "SOURCE", tmp_path / "bad.typ")
    monkeypatch.setattr(printing, "MOST_SECONDS", 2)
    begun = time.monotonic()
    with pytest.raises(printing.Busy, match="PDF"):
        made()
    assert time.monotonic() - begun < 6


def test_the_press_knows_no_secret_and_takes_no_more_than_two(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(printing.BARE) == {"PYTHONPATH", "PATH", "LC_ALL"}
    monkeypatch.setattr(printing, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(printing, "MOST_WAIT", 0.05)
    assert printing._slots.acquire()
    with pytest.raises(printing.Busy):
        made()
    printing._slots.release()
    assert made().startswith(b"%PDF-")


def test_the_rest_goes_on_while_paper_is_made() -> None:
    """Setting pages takes other processes: a thread of ours that wants to run is not kept waiting for long."""
    stop, gaps = threading.Event(), list[float]()

    def tick() -> None:
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.002)
            gaps.append(time.perf_counter() - last)
            last = time.perf_counter()

    watcher = threading.Thread(target=tick)
    watcher.start()
    try:
        made()
    finally:
        stop.set()
        watcher.join()
    assert sorted(gaps)[len(gaps) * 95 // 100] < 0.05


def test_a_learner_takes_the_file(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["learner"])
    client.post(
        "/certificates/new", data={"since": "2026-01-01", "until": "2026-03-02", "language": "en", "annex": "y"}
    )
    with db.reading() as session:
        row = queries.by_code(session, content.read(queries.of_learner(session, 1)[0].content).code)
    assert row is not None
    answers = [client.get(f"/certificates/{check_code.shown(row.code)}.pdf") for _n in range(2)]
    assert answers[0].data == answers[1].data
    head = answers[0].headers
    assert head["Content-Type"] == "application/pdf"
    assert head["Content-Disposition"] == f"attachment; filename=certificate-2026-01-01-2026-03-02-{row.code[:4]}.pdf"
    first, annex = texts(answers[0].data)
    assert "6.0" in first
    assert "Lesson1" in annex


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("云汀网络学院", ["云汀", "网络", "学院"]), ("干部学院", ["干部", "学院"]), ("某院", ["某院"]),
        ("某某网络学院分院", ["某某网", "络学院", "分院印"]), ("Open Academy", ["笃学", "之印"]),
        ("学" * 13, ["笃学", "之印"]),
    ],
)  # fmt: skip
def test_seals_are_filled_as_seals_are(name: str, columns: list[str]) -> None:
    assert ["".join(column) for column in paper.seal_columns(name)] == columns
