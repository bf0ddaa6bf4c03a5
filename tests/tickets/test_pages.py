"""The pages of a ticket, over the real application: who may, what they say, what stays when something is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.classes import service as classes
from app.people import service as people
from app.tickets import service as tickets
from tests import factories
from tests.factories import web
from tests.tickets.place import LENGTH, Place

if TYPE_CHECKING:
    from flask.testing import FlaskClient

WORDS = "手机上看过这一段，没有计"


@pytest.fixture
def watched(place: Place) -> Place:
    place.watch_badly()
    return place


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def write(client: FlaskClient, place: Place, **fields: str) -> str:
    """Send the learner's form; where it leads."""
    at = f"/lessons/{place.lesson}/ticket"
    answer = web.send(client, at, at, **{"text": WORDS, "since": "1:40", "until": "3:20", **fields})
    assert answer.status_code == 302, plain(answer.text)
    found: str = answer.location
    return found


def test_from_the_player_to_granted_time_and_back(watched: Place) -> None:
    learner, teacher = web.browser(watched.app, "l001", "en"), web.browser(watched.app, "head1", "en")
    lesson = f"/lessons/{watched.lesson}"
    assert f'href="{lesson}/ticket"' in learner.get(lesson).text
    text = plain(web.strict(learner.get(f"{lesson}/ticket")))
    assert "1:40–3:20" in text
    assert "No report came from" in text
    mine = write(learner, watched)
    key = mine.rsplit("/", 1)[1]
    assert learner.get(f"{lesson}/ticket").location == mine
    assert "Not answered yet" in plain(web.strict(learner.get(mine)))
    assert "1 ticket waits" in plain(web.strict(teacher.get("/classes/class-1/tickets")))
    assert 'tag-pending num">1<' in teacher.get("/classes/class-1").text
    at = f"/classes/class-1/tickets/{key}"
    page = web.strict(teacher.get(at))
    assert WORDS in page
    assert re.search(r'checked[^>]*value="100000-200000"', page)
    granted = web.send(teacher, at, f"{at}/grant", parts="100000-200000", reason="Seen in class", viewing="")
    assert granted.location == at
    assert "0:00 granted" not in plain(teacher.get(at).text)
    for answer in (learner.get(mine), learner.get("/tickets"), teacher.get(at)):
        assert "Time granted" in plain(web.strict(answer))
    assert "Time granted 1:40 · Seen in class" in plain(learner.get(lesson).text)
    statement = plain(web.strict(learner.get("/statement?open=1")))
    for word in ("Correction: time granted", "Granted by 沈静宜", "Reason Seen in class", "Open the ticket"):
        assert word in statement, word
    staff = teacher.get(f"/statement/{watched.made.learner.key}?open=1").text
    assert f"/tickets/{key}/desk" in staff
    assert teacher.get(f"/tickets/{key}/desk").location == at


def test_a_bad_form_keeps_what_was_written(watched: Place) -> None:
    learner = web.browser(watched.app, "l001", "en")
    at = f"/lessons/{watched.lesson}/ticket"
    for fields, said in (
        ({"text": "x"}, "This has 1 characters; write 5 to 1000."),
        ({"text": ""}, "Say what is wrong"),
        ({"since": "abc"}, "Write minutes and seconds, such as 3:20."),
        ({"until": ""}, "Give both, the beginning and the end."),
        ({"since": "3:20", "until": "1:40"}, "The end must lie after the beginning."),
        ({"since": "6:00", "until": "7:00"}, "The lesson is shorter than that."),
    ):
        given = {"text": WORDS, "since": "1:40", "until": "3:20", **fields}
        page = web.send(learner, at, at, **given)
        assert page.status_code == 422, fields
        assert said in plain(page.text), fields
        assert all(f'value="{given[name]}"' in page.text for name in ("since", "until") if given[name])
        assert given["text"] in page.text


