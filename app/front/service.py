"""Writing announcements: kept as a draft, published, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

from app.base import audit, clock, plain
from app.base.errors import BadInput, NotFound, Refused
from app.front.models import Announcement

MOST_TITLE, MOST_TITLE_EN, MOST_BODY = 120, 200, 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an announcement shall say. Bodies are Markdown; `until` is the last day, None for no end."""

    title: str
    title_en: str
    body: str
    body_en: str
    pinned: bool
    since: date
    until: date | None


def add(session: Session, actor_id: int | None, wanted: Wanted, *, publish: bool) -> int:
    """A new announcement, as a draft or published; its number. `BadInput` says what is wrong with it."""
    _check(wanted)
    now = clock.now()
    made = Announcement(
        **_columns(wanted), published_at=now if publish else None, edition=1, changed_by=actor_id, changed_at=now
    )
    session.add(made)
    session.flush()
    _note(session, actor_id, "publish" if publish else "save", made.id, wanted.title)
    return made.id


def change(
    session: Session, actor_id: int, announcement_id: int, edition: int, wanted: Wanted, *, publish: bool
) -> None:
    """Save over the edition that was on the page; `publish` shows a draft. `Refused` when somebody else saved first."""
    _check(wanted)
    now = clock.now()
    changes = {**_columns(wanted), "edition": edition + 1, "changed_by": actor_id, "changed_at": now}
    found = _held(session, announcement_id)
    published = publish and found.published_at is None
    if published:
        changes["published_at"] = now
    _guarded(session, announcement_id, edition, changes)
    _note(session, actor_id, "publish" if published else "save", announcement_id, wanted.title)


def take_back(session: Session, actor_id: int, announcement_id: int) -> None:
    """Make a published one a draft again: from now on nobody reads it."""
    found = _held(session, announcement_id)
    if found.published_at is None:
        raise Refused(_("This announcement is a draft already."))
    changes = {"published_at": None, "edition": found.edition + 1, "changed_by": actor_id, "changed_at": clock.now()}
    _guarded(session, announcement_id, found.edition, changes)
    _note(session, actor_id, "take_back", announcement_id, found.title)


def remove(session: Session, actor_id: int, announcement_id: int) -> None:
    """Delete a draft for good."""
    found = _held(session, announcement_id)
    draft = (Announcement.id == announcement_id, Announcement.published_at.is_(None))
    done = session.execute(delete(Announcement).where(*draft))
    if not _one_row(done):
        raise Refused(_("Only a draft can be deleted. Take the announcement back first."))
    _note(session, actor_id, "delete", announcement_id, found.title)


def _check(wanted: Wanted) -> None:
    for field, text, most in (
        ("title", wanted.title, MOST_TITLE), ("title_en", wanted.title_en, MOST_TITLE_EN),
        ("body", wanted.body, MOST_BODY), ("body_en", wanted.body_en, MOST_BODY),
    ):  # fmt: skip
        if not text and not field.endswith("_en"):
            raise BadInput(_("This must not be empty."), field)
        if len(text) > most:
            raise BadInput(_("At most %(most)s characters; this has %(n)s.", most=most, n=len(text)), field)
        plain.check(text, field, lines=field.startswith("body"))
    if wanted.until is not None and wanted.until < wanted.since:
        raise BadInput(_("The last day lies before the first."), "until")


def _columns(wanted: Wanted) -> dict[str, object]:
    names = ("title", "title_en", "body", "body_en", "pinned", "since", "until")
    return {name: getattr(wanted, name) for name in names}


def _held(session: Session, announcement_id: int) -> Announcement:
    found = session.get(Announcement, announcement_id)
    if found is None:
        raise NotFound(_("There is no such announcement. It may have been deleted."))
    return found


def _guarded(session: Session, announcement_id: int, edition: int, changes: Mapping[str, object]) -> None:
    same = (Announcement.id == announcement_id, Announcement.edition == edition)
    done = session.execute(update(Announcement).where(*same).values(changes))
    if not _one_row(done):
        raise Refused(
            _("Somebody else saved this announcement meanwhile. What you wrote stands below; compare it with the "
              "page as it is now, then save once more.")
        )  # fmt: skip


def _one_row(done: object) -> bool:
    return isinstance(done, CursorResult) and done.rowcount == 1


def _note(session: Session, actor_id: int | None, verb: str, announcement_id: int, title: str) -> None:
    audit.record(session, actor_id, f"announcement.{verb}", f"announcement:{announcement_id}", title=title)
