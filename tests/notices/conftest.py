"""A database on each engine, at noon of 2 March 2026, and two people to tell something."""

from __future__ import annotations

from app.notices.kinds import Facts, Said, kind
from tests.factories.fixtures import db, session, traveller
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "db", "session", "traveller", "web_db"]


@kind("tests.said")
def _said(facts: Facts) -> Said:
    return Said(f"{facts['what']}有了结果", facts["by"], person=True)


@kind("tests.desk")
def _desk(facts: Facts) -> Said:
    return Said(f"{facts['what']}做完了", "学时规则", "rules")
