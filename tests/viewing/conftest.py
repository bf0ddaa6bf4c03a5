"""The academy of `academy.py` for every test here."""

from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.viewing.academy import academy

__all__ = ["academy", "academy_app", "traveller", "web_db"]