def test_a_decline_an_answer_and_one_more_word(watched: Place) -> None:
    learner, teacher = web.browser(watched.app, "l001", "en"), web.browser(watched.app, "head1", "en")
    mine = write(learner, watched)
    at = f"/classes/class-1/tickets/{mine.rsplit('/', 1)[1]}"
    for nothing, said in (("", "Write the answer."), (" ", "This has 0 characters")):
        empty = web.send(teacher, at, f"{at}/answer", answer=nothing)
        assert (empty.status_code, said in plain(empty.text)) == (422, True), plain(empty.text)
    assert web.send(teacher, at, f"{at}/answer", answer="No report came", declined="1").status_code == 302
    page = web.strict(learner.get(mine))
    assert "No report came" in page
    assert "The time stays as it is" in plain(page)
    again = web.send(learner, mine, f"{mine}/again", text="My phone was empty")
    assert again.location == mine
    late = web.send(teacher, "/account", f"{at}/answer", answer="Then so be it")
    assert late.status_code == 302
    assert 'name="text"' not in learner.get(mine).text
    refused = web.send(learner, "/account", f"{mine}/again", text="And a third time")
    assert refused.status_code == 422


def test_the_second_of_two_tabs_is_told(watched: Place) -> None:
    teacher, admin = web.browser(watched.app, "head1", "en"), web.browser(watched.app, "academy", "en")
    key = write(web.browser(watched.app, "l001", "en"), watched).rsplit("/", 1)[1]
    at = f"/classes/class-1/tickets/{key}"
    token = web.token_in(admin.get(at))
    form = {"parts": "100000-200000", "reason": "Seen"}
    assert web.send(teacher, at, f"{at}/grant", **form).status_code == 302
    late = admin.post(f"{at}/grant", data={"csrf_token": token, **form})
    assert late.status_code == 422
    assert "Somebody was faster" in plain(late.text)
    assert watched.covered()[0] == [(0, LENGTH)]
    watched.proved()


def test_nothing_of_a_colleagues_class_is_told_apart_from_nothing(watched: Place) -> None:
    mine = write(web.browser(watched.app, "l001"), watched)
    key = mine.rsplit("/", 1)[1]
    stranger, fellow = web.browser(watched.app, "head2"), web.browser(watched.app, "l002")
    for url in (
        "/classes/class-1/tickets", f"/classes/class-1/tickets/{key}", f"/classes/class-2/tickets/{key}",
        f"/tickets/{key}/desk", "/tickets/01HZZZZZZZZZZZZZZZZZZZZZZZ/desk",
    ):  # fmt: skip
        assert stranger.get(url).status_code == 404, url
    for verb, fields in (("grant", {"parts": "0-1", "reason": "x"}), ("answer", {"answer": "x"})):
        for code in ("class-1", "class-2"):
            sent = web.send(stranger, "/account", f"/classes/{code}/tickets/{key}/{verb}", **fields)
            assert sent.status_code == 404
    assert fellow.get(mine).status_code == 404
    assert web.send(fellow, "/account", f"{mine}/withdraw").status_code == 404
    assert web.send(fellow, "/account", f"{mine}/again", text=WORDS).status_code == 404
    assert key not in fellow.get("/tickets").text
    assert watched.row(key).state == "open"


