"""Column types that several slices share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer

# SQLite gives row ids only to a column declared exactly INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")
