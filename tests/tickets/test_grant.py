"""From what a learner says to granted time: coverage, trace, evidence, ledger, on both databases."""

from __future__ import annotations

import json
import threading
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from app.base.audit import AuditEntry
from app.base.errors import BadInput, Forbidden, NotFound, Refused
from app.courses import queries as courses
from app.courses.models import Course, Lesson
from app.credits.models import Evidence, LedgerTransaction
from app.rules.viewing import timeline
from app.tickets import attachment, queries, service
from app.tickets.models import Ticket
from app.tickets.queries import TicketRow
from tests.tickets.place import LENGTH, MARK, Place

GAP = (100_000, 200_000)


def grant(place: Place, ticket: TicketRow, *parts: tuple[int, int], reason: str = "设备故障，学员当场说明") -> Any:
    with place.db.writing() as session:
        return service.grant(session, place.settings, place.teacher, ticket, parts, reason)


def evidence(place: Place) -> dict[str, Evidence]:
    with place.db.reading() as session:
        return {row.key: row for row in session.scalars(select(Evidence).where(Evidence.kind != "standing"))}


def test_granted_time_counts_is_credited_and_says_who_and_why(place: Place) -> None:
    place.watch_badly()
    assert place.covered()[0] == [(0, 100_000), (200_000, LENGTH)]
    assert evidence(place) == {}
    ticket = place.ticket(GAP)
    given = grant(place, ticket, GAP)
    assert given.pieces == (GAP,)
    assert given.countable > 0
    assert place.covered() == ([(0, LENGTH)], [])
    place.proved()
    rows = evidence(place)
    assert set(rows) == {f"correction:{ticket.key}", f"watched:{place.version}:{MARK}"}
    correction, watched = rows[f"correction:{ticket.key}"], rows[f"watched:{place.version}:{MARK}"]
    assert (correction.kind, watched.kind) == ("correction", "watched")
    for row in rows.values():
        assert row.recorded_by == f"ticket:{ticket.key}"
        facts = json.loads(row.facts)
        assert facts["reason"] == "设备故障，学员当场说明"
        assert facts["granted_by"] == place.made.teacher.key
        assert row.happened_at < row.known_at
    assert json.loads(correction.facts)["parts_ms"] == [list(GAP)]
    with place.db.reading() as session:
        assert session.scalars(select(LedgerTransaction.evidence_key)).all() == [watched.key]
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.grant")).one()
        assert noted.actor_id == place.teacher
        assert json.loads(noted.detail)["parts_ms"] == [list(GAP)]
    after = place.row(ticket.key)
    assert (after.state, after.granted, after.credited) == ("granted", (GAP,), given.countable)
    assert (after.last.answer, after.last.answered_by) == ("设备故障，学员当场说明", "沈静宜")


def test_the_learner_goes_on_after_a_grant_and_nothing_is_credited_twice(place: Place) -> None:
    place.watch_badly()
    grant(place, place.ticket(), (100_000, 150_000))
    place.open()
    place.play((150_000, 200_000), after_ms=60_000)
    place.open()
    assert place.covered()[0] == [(0, LENGTH)]
    place.proved()
    with place.db.reading() as session:
        assert len(session.scalars(select(LedgerTransaction)).all()) == 1


def test_too_little_for_credit_is_still_a_correction_in_the_books(place: Place) -> None:
    place.watch_badly()
    given = grant(place, place.ticket(), (100_000, 120_000))
    assert given.countable == 0
    assert [row.kind for row in evidence(place).values()] == ["correction"]
    place.proved()
    with place.db.writing() as session:
        key, fresh = service.open_ticket(session, place.settings, place.learner, place.lesson, "还差一段没有计", None)
    assert fresh
    assert grant(place, place.row(key), GAP).countable > 0
    place.proved()


def test_pending_time_can_be_granted(place: Place) -> None:
    place.open()
    place.play((0, 300_000), after_ms=300_000)  # at single speed, far beyond what counts without a report
    counted, pending = place.covered()
    assert pending == [(240_000, 300_000)]
    given = grant(place, place.ticket((230_000, 290_000)), (230_000, 290_000))
    assert given.pieces == ((240_000, 290_000),)
    assert place.covered() == ([(0, 290_000)], [(290_000, 300_000)])
    place.proved()
    assert counted == [(0, 240_000)]


def test_a_grant_is_cut_to_the_lesson_and_to_what_is_missing(place: Place) -> None:
    place.watch_badly()
    ticket = place.ticket()
    given = grant(place, ticket, (90_000, 150_000), (140_000, 999_999_999))
    assert given.pieces == (GAP,)
    place.proved()


