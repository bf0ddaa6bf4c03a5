"""Presence checks over real databases and the real beat path: asked, answered, failed, confirmed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select, update

from app.base import clock
from app.base.errors import BadInput
from app.courses import queries as courses
from app.courses.models import Course, MediaVersion
from app.courses.queries import Material
from app.credits import rulebook
from app.credits.models import Evidence
from app.questions import service as questions
from app.questions.models import Question
from app.rules.viewing.trace import replay
from app.viewing import held, presence, signals, traces
from app.viewing.beats import Beats
from app.viewing.models import Coverage, PresenceAnswer, Signal, Viewing
from app.viewing.presence import Waits
from app.wiring import make_beats
from tests.viewing.academy import LENGTH, RULES, Academy

DAY = 86_400_000


@dataclass
class Watching:
    """A learner with an open viewing whose allowances are as if it had been open for an hour."""

    academy: Academy
    beats: Beats
    lease: str = ""
    seq: int = 0

    def open(self, seconds: int = 3600) -> None:
        self.lease = self.academy.open().lease
        with self.academy.db.writing() as session:
            session.execute(update(Viewing).where(Viewing.ended_ms.is_(None)).values(
                opened_ms=Viewing.opened_ms - seconds * 1000, clock_ms=Viewing.clock_ms - seconds * 1000,
            ))  # fmt: skip

    def play(self, *ranges: tuple[int, int]) -> dict[str, object]:
        self.seq += 1
        body = {"lease": self.lease, "seq": self.seq, "ranges": [list(each) for each in ranges]}
        status, answer = self.beats.handle(json.dumps(body).encode())
        assert status == 200, answer
        found: dict[str, object] = json.loads(answer)
        return found

    def waits(self) -> list[Waits]:
        with self.academy.db.reading() as session:
            return presence.waits(session, self.academy.settings, self.academy.learner, self._material(session))

    def answer(self, right: bool = True, at: int = 0) -> presence.Outcome:
        shown = self.waits()[at]
        chosen: list[str] = []
        if shown.question is not None:
            wanted = {"对的": right, "错的": not right, "也错": False}
            chosen = [choice.key for choice in shown.question.choices if wanted[choice.text.rstrip("0123456789")]]
        return self.send(shown.check, str(shown.question.id) if shown.question else "", chosen)

    def send(self, check: str, question: str, chosen: list[str], asked: str = "") -> presence.Outcome:
        with self.academy.db.writing() as session:
            return presence.answer(
                session, self.academy.settings, self.academy.learner, self._material(session), check, question, chosen,
                asked,
            )  # fmt: skip

    def _material(self, session: object) -> Material:
        found = courses.open_material(session, self.academy.lesson)  # type: ignore[arg-type]
        assert found is not None
        return found

    def state(self) -> tuple[int, int]:
        """(counted, pending) ms, after a look that the traces replay the row."""
        with self.academy.db.reading() as session:
            row = session.scalars(select(Coverage)).one()
            told = replay(traces.trace_of(session, each) for each in session.scalars(select(Viewing)))
            assert told.spans == held.state_of(row).spans
            return row.counted_ms, row.pending_ms


def policy(academy: Academy, minutes: int, count: int = 0) -> None:
    """A check every so many minutes, and so many questions in the bank."""
    with academy.db.writing() as session:
        session.execute(update(Course).values(check_minutes=minutes))
        for number in range(count):
            options = [{"text": f"错的{number}", "right": False}, {"text": f"对的{number}", "right": True},
                       {"text": "也错", "right": False}]  # fmt: skip
            session.add(
                Question(
                    course_id=academy.course, lesson_id=None, kind="single", text=f"第{number}问？",
                    options=json.dumps(options), explanation=f"讲解{number}", digest=f"{number}",
                    created_at=clock.now(),
                )
            )  # fmt: skip


@pytest.fixture
def watching(academy: Academy) -> Iterator[Watching]:
    made = Watching(academy, make_beats(academy.settings, academy.db))
    yield made
    made.beats.writer._drop()


def whole(watching: Watching) -> int:
    """Play the lesson to its end at once; where the first check stood."""
    watching.open()
    watching.play((0, 200_000))
    watching.play((200_000, LENGTH))
    return watching.state()[0]


def test_what_follows_a_check_counts_when_it_is_answered(watching: Watching) -> None:
    policy(watching.academy, 10, count=4)  # one check in six minutes
    watching.open()
    watching.play((0, 100_000))
    watching.open()
    watching.play((100_000, 220_000))
    watching.open()
    watching.play((220_000, 340_000))
    watching.open()
    told = watching.play((340_000, LENGTH))
    assert "checks" not in json.dumps(told), "no place is ever told"
    counted, pending = watching.state()
    assert counted + pending == LENGTH
    assert pending > 0
    (shown,) = watching.waits()
    assert shown.question is not None
    assert shown.ranges == ((counted, LENGTH),)
    done = watching.answer()
    before_the_mark = counted < 324_000  # a check stands where chance puts it: nine tenths may count by then
    assert (done.result, done.ranges, done.credited) == ("counted", ((counted, LENGTH),), before_the_mark)
    assert done.explanation.startswith("讲解")
    assert watching.state() == (LENGTH, 0)
    assert watching.waits() == []
    assert watching.academy.credit() > 0


def test_a_wrong_answer_brings_another_question_and_the_third_lets_the_stretch_lapse(watching: Watching) -> None:
    policy(watching.academy, 10, count=5)
    counted = whole(watching)
    asked = []
    for number in (1, 2, 3):
        (shown,) = (each for each in watching.waits() if each.check != "away")
        assert shown.question is not None
        assert (shown.attempt, shown.left) == (number, 4 - number)
        asked.append(shown.question.id)
        at = watching.waits().index(shown)
        assert watching.answer(right=False, at=at).result == ("lapsed" if number == 3 else "wrong")
    assert len(set(asked)) == 3
    assert all(each.check == "away" for each in watching.waits())
    after = watching.state()
    assert after[0] == counted, "nothing that counted is taken"
    watching.open()
    watching.play((0, LENGTH))  # what lapsed is played again: it waits again, for a new question
    (again,) = (each for each in watching.waits() if each.check != "away")
    assert again.attempt == 1


def test_reading_again_brings_no_easier_question(watching: Watching) -> None:
    policy(watching.academy, 10, count=20)
    whole(watching)
    assert len({each.question for _i in range(5) for each in watching.waits()}) == len(watching.waits())


def test_an_answer_counts_once_and_only_for_the_question_shown(watching: Watching) -> None:
    policy(watching.academy, 10, count=3)
    whole(watching)
    (shown,) = (each for each in watching.waits() if each.check != "away")
    assert shown.question is not None
    before = watching.state()
    assert watching.send(shown.check, "999999", ["0"]).result == "nothing"
    assert watching.send("7", str(shown.question.id), ["0"]).result == "nothing"
    for chosen in ([], ["0", "1"], ["9"], ["x"]):
        with pytest.raises(BadInput):
            watching.send(shown.check, str(shown.question.id), chosen)
    assert watching.state() == before
    assert watching.answer(at=watching.waits().index(shown)).result == "counted"
    assert watching.send(shown.check, str(shown.question.id), ["0"]).result == "nothing"
    with watching.academy.db.reading() as session:
        assert [each.was_right for each in session.scalars(select(PresenceAnswer))] == [True]


def test_where_a_course_has_no_questions_a_confirmation_is_asked_for(watching: Watching) -> None:
    policy(watching.academy, 10)
    whole(watching)
    while watching.waits():
        assert watching.waits()[0].question is None
        assert watching.answer().result == "counted"
    assert watching.state() == (LENGTH, 0)


def test_a_question_withdrawn_meanwhile_is_not_marked(watching: Watching) -> None:
    policy(watching.academy, 10, count=1)
    whole(watching)
    (shown,) = (each for each in watching.waits() if each.check != "away")
    assert shown.question is not None
    with watching.academy.db.writing() as session:
        questions.withdraw(session, shown.question.id, actor_id=None)
    assert watching.send(shown.check, str(shown.question.id), ["0"]).result == "counted", "a confirmation is left"


def test_one_confirmation_lets_all_time_without_network_count(watching: Watching) -> None:
    watching.open()
    watching.play((0, LENGTH))  # 240 s of it at 2x under the ceiling
    assert watching.state() == (240_000, 120_000)
    (shown,) = watching.waits()
    assert (shown.check, shown.ranges) == ("away", ((240_000, LENGTH),))
    assert watching.answer().result == "counted"
    assert watching.state() == (LENGTH, 0)
    assert watching.academy.credit() > 0


def ago(watching: Watching, days: int) -> None:
    """All that was played so far was played so many days ago."""
    with watching.academy.db.writing() as session:
        session.execute(
            update(Viewing).values(opened_ms=Viewing.opened_ms - days * DAY, clock_ms=Viewing.clock_ms - days * DAY)
        )


def watched_facts(watching: Watching) -> list[tuple[str, int, int]]:
    """(key, how many days ago it happened, how many days later it became known) of what is recorded."""
    with watching.academy.db.reading() as session:
        rows = session.scalars(select(Evidence).where(Evidence.kind == "watched").order_by(Evidence.id)).all()
        today = clock.now()
        return [(row.key.split(":")[-1], (today - row.happened_at).days, (row.known_at - row.happened_at).days)
                for row in rows]  # fmt: skip


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check stands at the very beginning of what is not yet seen."""
    monkeypatch.setattr("app.viewing.service.secrets.randbelow", lambda _below: 0)


