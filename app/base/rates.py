"""Counting in memory how often something was tried."""

from __future__ import annotations

from limits.storage import MemoryStorage


class Memory(MemoryStorage):
    """The library's storage, whose own thread drops what has expired: forgetting a key must not fall into its hands.

    That thread looks at a key under the key's lock and fails where the key goes meanwhile; `clear` does not take it.
    """

    def clear(self, key: str) -> None:
        """Forget a key."""
        with self.locks[key]:
            super().clear(key)