@pytest.mark.parametrize(
    ("parts", "reason", "error", "field"),
    [
        ((), "因为", BadInput, "parts"),
        ((GAP,), "  ", BadInput, "reason"),
        ((GAP,), "长" * 1001, BadInput, "reason"),
        (((5000, 5000),), "因为", BadInput, "until"),
        (tuple((n, n + 1) for n in range(100_000, 100_303, 3)), "因为", BadInput, "parts"),
        (((0, 90_000),), "因为", Refused, None),  # counts already
    ],
)
def test_what_cannot_be_granted_changes_nothing(
    place: Place, parts: tuple[tuple[int, int], ...], reason: str, error: type[Refused], field: str | None
) -> None:
    place.watch_badly()
    ticket, before = place.ticket(), place.covered()
    with pytest.raises(error) as refused:
        grant(place, ticket, *parts, reason=reason)
    assert refused.value.field == field
    assert place.covered() == before
    assert place.row(ticket.key).state == "open"
    assert evidence(place) == {}


def test_nobody_grants_or_answers_about_own_time(place: Place) -> None:
    place.watch_badly()
    ticket = place.ticket()
    with place.db.writing() as session, pytest.raises(Forbidden):
        service.grant(session, place.settings, place.learner, ticket, [GAP], "自己")
    with place.db.writing() as session, pytest.raises(Forbidden):
        service.answer(session, place.learner, ticket, "自己", declined=False)
    assert place.row(ticket.key).state == "open"


def test_without_any_viewing_there_is_nothing_that_the_time_could_belong_to(place: Place) -> None:
    ticket = place.ticket()
    with pytest.raises(Refused, match=r"player|播放"):
        grant(place, ticket, GAP)
    assert place.row(ticket.key).state == "open"


