"""Fixtures of the course tests."""

from tests.factories.fixtures import *  # noqa: F403
