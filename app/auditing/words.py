"""The audit log in words: what was done, to what, how it ended, and the names of what is told beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.base import labels

# Every action that is ever recorded; a test compares them with the sources.
ACTIONS: dict[str, object] = {
    "sign_in": _l("Signed in"),
    "sign_in.revoke": _l("Signed a device out"),
    "sign_out": _l("Signed out"),
    "person.change_password": _l("Changed the password"),
    "person.confirm_password": _l("Password asked again"),
    "person.disable": _l("Closed an account"),
    "person.change_email": _l("Changed the e-mail address"),
    "account.slip": _l("Made a slip for an account"),
    "account.link": _l("Sent a link for an account"),
    "account.confirm_link": _l("Sent a link to confirm an address"),
    "account.activate": _l("Chose the first password"),
    "account.reset": _l("Chose a new password"),
    "second_factor.set": _l("Set up an authenticator"),
    "second_factor.remove": _l("Removed an authenticator"),
    "second_factor.begin": _l("Began to set up an authenticator"),
    "second_factor.codes": _l("Had new recovery codes made"),
    "second_factor.recovery": _l("Used or made recovery codes"),
    "sign_in.provider": _l("Sign-in by an identity provider"),
    "identity.link": _l("Linked an identity"),
    "identity.unlink": _l("Unlinked an identity"),
    "scim.token": _l("Made a token of an identity system"),
    "scim.token_revoke": _l("Revoked a token of an identity system"),
    "scim.create": _l("Taken over from an identity system"),
    "scim.change": _l("Changed by an identity system"),
    "scim.remove": _l("Removed by an identity system"),
    "sign_in.revoke_others": _l("Signed other devices out"),
    "person.reopen": _l("Opened an account again"),
    "person.move": _l("Moved somebody to another unit"),
    "person.join": _l("Took somebody into a unit"),
    "person.leave": _l("Noted that somebody left"),
    "person.correct": _l("Corrected somebody's details"),
    "transfer.ask": _l("Asked for a transfer"),
    "transfer.accept": _l("Accepted a transfer"),
    "transfer.decline": _l("Declined a transfer"),
    "transfer.withdraw": _l("Withdrew a transfer"),
    "transfer.expire": _l("Nobody answered a transfer in time"),
    "transfer.lapse": _l("A transfer became void"),
    "unit.open": _l("Opened a unit"),
    "unit.change": _l("Renamed or moved a unit"),
    "unit.merge": _l("Merged a unit into another"),
    "unit.split": _l("Split a unit"),
    "unit.close": _l("Closed a unit"),
    "unit.export": _l("Took the people by unit"),
    "copy.ask": _l("Had a copy of their data made"),
    "copy.take": _l("Took a copy of their data"),
    "correction.ask": _l("Asked for a correction"),
    "correction.withdraw": _l("Withdrew a correction"),
    "correction.accept": _l("Made a correction"),
    "correction.hand_on": _l("Handed a correction on"),
    "correction.decline": _l("Declined a correction"),
    "roster.import": _l("Imported a roster"),
    "roster.undo": _l("Undid an import"),
    "opening.import": _l("Took over opening balances"),
    "opening.undo": _l("Withdrew opening balances"),
    "roster.export": _l("Took everybody as a file"),
    "role.grant": _l("Appointed"),
    "role.end": _l("Ended an appointment"),
    "role.unseparated": _l("Gave one person two separated roles"),
    "class.enrol": _l("Put into a class"),
    "class.leave": _l("Took out of a class"),
    "classes.assign": _l("Arranged classes by rule"),
    "class.assign": _l("Put into a class by rule"),
    "class.close": _l("Closed a class"),
    "class.pin": _l("Pinned somebody to a class"),
    "class.unpin": _l("Released somebody from a class"),
    "class_rule.add": _l("Added a rule of classes"),
    "class_rule.change": _l("Changed a rule of classes"),
    "class_rule.remove": _l("Removed a rule of classes"),
    "class_rule.shift": _l("Moved a rule of classes"),
    "class.export": _l("Took the table of a class"),
    "statement.see": _l("Looked at a statement"),
    "statement.export": _l("Took a statement"),
    "trace.see": _l("Looked at viewing records"),
    "certificate.see": _l("Looked at certificates"),
    "certificate.take": _l("Took a certificate"),
    "certificate.issue": _l("Issued a certificate"),
    "certificate.revoke": _l("Revoked a certificate"),
    "ticket.answer": _l("Answered a ticket"),
    "ticket.decline": _l("Declined a ticket"),
    "ticket.grant": _l("Granted time"),
    "provider.create": _l("Added a provider"),
    "course.create": _l("Made a course"),
    "course.update": _l("Changed a course"),
    "course.withdraw": _l("Withdrew a course"),
    "course.offer": _l("Offered a course"),
    "course.withdraw_offer": _l("Took an offer back"),
    "lesson.add": _l("Added a lesson"),
    "lesson.rename": _l("Renamed a lesson"),
    "lesson.move": _l("Moved a lesson"),
    "lesson.withdraw": _l("Withdrew a lesson"),
    "media.attach": _l("Put a file into a lesson"),
    "caption.attach": _l("Put captions to a lesson"),
    "rendition.request": _l("Had renditions made"),
    "rendition.cancel": _l("Stopped a rendition"),
    "rendition.retry": _l("Had a rendition made again"),
    "question.add": _l("Added a question"),
    "question.change": _l("Changed a question"),
    "question.import": _l("Imported questions"),
    "question.withdraw": _l("Withdrew a question"),
    "announcement.save": _l("Saved an announcement"),
    "announcement.publish": _l("Published an announcement"),
    "announcement.take_back": _l("Took an announcement back"),
    "announcement.delete": _l("Deleted an announcement"),
    "rules.publish": _l("Published rules"),
    "rules.draft.begin": _l("Began a draft of rules"),
    "rules.draft.simulate": _l("Simulated a draft of rules"),
    "rules.draft.save": _l("Saved a draft of rules"),
    "rules.draft.describe": _l("Named a draft of rules"),
    "rules.draft.propose": _l("Proposed a draft of rules"),
    "rules.draft.take_back": _l("Took a proposal of rules back"),
    "rules.draft.decline": _l("Declined a draft of rules"),
    "rules.draft.publish": _l("Published a draft of rules"),
    "rules.draft.export": _l("Took the outcome of a simulation"),
    "run.stop": _l("Stopped a computation"),
    "period.seal": _l("Sealed a period"),
    "period.seal_asked": _l("Asked for a seal"),
    "period.reopen": _l("Opened a period again"),
    "period.reopen_asked": _l("Asked to open a period again"),
    "period.reopen_declined": _l("Declined to open a period again"),
    "period.reopen_withdrawn": _l("Withdrew the wish to open a period again"),
    "books.verify": _l("Proved the books"),
    "books.balance": _l("Took the trial balance"),
    "books.heads": _l("Took the heads of the ledger"),
    "audit.verify": _l("Proved the audit log"),
    "audit.export": _l("Took entries of the audit log"),
    "audit.head": _l("Took the end of the audit log's chain"),
}
# What a subject may be, by the part before its colon.
KINDS: dict[str, object] = {
    "person": _l("Person"),
    "login": _l("Login"),
    "scim_token": _l("Token of an identity system"),
    "class": _l("Class"),
    "unit": _l("Unit"),
    "units": _l("Units"),
    "transfer": _l("Transfer"),
    "course": _l("Course"),
    "lesson": _l("Lesson"),
    "media_version": _l("File of a lesson"),
    "question": _l("Question"),
    "provider": _l("Provider"),
    "ticket": _l("Ticket"),
    "announcement": _l("Announcement"),
    "rules": _l("Credit rules"),
    "rule_draft": _l("Draft of rules"),
    "period": _l("Period"),
    "run": _l("Computation"),
    "books": _l("Books"),
    "heads": _l("Heads of the ledger"),
    "import": _l("Import"),
    "classes": _l("Classes by rule"),
    "class_rule": _l("Rule of classes"),
    "academy": _l("All people"),
    "audit": _l("Audit log"),
}
OUTCOMES: dict[str, object] = {
    "done": _l("Succeeded"),
    "refused": _l("Refused"),
    "differences": _l("Differences found"),
}
PROBLEMS: dict[str, object] = {
    "altered": _l("Altered"),
    "removed": _l("Removed"),
    "unlinked": _l("Not in the chain"),
    "late": _l("Entered later than it says"),
    "unreadable": _l("Cannot be read"),
    "head": _l("Differs from an end that was kept"),
}
NAMES: dict[str, object] = {
    "provider": _l("Identity provider"),
    "address": _l("Address"),
    "sign_in": _l("Sign-in"),
    "role": _l("Role"),
    "roles": _l("Roles"),
    "scope": _l("Reach"),
    "scope_id": _l("Number of the class or unit"),
    "place": _l("Class or unit"),
    "since": _l("First day"),
    "until": _l("Until before"),
    "stands_in_for": _l("Stands in for"),
    "reason": _l("Reason"),
    "course": _l("Course"),
    "lesson": _l("Lesson"),
    "class_id": _l("Number of the class"),
    "group": _l("Class"),
    "requirement": _l("Requirement"),
    "due": _l("Due"),
    "title": _l("Title"),
    "title_en": _l("Title in English"),
    "name": _l("Name"),
    "rows": _l("Lines"),
    "filter": _l("Filter"),
    "code": _l("Code"),
    "kind": _l("Kind"),
    "kinds": _l("Kinds"),
    "differences": _l("Differences"),
    "entries": _l("Log entries"),
    "seq": _l("Link"),
    "head": _l("End of the chain"),
    "learners": _l("Learners"),
    "form": _l("File format"),
    "text": _l("Text"),
    "name_en": _l("Name in English"),
    "nature": _l("Nature of the unit"),
    "parent": _l("Superior unit"),
    "other": _l("Other unit"),
    "below": _l("Units below"),
    "people": _l("People"),
    "day": _l("Holds from"),
    "unit": _l("Unit"),
    "band": _l("Rank band"),
    "phone": _l("Phone"),
    "email": _l("E-mail"),
    "login": _l("Staff number"),
    "field": _l("Field"),
}
_VALUES = {"role": "role", "requirement": "requirement", "scope": "reach", "nature": "nature", "band": "band"}


def action_word(code: str) -> str:
    """What was done; an unknown action shows itself."""
    return str(ACTIONS.get(code, code))


def outcome_word(code: str) -> str:
    """How it ended."""
    return str(OUTCOMES.get(code, code))


def problem_word(code: str) -> str:
    """What a proof found."""
    return str(PROBLEMS.get(code, code))


def subject_parts(subject: str) -> tuple[str, str]:
    """What it was done to, as a kind and a name; "" for the name of what there is one of."""
    kind, _colon, name = subject.partition(":")
    return str(KINDS.get(kind, kind)), "" if kind in ("books", "audit") else name


def lines(detail: Mapping[str, Any], address: str = "") -> list[tuple[str, str, str]]:
    """What is told beside, as (name, value before, value): the value before is "" where nothing was changed.

    `was` and `now` are told together; an address that is told anyway is left out.
    """
    rest = {key: value for key, value in detail.items() if value not in (None, "")}
    if rest.get("address") == address:
        del rest["address"]
    if "place" in rest:  # which says more than its number
        rest.pop("scope_id", None)
    was, now = rest.pop("was", None), rest.pop("now", None)
    return [*_changes(was, now), *((_name(key), "", value_text(key, value)) for key, value in sorted(rest.items()))]


def _changes(was: Any, now: Any) -> list[tuple[str, str, str]]:
    if was is None and isinstance(now, dict):  # something new
        return [(_name(key), "", value_text(key, value)) for key, value in sorted(now.items()) if value is not None]
    if was is None and now is None:
        return []
    if not isinstance(was, dict | None) or not isinstance(now, dict | None):
        return [(str(_("Changed")), value_text("", was), value_text("", now))]
    before, after = was or {}, now or {}
    return [
        (_name(key), value_text(key, before.get(key)), value_text(key, after.get(key)))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _name(key: str) -> str:
    return str(NAMES.get(key, key.replace("_", " ")))


def value_text(key: str, value: Any) -> str:
    """A value as people read it; an en dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("Yes")) if value else str(_("No"))
    if isinstance(value, list | tuple):
        return "，".join(value_text(key, each) for each in value) or "–"
    if isinstance(value, dict):
        return "；".join(f"{_name(name)} {value_text(name, each)}" for name, each in value.items()) or "–"
    kind = _VALUES.get("role" if key == "roles" else key)
    return labels.label(kind, str(value)) if kind else str(value)
