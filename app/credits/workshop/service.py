"""What happens to a draft: begun, saved, undone, proposed, taken back, declined, published. Callers commit.

Every change names the revision (or the state) it starts from in its own statement, so that of two that come at
once one is refused. Texts are loaded before this: nothing is locked while a long one is read.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from app.base import audit, clock, runs
from app.base.errors import BadInput, Forbidden, NotFound, Refused
from app.credits import rulebook
from app.credits.models import RuleVersion
from app.credits.simulation import service as simulation
from app.credits.workshop import messages
from app.credits.workshop.models import DECLINED, DRAFT, PROPOSED, PUBLISHED, RuleDraft
from app.rules.credit.clauses import RuleSet
from app.rules.credit.document import LARGEST

LONGEST_TITLE, LONGEST_NOTE = 120, 2000


class Stale(Refused):
    """Somebody else saved the draft meanwhile; what was typed is the caller's to show beside what is kept."""


def begin(
    session: Session, actor_id: int, title: str, note: str, text: str, *, ruleset: str = "", based_on: int | None = None
) -> RuleDraft:
    """A new draft with this text; audited. BadInput for a title or note that cannot be kept."""
    now = clock.now()
    row = RuleDraft(
        ruleset=ruleset, based_on=based_on, title=_title(title), note=_note(note), text=text,
        text_hash=rulebook.text_hash(text), previous=None, revision=1, state=DRAFT, created_by=actor_id,
        created_at=now, changed_by=actor_id, changed_at=now, reason="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note_down(session, actor_id, "rules.draft.begin", row, based_on=based_on)
    return row


def get(session: Session, draft_id: int) -> RuleDraft:
    """The draft as it stands; NotFound."""
    row = session.get(RuleDraft, draft_id, populate_existing=True)
    if row is None:
        raise NotFound(_("There is no such draft."))
    return row


def save(session: Session, draft_id: int, revision: int, text: str, actor_id: int) -> RuleDraft:
    """Keep another text. Stale when somebody saved since this revision; Refused when it is no draft any more."""
    if len(text) > LARGEST:
        raise BadInput(_("The rules are longer than %(most)s characters. Nothing was saved.", most=LARGEST), "text")
    before = get(session, draft_id)
    if before.state == DRAFT and before.revision == revision and before.text == text:
        return before  # a form that was sent twice, or not changed
    row = _change(
        session, draft_id, revision, actor_id, text=text, text_hash=rulebook.text_hash(text), previous=before.text
    )
    _note_down(session, actor_id, "rules.draft.save", row, revision=row.revision)
    return row


def undo(session: Session, draft_id: int, revision: int, actor_id: int) -> RuleDraft:
    """Put back the text before the last save; doing it again puts the later one back."""
    before = get(session, draft_id)
    if before.previous is None:
        raise Refused(_("There is no earlier text to go back to."))
    return save(session, draft_id, revision, before.previous, actor_id)


def describe(session: Session, draft_id: int, revision: int, title: str, note: str, actor_id: int) -> RuleDraft:
    """Another title and note: what the draft is for."""
    row = _change(session, draft_id, revision, actor_id, title=_title(title), note=_note(note))
    _note_down(session, actor_id, "rules.draft.describe", row, revision=row.revision)
    return row


def propose(session: Session, draft_id: int, revision: int, actor_id: int, fresh: RuleSet) -> RuleDraft:
    """Ask a second person to publish it. `fresh`: its text, loaded. RuleErrors when it could not be published."""
    before = get(session, draft_id)
    rulebook.check(session, fresh, before.text)
    values = {"proposed_by": actor_id, "proposed_at": clock.now(), "proposed_hash": before.text_hash}
    row = _moved(session, draft_id, DRAFT, PROPOSED, RuleDraft.revision == revision, **values)
    _note_down(session, actor_id, "rules.draft.propose", row)
    messages.proposed(session, row, clock.local_day(clock.now(), fresh.timezone))
    return row


def take_back(session: Session, draft_id: int, actor_id: int) -> RuleDraft:
    """A proposed or declined draft can be changed again."""
    cleared = {"proposed_by": None, "proposed_at": None, "proposed_hash": None, "decided_by": None, "decided_at": None}
    state = get(session, draft_id).state
    if state not in (PROPOSED, DECLINED):
        raise Refused(_("This draft is not proposed. Nothing was changed."))
    row = _moved(session, draft_id, state, DRAFT, **cleared)
    _note_down(session, actor_id, "rules.draft.take_back", row)
    messages.taken_back(session, draft_id)
    return row


def decline(session: Session, draft_id: int, actor_id: int, reason: str) -> RuleDraft:
    """Send a proposal back, saying why. Not by the one who proposed it: that is taking it back."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_NOTE:
        raise BadInput(_("Say in up to %(most)s characters why it is declined.", most=LONGEST_NOTE), "reason")
    if get(session, draft_id).proposed_by == actor_id:
        raise Forbidden(_("You proposed this draft yourself: take it back instead."))
    values = {"decided_by": actor_id, "decided_at": clock.now(), "reason": reason}
    row = _moved(session, draft_id, PROPOSED, DECLINED, **values)
    _note_down(session, actor_id, "rules.draft.decline", row, reason=reason)
    messages.declined(session, row)
    return row


def may_decide(person_id: int, proposer_id: int | None, changer_id: int) -> bool:
    """A second person: neither who proposed the draft nor who changed it last."""
    return person_id not in (proposer_id, changer_id)


def publish(session: Session, draft_id: int, seal: str, actor_id: int, fresh: RuleSet) -> RuleVersion:
    """Publish the proposed text: the very one that was proposed and that the person saw (`seal`, its hash).

    `fresh`: that text, loaded. Forbidden to who proposed or last changed it; Refused where it is another text by
    now; RuleErrors where the day has passed or another version came first.
    """
    row = get(session, draft_id)
    if not may_decide(actor_id, row.proposed_by, row.changed_by):
        raise Forbidden(_("Who proposed a draft or changed it last cannot publish it: that takes a second person."))
    if row.state != PROPOSED or seal != row.proposed_hash or rulebook.text_hash(row.text) != seal:
        raise Refused(_("This is not the text that was proposed any more. Look at it again; nothing was published."))
    version = rulebook.publish_rules(session, row.text, actor_id, fresh)
    values = {"decided_by": actor_id, "decided_at": clock.now(), "reason": "", "number": version.version}
    row = _moved(session, draft_id, PROPOSED, PUBLISHED, RuleDraft.proposed_hash == seal, **values)
    _note_down(session, actor_id, "rules.draft.publish", row, number=version.version, proposed_by=row.proposed_by)
    messages.published(session, row, version.version, version.effective)
    return version


def simulate(session: Session, draft_id: int, actor_id: int, as_if: date | None, seal: str) -> int:
    """Put a simulation of the present text over everybody in line; the number of the run.

    `seal`: the hash of the text that was loaded before. `as_if`: the day from which it is taken to hold, None for
    its own.
    """
    row = get(session, draft_id)
    if row.state == PUBLISHED:
        raise Refused(_("This draft is published: its version is in force or will be."))
    if row.text_hash != seal:
        raise Stale(_("The draft has changed meanwhile. Look at it as it is now; nothing was done."))
    day = as_if.isoformat() if as_if else None
    run_id = runs.begin(session, simulation.KIND, actor_id, text=row.text, as_if=day)
    mine = RuleDraft.id == draft_id
    session.execute(update(RuleDraft).where(mine).values(run_id=run_id, run_hash=row.text_hash))
    _note_down(session, actor_id, "rules.draft.simulate", row, run=run_id, as_if=day)
    return run_id


def _change(session: Session, draft_id: int, revision: int, actor_id: int, **values: Any) -> RuleDraft:
    values |= {"changed_by": actor_id, "changed_at": clock.now(), "revision": revision + 1}
    mine = (RuleDraft.id == draft_id, RuleDraft.revision == revision, RuleDraft.state == DRAFT)
    if not session.execute(update(RuleDraft).where(*mine).values(**values)).rowcount:  # type: ignore[attr-defined]
        found = get(session, draft_id)
        if found.state != DRAFT:
            raise Refused(_("This draft is not open for changes: take it back first. What is kept is as it was."))
        raise Stale(_("Somebody saved this draft after you had opened it. Both texts are shown; nothing is lost."))
    return get(session, draft_id)


def _moved(
    session: Session, draft_id: int, before: str, after: str, *still: ColumnElement[bool], **values: Any
) -> RuleDraft:
    mine = (RuleDraft.id == draft_id, RuleDraft.state == before, *still)
    moved = session.execute(update(RuleDraft).where(*mine).values(state=after, **values))
    if not moved.rowcount:  # type: ignore[attr-defined]
        get(session, draft_id)
        raise Stale(_("The draft has changed meanwhile. Look at it as it is now; nothing was done."))
    return get(session, draft_id)


def _title(title: str) -> str:
    title = title.strip()
    if not 0 < len(title) <= LONGEST_TITLE:
        raise BadInput(_("Write a title of up to %(most)s characters.", most=LONGEST_TITLE), "title")
    return title


def _note(note: str) -> str:
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise BadInput(_("The note is longer than %(most)s characters.", most=LONGEST_NOTE), "note")
    return note


def _note_down(session: Session, actor_id: int, action: str, row: RuleDraft, **detail: Any) -> None:
    audit.record(session, actor_id, action, f"rule_draft:{row.id}", text_hash=row.text_hash, **detail)
