"""The learner is told when a ticket is answered, declined or granted; in the same transaction."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from app.base.numbers import hours
from app.notices import queries as notices
from app.tickets import service
from tests.factories import web
from tests.tickets.place import Place

GAP = (100_000, 200_000)


def told(client: FlaskClient) -> list[tuple[str, str]]:
    """(sentence, who) of every unread message, the newest first."""
    html = web.strict(client.get("/messages?show=unread"))
    found = re.findall(r'(?s)Unread: </span>(.*?)</button></p>\s*<p class="meta">(.*?)</p>', html)
    return [(text, source) for text, source in found]


def test_what_is_granted_is_told_with_its_hours(place: Place) -> None:
    place.watch_badly()
    learner = web.browser(place.app, "l001", "en")
    ticket = place.ticket(GAP)
    assert told(learner) == []
    with place.db.writing() as session:
        given = service.grant(session, place.settings, place.teacher, ticket, [GAP], "设备故障")
    assert given.countable > 0
    sentence = f"1:40 of “Lesson 1” granted to you; {hours(given.countable)} hours were credited."
    assert told(learner) == [(sentence, "沈静宜")]
    with place.db.reading() as session:
        (row,) = notices.latest(session, place.learner, 5)
        assert notices.counts(session, place.teacher).unread == 0
    assert web.send(learner, "/messages", f"/messages/{row.id}/open").location == f"/tickets/{ticket.key}"
    assert told(learner) == []


def test_an_answer_and_a_refusal(place: Place) -> None:
    place.watch_badly()
    learner = web.browser(place.app, "l001", "en")
    for declined in (False, True):
        ticket = place.ticket(GAP)
        with place.db.writing() as session:
            service.answer(session, place.teacher, ticket, "那段时间没有收到上报", declined=declined)
    assert told(learner) == [
        ("Your ticket about “Lesson 1” is answered: the time stays as it is.", "沈静宜"),
        ("Your ticket about “Lesson 1” is answered.", "沈静宜"),
    ]


def test_a_grant_that_gives_nothing_yet_says_so(place: Place) -> None:
    place.open()
    place.play((0, 50_000), after_ms=60_000)
    ticket = place.ticket(GAP)
    with place.db.writing() as session:
        given = service.grant(session, place.settings, place.teacher, ticket, [GAP], "设备故障")
    assert given.countable == 0
    said = told(web.browser(place.app, "l001", "en"))
    assert said == [("1:40 of “Lesson 1” granted to you. It is not enough for credit yet.", "沈静宜")]
