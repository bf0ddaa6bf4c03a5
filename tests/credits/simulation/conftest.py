"""What the tests of simulations share."""

from __future__ import annotations

import pytest

from app.base.db import Database
from app.credits import service
from tests.credits import samples


@pytest.fixture
def one(db: Database) -> Database:
    """A learner with 3 hours of a lesson and 8 more on one day, and one of whom nothing is known."""
    with db.writing() as session:
        service.publish_rules(session, samples.RULES, None)
        learner, nobody = samples.new_learner(session, 1), samples.new_learner(session, 2)
        samples.watch(session, learner, 1, hours=3)
        samples.watch(session, learner, 2, hours=8, subject_bucket="professional")
        for each in (learner, nobody):
            service.settle(session, each)
    return db
