"""The academy by SCIM as scim2-tester sees it: no errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from app.doors.scim import tokens
from app.factory import Academy
from tests.factories.web import make_app
from tests.services import DatabaseUrls

BASE = "http://127.0.0.1:8000/scim/v2"


@pytest.fixture
def app(sqlite_database: DatabaseUrls, tmp_path: Path) -> Iterator[Academy]:
    """The academy, empty; as many accounts as one likes may be closed in a day."""
    made = make_app(sqlite_database, tmp_path, DUXUE_ROSTER_LEAVING_PERCENT="100")
    yield made
    made.extensions["duxue.db"].engine.dispose()


def test_scim2_tester_finds_no_error(app: Academy) -> None:
    with app.extensions["duxue.db"].writing() as session:
        _number, token = tokens.make(session, "tester", tokens.SCOPES, 1)
    client = WSGISCIMClient(app, base_url=BASE, headers={"Authorization": f"Bearer {token}"})
    results = check_server(client)
    wrong = [f"{each.title} {each.resource_type}: {each.reason}" for each in results if each.status is Status.ERROR]
    assert wrong == []
    assert sum(each.status is Status.SUCCESS for each in results) > 60
