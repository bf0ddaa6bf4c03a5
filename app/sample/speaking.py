"""What people of the sample have said: announcements of the academy, tickets of learners and their answers."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.courses import queries as course_queries
from app.front import service as front
from app.sample.accounts import CONTENT
from app.tickets import queries as ticket_queries
from app.tickets import service as tickets

if TYPE_CHECKING:
    from app.sample.loading import Load


def write(made: Load, plan: dict[str, Any]) -> None:
    """All of them, as of now: nobody spoke in the past who had no academy to speak in."""
    text = (CONTENT / "sample" / "announcements.toml").read_text(encoding="utf-8")
    for each in tomllib.loads(text)["announcements"]:
        _announce(made, each)
    for each in plan["tickets"]:
        _ask(made, each)


def _announce(made: Load, each: dict[str, Any]) -> None:
    until = made.today + timedelta(days=each["until_days"]) if "until_days" in each else None
    wanted = front.Wanted(
        each["title"]["zh"], each["title"]["en"], each["body"]["zh"].strip(), each["body"]["en"].strip(),
        each.get("pinned", False), made.today + timedelta(days=each["since_days"]), until,
    )  # fmt: skip
    front.add(made.session, made.people[each["by"]], wanted, publish=not each.get("draft", False))


def _ask(made: Load, each: dict[str, Any]) -> None:
    learner_id, session = made.people[each["learner"]], made.session
    lesson = course_queries.lessons_of(session, made.courses[each["course"]])[each["lesson"] - 1]
    key, _new = tickets.open_ticket(session, made.settings, learner_id, lesson.id, each["text"], None)
    if "answer" not in each:
        return
    ticket = ticket_queries.mine_one(session, learner_id, key)
    assert ticket is not None
    tickets.answer(session, made.people[each["by"]], ticket, each["answer"], declined=False)
