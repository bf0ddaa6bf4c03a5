"""A draft that waits tells those who may publish it; what becomes of it, and of its simulation, is told its writers."""

from __future__ import annotations

from flask_babel import force_locale

from app.base import runs
from app.credits.simulation import service as simulation
from app.notices import queries as notices
from app.people.queries import person_by_login
from tests.credits.browsing import plain
from tests.credits.workshop.conftest import House
from tests.credits.workshop.test_deciding import SIX, proposed


def unread(house: House, role: str) -> list[str]:
    """What somebody has not read, the newest first."""
    with house.app.test_request_context(), force_locale("en"), house.db.reading() as session:
        person = person_by_login(session, house.logins[role])
        assert person is not None
        found = notices.latest(session, person.id, 20, only_unread=True)
    return [f"{row.url} {row.said.text}" for row in found]


def test_a_proposal_waits_for_those_who_may_decide_and_then_for_nobody(house: House) -> None:
    draft_id = proposed(house)
    house.part("academy_admin")  # for one unit only: may not publish
    at = f"/rules/drafts/{draft_id}"
    for role in ("admin", "second"):
        assert unread(house, role) == [
            f"{at} The draft “New caps” waits for a second person: publish it or decline it."
        ]
    assert unread(house, "reviewer") == []
    assert house.enter("reviewer").post(f"{at}/take-back").status_code == 302
    assert unread(house, "admin") == unread(house, "second") == []
    house.propose(house.enter("reviewer"), draft_id)
    assert house.publish(house.enter("admin"), draft_id).status_code == 302
    assert unread(house, "second") == unread(house, "admin") == []
    assert unread(house, "reviewer") == [
        f"{at} The draft “New caps” is published as version 2 and holds from 1 April 2026 on."
    ]


def test_who_proposed_it_or_changed_it_last_is_not_asked(house: House) -> None:
    proposed(house, "admin")
    assert unread(house, "admin") == []
    assert len(unread(house, "second")) == 1


def test_a_draft_that_was_declined_comes_back_with_the_reason(house: House) -> None:
    draft_id = proposed(house)
    answer = house.enter("second").post(f"/rules/drafts/{draft_id}/decline", data={"reason": "Too\nlow " + "x" * 300})
    assert answer.status_code == 302
    (said,) = unread(house, "reviewer")
    assert said.startswith(f"/rules/drafts/{draft_id} The draft “New caps” was declined: Too low xxx")
    assert said.endswith("x…")
    assert unread(house, "admin") == []


def test_who_asked_for_a_simulation_is_told_when_it_is_done(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.write(client, draft_id, SIX)
    run_id = 0
    for _each in range(2):
        client.post(f"/rules/drafts/{draft_id}/simulate")
        run_id = house.draft(draft_id).run_id or 0
        runs.perform(house.db, house.app.extensions["duxue.settings"], run_id)
    with house.db.reading() as session:
        run = runs.one(session, run_id)
    assert run is not None
    assert run.result is not None
    said = unread(house, "reviewer")
    assert len(said) == 2
    assert said[0] == (
        f"/rules/drafts/{draft_id}#simulation The simulation of the draft “New caps” is done: "
        f"learners whose hours change: {run.result['changed']}."
    )
    page = client.get("/messages")
    assert "The simulation of the draft “New caps” is done" in plain(page.text)
    with house.db.writing() as session:  # a run whose draft has moved on to a later one
        person = person_by_login(session, "reviewer")
        assert person is not None
        late = runs.begin(session, simulation.KIND, person.id, text="no rules", as_if=None)
    runs.perform(house.db, house.app.extensions["duxue.settings"], late)
    assert len(unread(house, "reviewer")) == 2


def test_a_simulation_that_fails_is_told_too(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.write(client, draft_id, SIX)
    client.post(f"/rules/drafts/{draft_id}/simulate")
    run_id = house.draft(draft_id).run_id
    assert run_id is not None
    with house.db.writing() as session:
        row = session.get_one(runs.RunRow, run_id)
        row.tries = runs.MOST_TRIES  # it took its process with it so often
    runs.perform(house.db, house.app.extensions["duxue.settings"], run_id)
    (said,) = unread(house, "reviewer")
    assert said.endswith("The simulation of the draft “New caps” failed. Its page says why.")


def test_a_run_that_was_stopped_is_not_told(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    client.post(f"/rules/drafts/{draft_id}/simulate")
    run_id = house.draft(draft_id).run_id
    assert run_id is not None
    assert client.post(f"/runs/{run_id}/stop").status_code == 302
    runs.perform(house.db, house.app.extensions["duxue.settings"], run_id)
    assert unread(house, "reviewer") == []