def test_of_two_who_grant_at_once_one_does_and_the_other_is_told(place: Place) -> None:
    place.watch_badly()
    ticket, told = place.ticket(), []
    ready = threading.Barrier(2)

    def act(actor: int, part: tuple[int, int]) -> None:
        ready.wait()
        try:
            with place.db.writing() as session:
                service.grant(session, place.settings, actor, ticket, [part], "同时")
            told.append("done")
        except Refused as refused:
            told.append(refused.text)

    people = [place.teacher, place.made.admin.id]
    threads = [
        threading.Thread(target=act, args=(who, part))
        for who, part in zip(people, (GAP, (100_000, 110_000)), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told, key=lambda each: each != "done")[0] == "done"
    assert len(told) == 2
    assert told.count("done") == 1
    place.proved()
    assert len([row for row in evidence(place).values() if row.kind == "correction"]) == 1


def test_beats_and_a_grant_at_once_lose_nothing(place: Place) -> None:
    place.watch_badly()
    ticket = place.ticket()
    thread = threading.Thread(target=lambda: grant(place, ticket, (100_000, 150_000)))
    thread.start()
    place.play((150_000, 200_000), after_ms=60_000)
    thread.join(30)
    assert place.covered()[0] == [(0, LENGTH)]
    place.proved()


def test_a_form_sent_twice_makes_one_ticket(place: Place) -> None:
    place.watch_badly()
    first, told = place.ticket(), []

    def send() -> None:
        with place.db.writing() as session:
            told.append(service.open_ticket(session, place.settings, place.learner, place.lesson, "第二次点击", None))

    threads = [threading.Thread(target=send) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert told == [(first.key, False)] * 4
    with place.db.reading() as session:
        assert len(session.scalars(select(Ticket)).all()) == 1


def test_the_trace_is_frozen_when_the_learner_writes(place: Place) -> None:
    place.watch_badly()
    ticket = place.ticket()
    place.play((100_000, 150_000), after_ms=60_000)
    with place.db.reading() as session:
        then = attachment.story(attachment.unpack(queries.attached(session, ticket, 1)))
    assert then.counted == [(0, 100_000), (200_000, LENGTH)]
    assert [(gap.start, gap.end, gap.why) for gap in then.gaps] == [(100_000, 200_000, timeline.SILENT)]
    assert len(then.viewings[0].beats) == 4


def told(place: Place) -> list[tuple[int, int, str]]:
    """Why what is missing is missing, as the newest ticket says."""
    with place.db.reading() as session:
        found = queries.mine(session, place.learner)[0]
        story = attachment.story(attachment.unpack(queries.attached(session, found, 1)))
    return [(gap.start, gap.end, gap.why) for gap in story.gaps]


def test_a_course_made_slower_makes_nobody_a_cheat(place: Place) -> None:
    """The speed is the one that the viewing was opened with, not the course's of today."""
    place.open()
    place.play((0, 100_000), after_ms=60_000)  # less than twice as fast, as the course allowed then
    with place.db.writing() as session:
        session.execute(update(Course).values(max_rate_m=1000))
    place.ticket()
    assert told(place) == [(100_000, LENGTH, timeline.STILL_OPEN)]


def test_reading_faster_than_time_is_called_that(place: Place) -> None:
    """What is read is read at the pace of the clock, whatever speed its course allows for films."""
    with place.db.writing() as session:
        session.execute(update(Lesson).where(Lesson.id == place.lesson).values(kind="document"))
    place.open()
    place.play((0, 60_000), after_ms=30_000)
    [(start, end)] = place.covered()[0]
    assert start == 0
    assert 30_000 <= end < 40_000  # the clock went on while the beat was sent
    place.ticket()
    assert told(place) == [(end, LENGTH, timeline.FASTER)]


def test_an_attachment_of_before_is_told_as_before(place: Place) -> None:
    """Those that carry no speed of their own are read with the course's."""
    place.watch_badly()
    with place.db.reading() as session:
        material = courses.open_material(session, place.lesson)
        assert material is not None
        frozen = attachment.freeze(session, place.learner, material, place.settings.beat_seconds)
    raw = msgspec.msgpack.decode(attachment.pack(frozen))
    for seen in raw[6]:
        del seen["rate_m"]
    old = attachment.unpack(msgspec.msgpack.encode(raw))
    assert [seen.rate_m for seen in frozen.viewings] == [2000]
    assert [seen.rate_m for seen in old.viewings] == [0]
    assert attachment.story(old) == attachment.story(frozen)


def test_an_answer_and_one_more_word_and_then_no_more(place: Place) -> None:
    place.watch_badly()
    ticket = place.ticket()
    with place.db.writing() as session:
        service.answer(session, place.teacher, ticket, "这段没有收到任何汇报", declined=True)
    assert place.row(ticket.key).state == "declined"
    with pytest.raises(Refused), place.db.writing() as session:
        service.answer(session, place.made.admin.id, ticket, "晚了", declined=False)
    with place.db.writing() as session:
        service.write_again(session, place.settings, place.learner, ticket.key, "手机没电，换了电脑")
    again = place.row(ticket.key)
    assert (again.state, len(again.rounds), again.rounds[0].answer) == ("open", 2, "这段没有收到任何汇报")
    with place.db.writing() as session:
        service.answer(session, place.teacher, again, "还是不行", declined=False)
    with pytest.raises(Refused), place.db.writing() as session:
        service.write_again(session, place.settings, place.learner, ticket.key, "第三次")
    assert [each.outcome for each in place.row(ticket.key).rounds] == ["declined", "answered"]


def test_a_withdrawn_ticket_can_be_neither_answered_nor_granted(place: Place) -> None:
    place.watch_badly()
    ticket = place.ticket()
    with place.db.writing() as session:
        service.withdraw(session, place.learner, ticket.key)
    with pytest.raises(Refused):
        grant(place, ticket, GAP)
    with pytest.raises(Refused), place.db.writing() as session:
        service.withdraw(session, place.learner, ticket.key)
    assert evidence(place) == {}
    assert place.ticket().key != ticket.key


@pytest.mark.parametrize(
    ("words", "part", "field"),
    [
        ("短", None, "text"),
        ("长" * 1001, None, "text"),
        ("够长的一句话", (9000, 9000), "until"),
        ("够长的一句话", (LENGTH, LENGTH + 1), "since"),
    ],
)
def test_a_ticket_says_what_is_wrong_with_it(
    place: Place, words: str, part: tuple[int, int] | None, field: str
) -> None:
    place.watch_badly()
    with place.db.writing() as session, pytest.raises(BadInput) as refused:
        service.open_ticket(session, place.settings, place.learner, place.lesson, words, part)
    assert refused.value.field == field


def test_a_lesson_that_was_never_theirs_is_not_told_apart_from_none(place: Place) -> None:
    outsider = place.made.other_teacher.id
    for lesson in (place.lesson, 999):
        with place.db.writing() as session, pytest.raises(NotFound):
            service.open_ticket(session, place.settings, outsider, lesson, "够长的一句话", None)


def test_a_learner_cannot_write_without_end(place: Place) -> None:
    place.watch_badly()
    for _each in range(service.MOST_A_DAY):
        ticket = place.ticket()
        with place.db.writing() as session:
            service.withdraw(session, place.learner, ticket.key)
    with place.db.writing() as session, pytest.raises(Refused) as refused:
        service.open_ticket(session, place.settings, place.learner, place.lesson, "再来写一次", None)
    assert refused.value.status == 429
