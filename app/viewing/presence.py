"""What waits for the learner's answer: the checks and the confirmation, their questions, and what an answer does.

Which question is put is reckoned from the academy's secret, so that reading writes nothing and nobody can choose an
easier one by asking again; another comes with each wrong answer. Every answer is kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base.errors import BadInput
from app.base.settings import Settings
from app.courses.queries import Material
from app.credits import service as credits
from app.questions import queries as questions
from app.rules.viewing import presence as rules
from app.rules.viewing import waiting
from app.rules.viewing.beat import CoverageState
from app.rules.viewing.spans import Piece
from app.viewing import evidence, held
from app.viewing.evidence import Source
from app.viewing.models import Coverage, PresenceAnswer, Viewing
from app.viewing.now import time_ms

AWAY = "away"
MOST_SHOWN = 20  # the others come when these are answered
RIGHT, WRONG, LAPSED, NOTHING = "counted", "wrong", "lapsed", "nothing"


@dataclass(frozen=True, slots=True)
class Choice:
    """An option as it is shown: its key in the form, its text; and its place in the stored order."""

    key: str
    text: str
    stored: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is shown: options in an order of this learner's own."""

    id: int
    text: str
    several: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """A stretch that waits. `check`: its number as text, or "away"; `question` None: a plain confirmation.

    `ranges` in ms; `attempt` counts from 1; `left`: how many answers there are before it has to be watched again;
    `asked`: how many were given so far, which an answer names, so that it is marked for what was shown.
    """

    check: str
    ranges: tuple[Piece, ...]
    question: Question | None
    attempt: int
    left: int
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer did. `credited`: it settled something; `ranges` now count, or have to be watched again.

    `confirmed`: it was a plain confirmation, to which nothing can be right or wrong.
    """

    result: str
    ranges: tuple[Piece, ...]
    explanation: str
    credited: bool
    confirmed: bool = False


def waits(session: Session, settings: Settings, learner_id: int, material: Material) -> list[Waits]:
    """All that waits for this learner in a lesson, in the order of the lesson. At most four queries and one a check."""
    row = session.get(Coverage, (learner_id, material.media_version.id))
    if row is None or not row.pending:
        return []
    state = held.state_of(row)
    found: list[Waits] = []
    asked = _Asking(session, settings, learner_id, material) if state.checks.each else None
    for number, check in enumerate(state.checks.each):
        if len(found) == MOST_SHOWN:
            break
        ranges = tuple(waiting.waiting(state, check.held))
        if ranges and check.state in rules.UNANSWERED and asked is not None:
            found.append(asked.check(number, ranges))
    away = tuple(waiting.away(state))
    if away:
        found.append(Waits(AWAY, away, None, 1, 1))
    return sorted(found, key=lambda each: each.ranges[0])


class _Asking:
    """Which question a check puts now: a shuffle of the bank that is this learner's own, further with each answer."""

    def __init__(self, session: Session, settings: Settings, learner_id: int, material: Material) -> None:
        self._session, self._learner, self._version = session, learner_id, material.media_version.id
        self._key = settings.secret.encode()
        ids = questions.usable(session, material.course.id, material.lesson.id)
        self._ids = sorted(ids, key=lambda each: self._draw(f"question.{each}"))
        given = session.execute(
            select(PresenceAnswer.check_no, func.count())
            .where(PresenceAnswer.learner_id == learner_id, PresenceAnswer.media_version_id == self._version)
            .where(PresenceAnswer.check_no.is_not(None), PresenceAnswer.was_right.is_(False))
            .group_by(PresenceAnswer.check_no)
        )
        self.wrong: dict[int, int] = {row[0]: row[1] for row in given}

    def _draw(self, what: str) -> bytes:
        text = f"duxue check 1:{self._learner}.{self._version}.{what}"
        return hmac.digest(self._key, text.encode(), "sha256")

    def check(self, number: int, ranges: tuple[Piece, ...]) -> Waits:
        wrong = self.wrong.get(number, 0)
        left = rules.MOST_WRONG - wrong % rules.MOST_WRONG
        return Waits(str(number), ranges, self._question(number, wrong), rules.MOST_WRONG - left + 1, left, wrong)

    def _question(self, number: int, wrong: int) -> Question | None:
        if not self._ids:
            return None
        # Neighbouring checks begin three apart, so that a bank that is large enough repeats nothing.
        question_id = self._ids[(number * rules.MOST_WRONG + wrong) % len(self._ids)]
        asked = questions.asked(self._session, question_id)
        if asked is None:
            return None
        order = self._order(number, wrong, len(asked.options))
        choices = tuple(Choice(str(shown), asked.options[stored], stored) for shown, stored in enumerate(order))
        return Question(asked.id, asked.text, asked.kind == "multiple", choices)

    def _order(self, number: int, wrong: int, count: int) -> list[int]:
        """The stored places of the options in the order in which they are shown."""
        return sorted(range(count), key=lambda each: self._draw(f"option.{number}.{wrong}.{each}"))


