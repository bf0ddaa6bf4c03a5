"""Time granted by a person: coverage, the trace's record, evidence, settlement, in the house's lock order.

What was recorded is never changed: the evidence says that a person corrected it, who, and why
(docs/adr/0014-granted-time.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import clock
from app.base.errors import Refused
from app.base.settings import Settings
from app.courses import queries as courses
from app.courses.queries import Material
from app.credits import service as credits
from app.rules.viewing import granting
from app.rules.viewing.granting import Grant
from app.rules.viewing.spans import Piece
from app.viewing import evidence
from app.viewing.evidence import Source
from app.viewing.held import keep_record, keep_state, locked, newest_viewing, state_of
from app.viewing.models import Coverage, Viewing
from app.viewing.now import time_ms


@dataclass(frozen=True, slots=True)
class Cause:
    """Why time is granted: the ticket's key, the person who answers for it (opaque key), the reason in words."""

    ticket: str
    granted_by: str
    reason: str

    def told(self) -> dict[str, str]:
        """As evidence carries it: rules never read it, people do."""
        return {"ticket": self.ticket, "granted_by": self.granted_by, "reason": self.reason}

    @property
    def recorder(self) -> str:
        """Who recorded the evidence."""
        return f"ticket:{self.ticket}"


@dataclass(frozen=True, slots=True)
class Held:
    """Coverage and viewing of one learner, locked until the transaction ends."""

    coverage: Coverage
    viewing: Viewing


@dataclass(frozen=True, slots=True)
class Given:
    """What came of it: the parts that count now and did not, and the thousandths of an hour that were posted."""

    pieces: tuple[Piece, ...]
    countable: int


def lock(session: Session, learner_id: int, media_version_id: int, viewing_id: int | None) -> Held:
    """Lock the coverage and a viewing of it (None, or one that is not there: the newest). Refused without any."""
    coverage = locked(session, learner_id, media_version_id)
    viewing = None
    if coverage is not None:
        viewing = newest_viewing(session, learner_id, media_version_id, rather=viewing_id)
    if coverage is None or viewing is None:
        raise Refused(
            _("This lesson was never opened in the player, so there is no viewing that the time could belong to.")
        )
    return Held(coverage, viewing)


def give(session: Session, settings: Settings, held: Held, wanted: Sequence[Piece], cause: Cause) -> Given:
    """Let these parts (ms) count, record the correction, settle. Refused where all of it counts already."""
    coverage, viewing = held.coverage, held.viewing
    evidence.write_due_evidence(session, settings, coverage.learner_id, coverage.media_version_id)
    material = courses.material_of_version(session, coverage.media_version_id)
    assert material is not None  # versions are never deleted
    length_ms = material.media_version.length_ms
    state = state_of(coverage)
    if not granting.fits(state, wanted):
        raise Refused(_("These are too many parts at once. Choose fewer, larger ones."))
    grant = granting.grant(state, viewing.clock_ms, wanted, length_ms, time_ms(session))
    if not grant.pieces:
        raise Refused(_("All of this counts already. Nothing was changed."))
    keep_state(coverage, grant.coverage)
    keep_record(session, viewing, grant.trace)
    session.flush()
    _correct(session, held, material, grant, cause)
    source = Source(cause.recorder, cause.told())
    evidence.after_change(session, settings, coverage.learner_id, material, state.spans, grant.coverage.spans, source)
    posted = credits.settle(session, coverage.learner_id).posted
    return Given(grant.pieces, sum(each.countable for each in posted))


def _correct(session: Session, held: Held, material: Material, grant: Grant, cause: Cause) -> None:
    """The correction itself, whether or not it leads to credit. It names the viewing whose record fell short:
    no evidence has such a key, so nothing is withdrawn."""
    happened = clock.from_ms(held.viewing.clock_ms)
    about: dict[str, Any] = {
        "course": material.course.code, "lesson": material.lesson.id, "media_version": material.media_version.id,
        "title": material.lesson.title, "title_en": material.lesson.title_en,
        "parts_ms": [list(piece) for piece in grant.pieces],
    }  # fmt: skip
    credits.record(
        session, held.coverage.learner_id, key=f"correction:{cause.ticket}", kind="correction", happened_at=happened,
        known_at=clock.now(), recorded_by=cause.recorder, facts={**about, **cause.told()},
        names=f"viewing:{held.viewing.id}",
    )  # fmt: skip