def test_released_time_happened_when_it_was_played_and_became_known_with_the_answer(watching: Watching) -> None:
    watching.open()
    watching.play((0, LENGTH))
    ago(watching, 3)
    assert watching.answer().credited
    assert watched_facts(watching) == [("324000", 3, 3)]


@pytest.mark.usefixtures("at_once")
def test_one_second_that_was_kept_dates_nothing_back(watching: Watching) -> None:
    """Else anybody could choose the day, and the year, of a credit."""
    policy(watching.academy, 10)
    watching.open()
    watching.play((0, 1000))
    ago(watching, 20)
    for at in (1000, 200_000):
        watching.open()
        watching.play((at, 199_000 + at))
    assert watching.state() == (0, LENGTH)
    assert watching.answer().credited
    assert watched_facts(watching) == [("324000", 0, 0)]


@pytest.mark.usefixtures("at_once")
def test_one_second_played_again_dates_nothing_forward(watching: Watching) -> None:
    policy(watching.academy, 10)
    for at in (0, 200_000):
        watching.open()
        watching.play((at, 200_000 + at))
    ago(watching, 20)
    watching.open()
    watching.play((5000, 6000))
    assert watching.answer().credited
    assert watched_facts(watching) == [("324000", 20, 20)]


def test_a_mark_that_a_beat_crossed_first_is_of_that_beat(watching: Watching) -> None:
    """The answer takes the lock before the beat's evidence is written."""
    watching.open()
    watching.play((0, 250_000))
    watching.open()
    watching.beats._after = lambda _learner, _media: None  # its process died after the commit
    watching.play((250_000, 340_000))
    assert watched_facts(watching) == []
    watching.answer()
    assert watched_facts(watching) == [("324000", 0, 0)]


