"""The usual fixtures of the rooms."""

from __future__ import annotations

from tests.factories.fixtures import traveller

__all__ = ["traveller"]