def answer(
    session: Session, settings: Settings, learner_id: int, material: Material, check: str, question: str,
    chosen: Sequence[str], asked: str = "",
) -> Outcome:  # fmt: skip
    """Take an answer. `question`: the id of the one that was shown ("" for a confirmation), `chosen`: keys; `asked`:
    how many answers there were when it was shown ("": not told).

    What does not wait any more (answered in another window, lapsed) changes nothing: `nothing`. The same where the
    bank was changed meanwhile and another question is to be put. `BadInput` for an answer without a choice.
    """
    coverage = held.locked(session, learner_id, material.media_version.id)
    viewing = held.newest_viewing(session, learner_id, material.media_version.id)
    evidence.write_due_evidence(session, settings, learner_id, material.media_version.id)  # a beat was first
    now = next((each for each in waits(session, settings, learner_id, material) if each.check == check), None)
    if coverage is None or viewing is None or now is None:
        return Outcome(NOTHING, (), "", False)
    given = _Given(session, settings, learner_id, material, coverage, viewing)
    if now.question is None:
        return given.right(now, None, "")
    if question != str(now.question.id) or asked not in ("", str(now.asked)):
        return Outcome(NOTHING, (), "", False)
    keys = {choice.key for choice in now.question.choices}
    if not chosen or not set(chosen) <= keys or (len(chosen) > 1 and not now.question.several):
        raise BadInput(_("Choose an answer."), "chosen")
    stored = frozenset(choice.stored for choice in now.question.choices if choice.key in chosen)
    text = ",".join(map(str, sorted(stored)))
    if questions.is_right(session, now.question.id, stored):
        return given.right(now, now.question.id, text)
    return given.wrong(now, now.question.id, text)


class _Given:
    """One answer being taken: the rows are locked, in the house's order."""

    def __init__(
        self, session: Session, settings: Settings, learner_id: int, material: Material, coverage: Coverage,
        viewing: Viewing,
    ) -> None:  # fmt: skip
        self.session, self.settings, self.learner_id, self.material = session, settings, learner_id, material
        self.coverage, self.viewing = coverage, viewing
        self.now_ms = time_ms(session)

    def _keep(self, check: str, question_id: int | None, chosen: str, right: bool) -> None:
        where = (PresenceAnswer.learner_id == self.learner_id,
                 PresenceAnswer.media_version_id == self.material.media_version.id)  # fmt: skip
        last = self.session.scalar(select(func.max(PresenceAnswer.number)).where(*where)) or 0
        self.session.add(
            PresenceAnswer(
                learner_id=self.learner_id, media_version_id=self.material.media_version.id, number=last + 1,
                check_no=None if check == AWAY else int(check), question_id=question_id, chosen=chosen, was_right=right,
                answered_ms=self.now_ms,
            )
        )  # fmt: skip

    def right(self, now: Waits, question_id: int | None, chosen: str) -> Outcome:
        self._keep(now.check, question_id, chosen, True)
        state = held.state_of(self.coverage)
        viewed = held.viewing_state(self.viewing)
        if now.check == AWAY:
            found = waiting.confirm(state, viewed, self.now_ms)
        else:
            found = waiting.answer(state, viewed, int(now.check), self.now_ms)
        held.keep_state(self.coverage, found.coverage)
        held.keep_record(self.session, self.viewing, found.trace)
        self.session.flush()
        new = evidence.after_change(
            self.session, self.settings, self.learner_id, self.material, state.spans, found.coverage.spans, Source()
        )
        credited = bool(new and credits.settle(self.session, self.learner_id).posted)
        text = questions.explanation(self.session, question_id) if question_id is not None else ""
        return Outcome(RIGHT, tuple(found.pieces), text, credited, confirmed=question_id is None)

    def wrong(self, now: Waits, question_id: int, chosen: str) -> Outcome:
        self._keep(now.check, question_id, chosen, False)
        text = questions.explanation(self.session, question_id)
        if now.left > 1:
            return Outcome(WRONG, now.ranges, text, False)
        state: CoverageState = waiting.fail(held.state_of(self.coverage), int(now.check))
        held.keep_state(self.coverage, state)
        return Outcome(LAPSED, now.ranges, text, False)