def test_the_rules_of_the_day_judge_what_was_played_then(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """330 of 360 s were played under a rule of nine tenths; since then 19 of 20 are asked for."""
    watching.open()
    watching.play((0, 330_000))
    ago(watching, 3)
    today = clock.local_day(clock.now(), watching.academy.settings.timezone)
    stricter = re.sub(r"version = \d+", "version = 2", RULES.replace("0.9", "0.95"), count=1)
    stricter = re.sub(r"effective = [\d-]+", f"effective = {today}", stricter, count=1)
    monkeypatch.setattr(rulebook, "check", lambda *_given: None)  # days pass more quickly here
    with watching.academy.db.writing() as session:
        rulebook.publish_rules(session, stricter, None)
    assert watching.answer().credited
    assert watched_facts(watching) == [("324000", 3, 3)]


def test_what_waits_in_an_older_version_can_be_answered(watching: Watching) -> None:
    watching.open()
    watching.play((0, LENGTH))
    academy = watching.academy
    with academy.db.writing() as session:
        session.add(
            MediaVersion(
                lesson_id=academy.lesson, version=2, sha256="2" * 64, bytes=1, mime="video/mp4", length_ms=LENGTH,
                original_name="z.mp4", created_at=clock.now(),
            )
        )  # fmt: skip
        version = traces.of_lesson(session, academy.learner, academy.lesson)
    assert version == academy.version


def test_an_answer_to_another_order_of_the_options_is_not_marked(watching: Watching) -> None:
    """Two tabs, or a second click: what was shown before an answer is not what is asked after it."""
    policy(watching.academy, 10, count=1)
    whole(watching)
    (shown,) = (each for each in watching.waits() if each.check != "away")
    assert shown.question is not None
    right = [choice.key for choice in shown.question.choices if choice.text.startswith("对")]
    watching.answer(right=False, at=watching.waits().index(shown))
    assert watching.send(shown.check, str(shown.question.id), right, str(shown.asked)).result == "nothing"
    assert watching.answer(
        at=watching.waits().index(next(e for e in watching.waits() if e.check != "away"))
    ).result == ("counted")


def test_who_claims_far_more_than_time_leaves_one_signal(watching: Watching) -> None:
    watching.lease = watching.academy.open().lease
    for _i in range(3):
        watching.play((0, 70_000))
    with watching.academy.db.reading() as session:
        (signal,) = session.scalars(select(Signal))
        assert signal.kind == "faster_than_time"
    assert watching.state()[0] < 5_000


def test_an_expired_lease_is_closed_by_the_job(watching: Watching) -> None:
    watching.open()
    watching.play((0, 10_000))
    with watching.academy.db.writing() as session:
        viewing = session.scalars(select(Viewing)).one()
        viewing.expires_ms = viewing.clock_ms + 1
        expected = viewing.expires_ms
    with watching.academy.db.writing() as session:
        assert signals.close_expired(session) == 1
        assert signals.close_expired(session) == 0
    with watching.academy.db.reading() as session:
        viewing = session.scalars(select(Viewing)).one()
        assert (viewing.end_reason, viewing.ended_ms) == ("lease_ended", expected)
