"""Security row 5: two units, two classes, random actions. Whoever works in one place never sees a mark of the other,
and changes nothing of it, whatever is asked for, sent, guessed or mixed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.rules.access import TABLE
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.house import places_apart
from tests.house.places_apart import STAFF_A, Apart, marks_in
from tests.house.test_access import Place, ask, place, token_of

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

__all__ = ["academy_app", "place", "traveller", "web_db"]
RUNS = max(10, int(os.environ.get("DUXUE_RUNS", "200")) // 10)
# These end what the others need: the sign-in, the file server's patience, the press of certificates.
NOT_ASKED = (
    "people.sign_out", "people.sign_in", "static", "base.healthz", "certificates.new", "certificate_desk.new",
    "accounts.close",  # signs out somebody of A; that nobody of B is closed shows test_scopes.py
)  # fmt: skip
# What may stand for each argument in B, beside what stands there in A.
IN_B = {
    "code": ("course_code", "certificate", "class_code"), "key": ("key",), "person_key": ("person_key",),
    "ticket": ("ticket",), "lesson_id": ("lesson_id",), "media_version_id": ("media_version_id",),
    "caption_id": ("caption_id",), "offer_id": ("offer_id",), "session_id": ("session_id",), "note_id": ("note_id",),
    "message_id": ("message_id",), "run_id": ("run_id",), "grant_id": ("grant_id",),
}  # fmt: skip
QUERIES = {
    "q": ("z", "a", "秋", "shu"), "unit": ("hydrology", "city"), "class": ("class-9",), "sort": ("name", "-hours"),
    "as": ("xlsx",), "status": ("late",), "page": ("1", "2"), "period": ("2026-01-01",), "open": ("1",),
    "role": ("learner",), "who": ("z",), "lacks": ("course-9",),
}  # fmt: skip
FIELDS = (
    "class",
    "unit",
    "person",
    "person_key",
    "key",
    "code",
    "lesson",
    "course",
    "offer",
    "ticket",
    "reason",
    "answer",
)


Ask = tuple["Rule", str, list[str]]


@dataclass
class World:
    """Both places, with everybody of A signed in."""

    place: Place
    apart: Apart
    clients: dict[str, tuple[FlaskClient, str]]
    rules: list[Ask]


@pytest.fixture
def world(place: Place) -> World:
    apart = places_apart.build(place)
    clients = {}
    for login in (*STAFF_A, "head1"):
        client = web.browser(place.app, login)
        clients[login] = (client, token_of(client))
    rules: list[Ask] = []
    for rule, method, need in place.rules():
        if rule.endpoint not in NOT_ASKED:
            opened = [login for login in clients if need not in TABLE or _role(login) in TABLE[need]]
            # Addresses that carry a thing of somebody come often; who may open such at all asks most of the time.
            rules += [(rule, method, opened or list(clients))] * (4 if set(IN_B) & rule.arguments else 1)
    return World(place, apart, clients, sorted(rules, key=lambda each: (each[0].rule, each[1])))


def _role(login: str) -> str:
    return STAFF_A[login][0] if login in STAFF_A else "head_teacher"


@st.composite
def actions(draw: st.DrawFn) -> tuple[int, int, list[int], dict[str, str], dict[str, int]]:
    """Who, which address, whose things in it, the query, the fields of the form: numbers that `act` makes sense of."""
    query = draw(st.dictionaries(st.sampled_from(sorted(QUERIES)), st.integers(0, 3), max_size=3))
    return (
        draw(st.integers(0, 10_000)), draw(st.integers(0, 10_000)),
        draw(st.lists(st.integers(0, 5), min_size=4, max_size=4)),
        {name: QUERIES[name][at % len(QUERIES[name])] for name, at in query.items()},
        draw(st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 20), max_size=4)),
    )  # fmt: skip


def act(world: World, action: tuple[int, int, list[int], dict[str, str], dict[str, int]]) -> None:
    who, which, whose, query, fields = action
    rule, method, opened = world.rules[which % len(world.rules)]
    logins = list(world.clients) if who % 5 == 0 else opened
    client, token = world.clients[logins[who // 5 % len(logins)]]
    url = _mixed(world, rule, whose)
    values = list(world.apart.values.values())
    data = {name: str(values[at % len(values)]) for name, at in fields.items()}
    if method == "GET":
        answer = client.get(url, query_string=query)
    else:
        answer = client.open(url, method=method, data=data, query_string=query, headers={"X-CSRFToken": token})
    answer.get_data()
    answer.close()
    assert answer.status_code < 500, (method, url, query)
    assert not marks_in(answer), (method, url, query, data)


def _mixed(world: World, rule: Rule, whose: list[int]) -> str:
    """The address with some of its things taken from B."""
    chosen: dict[str, object] = {}
    for at, name in enumerate(sorted(rule.arguments)):
        pick, there = whose[at % len(whose)], IN_B.get(name, ())
        if name == "code" and _of_class(rule):
            there = ("class_code",)
        chosen[name] = world.apart.values[there[pick // 2 % len(there)]] if there and pick % 2 else None
        if chosen[name] is None:
            chosen[name] = _own(world, rule, name)
    with world.place.app.test_request_context():
        built = rule.build(chosen, append_unknown=False)
    assert built is not None, rule
    return built[1]


def _of_class(rule: Rule) -> bool:
    return str(rule.endpoint).startswith(("supervision.", "ticket_desk."))


def _own(world: World, rule: Rule, name: str) -> object:
    if name == "code" and _of_class(rule):
        return "class-1"
    if name == "key" and rule.endpoint.startswith("supervision."):
        return world.place.learner_key
    return world.place.values[name]


def test_random_actions_of_one_place_never_reach_another(world: World) -> None:
    before = world.apart.rows()
    assert sum(len(rows) for rows in before.values()) > 15

    @settings(
        max_examples=max(10, RUNS // 5), deadline=None, phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.lists(actions(), min_size=1, max_size=12))
    def run(several: list[tuple[int, int, list[int], dict[str, str], dict[str, int]]]) -> None:
        for action in several:
            act(world, action)
        assert world.apart.rows() == before

    run()
    for client, _token in world.clients.values():  # nobody was signed out on the way: then nothing would be proved
        assert ask(client, "GET", "/account").status_code == 200
