"""What tests of rosters share: a database on each engine, a small academy, an import in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from app.base.db import Database
from app.roster import looking, service
from app.roster.looking import File
from app.roster.service import Applied, Order
from app.wiring import listen
from tests.roster.books import as_csv

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

DAY = date(2026, 3, 2)


@pytest.fixture
def db(any_database: DatabaseUrls) -> Iterator[Database]:
    """The migrated database, as the application's role."""
    listen()
    found = Database(any_database.app_url)
    yield found
    found.engine.dispose()


def imported(
    session: Session, rows: Sequence[Sequence[str]], *, day: date = DAY, source: str = "人事处", many: bool = True,
    print_: str | None = None, actor_id: int | None = None,
) -> Applied:  # fmt: skip
    """Apply a roster of these rows."""
    understood = looking.understand(File(as_csv(rows), "名册.csv"), service.remembered(session, source))
    order = Order(source, "名册.csv", "0" * 64, day, actor_id, print_, many)
    return service.apply(session, understood, order)
