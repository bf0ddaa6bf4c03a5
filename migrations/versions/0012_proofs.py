"""Daily heads and the results of proving the books."""

from __future__ import annotations

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Daily heads and the results of proving the books."""