def test_a_ticket_outlives_its_learners_class(watched: Place) -> None:
    """Who sees the whole academy finds it, and the way to it; nobody else does."""
    mine = write(web.browser(watched.app, "l001"), watched)
    key, staff = mine.rsplit("/", 1)[1], web.browser(watched.app, "academy", "en")
    assert "/classes/-/tickets" not in staff.get("/classes").text
    assert staff.get(f"/classes/-/tickets/{key}").status_code == 404, "it stands under its class"
    with watched.db.writing() as session:
        classes.leave_class(session, watched.learner, tickets.today(watched.settings), None)
    at = f"/classes/-/tickets/{key}"
    assert staff.get(f"/tickets/{key}/desk").location == at
    listed = web.strict(staff.get("/classes"))
    assert 'href="/classes/-/tickets"' in listed
    assert re.search(r'id="outside".*tag-pending.*>1<', listed, re.DOTALL)
    desk = web.strict(staff.get("/classes/-/tickets"))
    assert f'href="{at}"' in desk
    assert 'href="/classes"' in desk
    assert WORDS in web.strict(staff.get(at))
    for client in (web.browser(watched.app, "head1"), web.browser(watched.app, "head2")):
        for url in ("/classes/-/tickets", at, f"/tickets/{key}/desk", f"/classes/class-1/tickets/{key}"):
            assert client.get(url).status_code == 404, url
        assert "/classes/-/tickets" not in client.get("/classes", follow_redirects=True).text
        sent = web.send(client, "/account", f"{at}/grant", parts="100000-200000", reason="x")
        assert sent.status_code == 404
    granted = web.send(staff, at, f"{at}/grant", parts="100000-200000", reason="Seen in class", viewing="")
    assert granted.location == at
    assert watched.covered()[0] == [(0, LENGTH)]
    watched.proved()


def test_a_head_teacher_who_also_studies_does_not_decide_on_own_time(watched: Place) -> None:
    with watched.db.writing() as session:
        people.grant_role(
            session, watched.learner, "head_teacher", "class", watched.made.group.id, since=factories.SINCE
        )
    both = web.browser(watched.app, "l001", "en")
    key = write(both, watched).rsplit("/", 1)[1]
    at = f"/classes/class-1/tickets/{key}"
    assert "Somebody else has to decide" in plain(web.strict(both.get(at)))
    sent = web.send(both, "/account", f"{at}/grant", parts="100000-200000", reason="Mine")
    assert (sent.status_code, "Somebody else has to decide" in plain(sent.text)) == (422, True)
    assert watched.covered()[0] == [(0, 100_000), (200_000, LENGTH)]


def test_what_a_forger_sends_as_parts_grants_nothing_it_should_not(watched: Place) -> None:
    key = write(web.browser(watched.app, "l001"), watched).rsplit("/", 1)[1]
    teacher = web.browser(watched.app, "head1", "en")
    at = f"/classes/class-1/tickets/{key}"
    for parts in ("", "x-y", "-5-7", "１-２", "5", "9" * 30 + "-" + "9" * 31, "200-100"):
        sent = web.send(teacher, at, f"{at}/grant", parts=parts, reason="Seen", viewing="9" * 19)
        assert sent.status_code == 422, parts
    for viewing in (str(2**63), "9" * 19, "9" * 40, "٣", "-1"):  # no database holds these numbers
        sent = web.send(teacher, at, f"{at}/grant", parts="0-1000", reason="Seen", viewing=viewing)
        assert (sent.status_code, "All of this counts already" in plain(sent.text)) == (422, True), viewing
    assert watched.covered()[0] == [(0, 100_000), (200_000, LENGTH)]
    assert watched.row(key).state == "open"


def test_words_are_shown_and_never_run(watched: Place) -> None:
    learner = web.browser(watched.app, "l001")
    mine = write(learner, watched, text="<script>alert(1)</script> & 没有计")
    for page in (learner.get(mine), learner.get("/tickets"), learner.get(f"/lessons/{watched.lesson}")):
        assert "<script>alert" not in page.text


def test_the_pages_ask_as_little_for_many_as_for_few(watched: Place) -> None:
    learner, teacher = web.browser(watched.app, "l001"), web.browser(watched.app, "head1")
    write(learner, watched)
    counts = []
    for _round in range(2):
        for client, url in ((learner, "/tickets"), (teacher, "/classes/class-1/tickets")):
            with web.statements(watched.db) as seen:
                assert client.get(url).status_code == 200
            counts.append(len(seen))
        for _each in range(6):
            key = watched.row(learner.get(f"/lessons/{watched.lesson}/ticket").location.rsplit("/", 1)[1]).key
            web.send(learner, f"/tickets/{key}", f"/tickets/{key}/withdraw")
            write(learner, watched)
    assert counts[:2] == counts[2:]
