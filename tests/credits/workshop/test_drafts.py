"""Drafts as pages: begun, changed in the form and in the text, mended, undone; nothing typed is lost."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.base.audit import AuditEntry
from app.rules.credit.document import LARGEST
from tests.credits.browsing import main_of, page, plain
from tests.credits.samples import RULES
from tests.credits.workshop.conftest import House

BASE = RULES.replace("version = 1", "version = 2").replace("effective = 2026-01-01", "effective = 2026-04-01")


def test_a_draft_begins_with_the_newest_version_under_the_next_number(house: House) -> None:
    client = house.enter("reviewer")
    assert "No drafts." in plain(page(client, "/rules"))
    draft_id = house.begin(client)
    row = house.draft(draft_id)
    assert (row.text, row.revision, row.state, row.created_by) == (BASE, 1, "draft", "reviewer者")
    read = plain(main_of(page(client, f"/rules/drafts/{draft_id}")))
    for words in ("New caps", "from July", "No mistakes found.", "At most 8 hours a day", "Kind: Lesson watched",
                  "Begun with version 1.", "No clause differs from version 1."):  # fmt: skip
        assert words in read, words
    assert "New caps" in plain(page(client, "/rules"))
    assert client.post("/rules/drafts/new", data={"title": " ", "base": "1"}).status_code == 422
    assert client.post("/rules/drafts/new", data={"title": "x", "base": "7"}).status_code == 422


def test_what_nobody_touched_is_not_saved(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    assert house.send(client, draft_id).status_code == 302
    assert (house.draft(draft_id).text, house.draft(draft_id).revision) == (BASE, 1)


def test_a_field_of_the_form_changes_its_part_of_the_text(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    answer = house.send(client, draft_id, "save:row-cap-0", **{"f|cap|0|limit": "6", "f|cap|0|text:en": "Six"})
    assert answer.location.endswith(f"/rules/drafts/{draft_id}?open=row-cap-0#row-cap-0")
    row = house.draft(draft_id)
    assert row.text == BASE.replace("limit = 8", "limit = 6").replace('"At most 8 hours a day"', '"Six"')
    assert (row.revision, row.changed_by) == (2, "reviewer者")
    html = page(client, answer.location.split("#")[0])
    assert re.search(r'<details class="clause" id="row-cap-0" open', html)
    assert "limit = 6" in plain(html[html.index('id="publishing"') :])
    with house.db.reading() as session:
        actions = list(session.scalars(select(AuditEntry.action).where(AuditEntry.subject == f"rule_draft:{draft_id}")))
    assert actions == ["rules.draft.begin", "rules.draft.save"]


def test_rows_are_added_copied_moved_and_removed(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    for do, place in (
        ("add:cap", "row-cap-1"), ("add:carry", "row-carry-0"), ("copy:cap:0", "row-cap-1"),
        ("up:test:1", "row-test-0"), ("down:cap:0", "row-cap-1"),
    ):  # fmt: skip
        answer = house.send(client, draft_id, do)
        assert answer.status_code == 302, plain(main_of(answer.text))
        assert answer.location.endswith(f"#{place}")
    text = house.draft(draft_id).text
    assert re.findall(r'\[\[cap\]\]\nid = "(.+)"', text) == ["day-2", "day", "cap"]
    assert re.findall(r'\[\[test\]\]\nid = "(.+)"', text) == ["general", "total"]
    assert text.startswith("# 笃学的样例规则\n")
    for _each in range(3):
        assert house.send(client, draft_id, "remove:cap:0").status_code == 302
    assert "[[cap]]" not in house.draft(draft_id).text
    for do in ("remove:cap:0", "up:test:0", "add:nothing", "copy:test:x", "burn:test:0", "up:ruleset:0"):
        answer = house.send(client, draft_id, do, **{"f|test|0|at_least": "77"})
        assert answer.status_code == 422, do
        assert 'value="77"' in answer.text


def test_a_button_keeps_what_was_typed_elsewhere(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.send(client, draft_id, "add:cap", **{"f|test|0|at_least": "40"})
    assert "at_least = 40" in house.draft(draft_id).text
    assert '[[cap]]\nid = "cap"\n' in house.draft(draft_id).text


def test_every_mistake_is_listed_with_its_line_and_shown_in_its_row(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    text = BASE.replace("limit = 8", "limit = 8.5").replace("version = 2", "version = 7").replace("45分钟为1学时", "")
    assert house.write(client, draft_id, text).status_code == 302
    assert house.draft(draft_id).text == text
    html = page(client, f"/rules/drafts/{draft_id}")
    lines = [int(line) for line in re.findall(r'<a class="num" href="#L(\d+)"', html)]
    written = text.split("\n")
    assert [written[line - 1][:12] for line in lines] == ["text = {zh =", "limit = 8.5"]
    assert re.search(rf'<a id="L{lines[1]}" class="is-wrong" href="#row-cap-0">', html)
    assert '<details class="clause" id="row-cap-0" open' in html
    assert "a float is not exact" in plain(html[html.index('id="row-cap-0"') :])
    assert "Mend the mistakes first." in plain(html)
    # What only keeps it from being published is listed once the language is right.
    house.write(client, draft_id, BASE.replace("version = 2", "version = 7").replace("2026-04-01", "2026-03-02"))
    read = plain(page(client, f"/rules/drafts/{draft_id}"))
    assert "The next version is 2." in read
    assert "write a day after 2026-03-02" in read


def test_a_text_that_is_no_toml_is_kept_and_the_form_waits(house: House) -> None:
    client = house.enter("reviewer", "zh_Hans_CN")
    draft_id = house.begin(client)
    assert house.write(client, draft_id, "[ruleset\r\nid = 1").status_code == 302
    assert house.draft(draft_id).text == "[ruleset\nid = 1"
    html = page(client, f"/rules/drafts/{draft_id}")
    assert "不是TOML：表名后面缺“]”" in plain(html)
    assert 'href="#L1"' in html
    assert "f|cap" not in html
    assert house.write(client, draft_id, BASE).status_code == 302
    assert "f|cap|0|limit" in page(client, f"/rules/drafts/{draft_id}")


def test_a_stale_save_shows_both_texts_and_loses_nothing(house: House) -> None:
    first, second = house.enter("reviewer"), house.enter("admin")
    draft_id = house.begin(first)
    mine = BASE.replace("limit = 8", "limit = 3")
    old = {"revision": "1", "base": BASE, "text": mine, "do": "save"}
    assert house.send(second, draft_id, **{"f|cap|0|limit": "6"}).status_code == 302
    answer = first.post(f"/rules/drafts/{draft_id}", data=old)
    assert answer.status_code == 409
    read = plain(answer.text)
    assert "limit = 3" in read
    assert "limit = 6" in read
    assert "蒋和 saved at" in read
    assert house.draft(draft_id).text == BASE.replace("limit = 8", "limit = 6")
    # In the form as well, and a row that was typed there.
    again = first.post(f"/rules/drafts/{draft_id}", data={**old, "text": BASE, "f|test|0|at_least": "41"})
    assert again.status_code == 409
    assert "at_least = 41" in again.text
    assert first.post(f"/rules/drafts/{draft_id}", data={**old, "revision": "2", "base": mine}).status_code == 302
    assert house.draft(draft_id).text == mine
    assert house.draft(draft_id).revision == 3


def test_form_and_text_that_contradict_are_both_shown(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    text = BASE.replace("limit = 8", "limit = 7")
    answer = house.send(client, draft_id, text=text, **{"f|cap|0|limit": "6"})
    assert answer.status_code == 422
    assert "[cap] day limit" in plain(answer.text)
    assert "limit = 7" in answer.text
    assert re.search(r'name="f\|cap\|0\|limit" value="6"', answer.text)
    assert house.draft(draft_id).revision == 1


def test_the_last_change_is_undone_and_redone(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    assert client.post(f"/rules/drafts/{draft_id}/undo", data={"revision": "1"}).status_code == 409
    house.send(client, draft_id, "remove:cap:0")
    changed = house.draft(draft_id).text
    for revision, text in (("2", BASE), ("3", changed)):
        assert client.post(f"/rules/drafts/{draft_id}/undo", data={"revision": revision}).status_code == 302
        assert house.draft(draft_id).text == text


def test_title_and_note_are_changed(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    sent = {"title": "Other caps", "note": "<b>why</b>", "revision": "1"}
    assert client.post(f"/rules/drafts/{draft_id}/about", data=sent).status_code == 302
    assert "&lt;b&gt;why&lt;/b&gt;" in page(client, f"/rules/drafts/{draft_id}")
    assert (
        client.post(f"/rules/drafts/{draft_id}/about", data={**sent, "revision": "2", "title": ""}).status_code == 422
    )
    assert client.post(f"/rules/drafts/{draft_id}/about", data=sent).status_code == 409


@pytest.mark.parametrize(
    "sent",
    [{}, {"revision": "1"}, {"revision": "x", "base": "", "text": ""}, {"revision": "٣", "base": "", "text": ""}],
)
def test_a_form_that_is_not_whole_changes_nothing(house: House, sent: dict[str, str]) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    assert client.post(f"/rules/drafts/{draft_id}", data=sent).status_code == 409
    assert house.draft(draft_id).text == BASE


def test_hostile_texts_are_kept_shown_and_refused(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    for text in (
        BASE + '\n[[cap]]\nid = "<script>alert(1)</script>"\nlimit = 1\nper = "day"\n',
        "a" + ".a" * 400 + " = 1", "x = " + "[" * 3000 + "]" * 3000, '"' * 7, BASE + "\n" * 5000, "\ufeff[x]",
        '[[cap]]\nid = ["a"]\ntext = 3\nwhen = "x"\nlimit = {}\n[ruleset]\ntitle = 4\nid = 1\n',
        "convert = 3\nperiod = 4\n[[ruleset]]\n", "[[cap]]\n" * 3_000, "\n".join(f"[a{n}]" for n in range(3_000)),
        "[[cap]]\n" + "\n".join(f"a{n} = {n}" for n in range(6000)),
    ):  # fmt: skip
        assert house.write(client, draft_id, text).status_code == 302, text[:40]
        assert house.draft(draft_id).text == text.removeprefix("\ufeff")
        html = page(client, f"/rules/drafts/{draft_id}")
        assert "<script>alert" not in html
        assert len(html) < 3_000_000
        assert house.send(client, draft_id).status_code == 302  # what is shown can be sent back
        page(client, f"/rules/compare?before=v1&after=d{draft_id}")
        assert house.draft(draft_id).text == text.removeprefix("\ufeff")
    answer = house.write(client, draft_id, "a" * (LARGEST + 1))
    assert answer.status_code == 422
    assert "a" * 200 in answer.text


def test_versions_and_drafts_are_compared(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.write(
        client, draft_id, BASE.replace("limit = 8", "limit = 6").replace("first = 2024", "first = 2024\ncycle = 3")
    )
    read = plain(main_of(page(client, "/rules/compare")))
    for words in ("[period] cycle = 3", "limit = 6", "Before:", "limit = 8", "+ new"):
        assert words in read, words
    assert "Not a sign differs." in page(client, "/rules/compare?before=v1&after=v1")
    house.write(client, draft_id, "[x")
    assert "cannot be read as TOML" in page(client, f"/rules/compare?before=v1&after=d{draft_id}")
    for bad in ("before=v9&after=v1", "before=d9&after=v1", "before=x&after=v1", "before=v1&after=d"):
        page(client, f"/rules/compare?{bad}", 404)


def test_drafts_are_for_those_who_may(house: House) -> None:
    draft_id = house.begin(house.enter("reviewer"))
    for role in ("learner", "teacher", "editor"):
        client = house.enter(role)
        for url in ("/rules", "/rules/compare", "/rules/drafts/new", f"/rules/drafts/{draft_id}"):
            page(client, url, 403)
        assert client.post(f"/rules/drafts/{draft_id}", data={}).status_code == 403
    page(house.enter("reviewer"), "/rules/drafts/99", 404)


DEEP = "[" * 500 + "]" * 500
HOSTILE = (
    f"a = {DEEP}", "a = [[[1]]]\n", f"{'.'.join('a' * 40_000)} = 1", "[[cap]\n", "cap = 5\n", "cap = [1, {id = 2}]\n",
    "[[cap]]\nlimit = 1\n", "[[cap]]\nid = [1]\n", f"[[cap]]\nlimit = {'9' * 5000}\n",
    f"[[cap]]\nlimit = 0x{'f' * 9000}\n", "[cap]\nid = 1\n", "ruleset = 5\nperiod = [1]\n",
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_whatever_stands_in_a_text_each_button_answers(house: House, number: int) -> None:
    client = house.enter("reviewer")
    draft_id, text = house.begin(client), HOSTILE[number]
    at = f"/rules/drafts/{draft_id}"
    for do in ("add:cap", "add:period", "copy:cap:0", "remove:cap:0", "down:cap:0"):
        sent = {"revision": str(house.draft(draft_id).revision), "base": text, "text": text, "do": do}
        assert client.post(at, data=sent).status_code in (302, 422), do
    sent = {"revision": str(house.draft(draft_id).revision), "base": text, "text": text, "do": "save"}
    assert client.post(at, data=sent).status_code == 302
    assert house.draft(draft_id).text == text
    assert "<main" in page(client, at)
    assert "<main" in page(client, f"/rules/compare?before=v1&after=d{draft_id}")
    assert house.propose(client, draft_id).status_code == 422


def test_a_mark_at_the_beginning_of_a_pasted_file_is_dropped(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    assert house.write(client, draft_id, f"\ufeff{BASE}# x\n").status_code == 302
    assert house.draft(draft_id).text == f"{BASE}# x\n"
    assert "No mistakes found." in plain(page(client, f"/rules/drafts/{draft_id}"))


def test_a_row_without_an_id_is_copied_under_one(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.write(client, draft_id, "[[cap]]\nlimit = 1 # one\n")
    assert house.send(client, draft_id, do="copy:cap:0").status_code == 302
    assert house.draft(draft_id).text == '[[cap]]\nlimit = 1 # one\n\n[[cap]]\nlimit = 1 # one\nid = "cap"\n'
