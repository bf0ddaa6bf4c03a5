"""An academy with a credit reviewer and two administrators, and a draft of its second version."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.base.db import Database
from app.credits.workshop import queries
from app.credits.workshop.queries import DraftPage
from app.people import service as people
from tests import factories
from tests.credits.browsing import plain, signed_in


class Fields(HTMLParser):
    """What a browser would send of the form with this id, without its buttons."""

    def __init__(self, html: str, form_id: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._id, self._inside, self._area, self._select = form_id, False, "", ""
        self._first = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == self._id
        if not self._inside:
            return
        if tag == "input":
            self.found[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area, self.found[given["name"]], self._first = given["name"], "", True
        elif tag == "select":
            self._select, self.found[given["name"]] = given["name"], ""
            self._first = True
        elif tag == "option" and self._select and ("selected" in given or self._first):
            self.found[self._select], self._first = given["value"], False

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data.removeprefix("\n") if self._first else data
            self._first = False


@dataclass
class House:
    """The academy, and its people's browsers."""

    app: Flask
    db: Database
    logins: dict[str, str]

    def enter(self, role: str, locale: str = "en") -> FlaskClient:
        """Somebody's browser."""
        return signed_in(self.app, self.db, self.logins[role], locale)

    def part(self, role: str) -> FlaskClient:
        """The browser of somebody who has this role for one unit only."""
        with self.db.writing() as session:
            unit = people.create_unit(session, f"u-{role}", "外单位", "Another unit", "party_government")
            factories.person(session, f"part-{role}", "分者", role, "unit", unit.id)
        return signed_in(self.app, self.db, f"part-{role}")

    def begin(self, client: FlaskClient, title: str = "New caps") -> int:
        """A draft begun with the newest version."""
        answer = client.post("/rules/drafts/new", data={"title": title, "note": "from July", "base": "1"})
        assert answer.status_code == 302, plain(answer.text)
        return int(answer.location.rsplit("/", 1)[1])

    def draft(self, draft_id: int) -> DraftPage:
        """The draft as it is kept."""
        with self.db.reading() as session:
            found = queries.draft(session, draft_id)
        assert found is not None
        return found

    def send(self, client: FlaskClient, draft_id: int, do: str = "save", **changes: str) -> TestResponse:
        """Open the draft, change these inputs, press a button."""
        sent = Fields(client.get(f"/rules/drafts/{draft_id}").text, "work").found
        assert sent
        for name in changes:
            assert name in sent, name
        return client.post(f"/rules/drafts/{draft_id}", data={**sent, **changes, "do": do})

    def write(self, client: FlaskClient, draft_id: int, text: str) -> TestResponse:
        """Open the draft and write another text over its text."""
        return self.send(client, draft_id, text=text)

    def propose(self, client: FlaskClient, draft_id: int) -> TestResponse:
        """Press the button, with the revision that the page has."""
        return client.post(
            f"/rules/drafts/{draft_id}/propose", data={"revision": str(self.draft(draft_id).revision)}
        )  # fmt: skip

    def publish(self, client: FlaskClient, draft_id: int) -> TestResponse:
        """Press the button, with the fingerprint that the page has."""
        return client.post(f"/rules/drafts/{draft_id}/publish", data={"seal": self.draft(draft_id).text_hash})


@pytest.fixture
def house(app: Flask, db: Database, people_of: dict[str, str]) -> House:
    """Version 1 is published; the reviewer may draft, both administrators may publish too."""
    with db.writing() as session:
        for login, role in (("reviewer", "credit_reviewer"), ("second", "academy_admin")):
            factories.person(session, login, f"{login}者", role, "academy")
    return House(app, db, {**people_of, "reviewer": "reviewer", "second": "second"})
