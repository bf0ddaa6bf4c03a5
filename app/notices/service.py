"""Telling people, and what they have read. Callers commit: a message comes with what it tells of, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.base import clock
from app.base.errors import NotFound
from app.base.tasks import enqueue
from app.notices import kinds, mailing, sorts
from app.notices.models import Notice


def tell(session: Session, person_id: int, kind: str, url: str, /, **facts: object) -> None:
    """Write a message to one person. `url` is a path of the academy; `facts` must be what JSON can hold.

    KeyError for a kind that is not registered, ValueError for an address elsewhere.
    """
    tell_all(session, [person_id], kind, url, **facts)


def tell_all(session: Session, person_ids: Iterable[int], kind: str, url: str, /, **facts: object) -> None:
    """The same message to several people, each once; to nobody where there is nobody. Who has switched this sort off
    gets none, who wants a mail of it is sent one."""
    if not kinds.is_known(kind):
        raise KeyError(f"no message of kind {kind!r} is registered")
    if not url.startswith("/") or url.startswith(("//", "/\\")):
        raise ValueError(f"{url!r} is no path of the academy")
    written, now, whom = json.dumps(facts, ensure_ascii=False, sort_keys=True), clock.now(), sorted(set(person_ids))
    off, mailed = sorts.wishes(session, whom, sorts.sort_of(kind))
    rows = [
        {"person_id": each, "kind": kind, "url": url, "facts": written, "at": now, "read_at": None}
        for each in whom
        if each not in off
    ]
    if rows:
        session.execute(insert(Notice), rows)
    for person_id in sorted(mailed):
        enqueue(session, mailing.SENT, person_id=person_id)


def tell_once(session: Session, person_ids: Iterable[int], kind: str, url: str, /, **facts: object) -> None:
    """As `tell_all`, but not to those who have not yet read the last one of this kind about this page."""
    waiting = select(Notice.person_id).where(Notice.kind == kind, Notice.url == url, Notice.read_at.is_(None))
    tell_all(session, set(person_ids) - set(session.scalars(waiting)), kind, url, **facts)


def over(session: Session, kind: str, url: str) -> None:
    """What these messages asked for is done, or not wanted any more: they wait for nobody."""
    matter = (Notice.kind == kind, Notice.url == url, Notice.read_at.is_(None))
    session.execute(update(Notice).where(*matter).values(read_at=clock.now()))


def open_one(session: Session, person_id: int, notice_id: int) -> str:
    """Mark a message as read; gives the page it is about. NotFound for anybody else's."""
    mine = (Notice.id == notice_id, Notice.person_id == person_id)
    url = session.scalar(select(Notice.url).where(*mine))
    if url is None:
        raise NotFound(_("There is no such message."))
    session.execute(update(Notice).where(*mine, Notice.read_at.is_(None)).values(read_at=clock.now()))
    return url


def read_all(session: Session, person_id: int, upto: int) -> int:
    """Mark a person's messages as read up to a number, what came later not; how many were unread."""
    mine = (Notice.person_id == person_id, Notice.id <= upto, Notice.read_at.is_(None))
    done = session.execute(update(Notice).where(*mine).values(read_at=clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]
