"""What a copy holds: by table, whose a row is and which columns go with it; and what is left out, with the reason.

`tests/myself/test_parts.py` compares this with the metadata: a new table or column that has to do with a person fails
it until somebody has decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a column's value becomes; a column without any goes as it is. `app/myself/taking/values.py` does it.
JSON, MESSAGE, SPANS, MOMENT, STAFF = "json", "message", "spans", "moment", "staff"
UNIT, GROUP, LESSON, MATERIAL = "unit", "class", "lesson", "material"
QUESTION, SOURCE, IMPORT, PAPER, PLACE = "question", "source", "import", "certificate", "place"
NUMBER = "a number of the database's own"
SECRET = "a secret, or what stands for one: in a file it would open the account"
WORKINGS = "how the academy reckons, not what it knows; what it comes to is in the copy"


@dataclass(frozen=True, slots=True)
class Part:
    """A table's rows of one person. `own`: the column that says whose; `through`: the table that says whose the row is
    to which `own` points; `only`: a column and what it must hold. `takes`: by column what becomes of it, "" for as it
    is. `without`: by column why it stays."""

    name: str
    table: str
    own: str
    takes: Mapping[str, str]
    without: Mapping[str, str] = field(default_factory=dict)
    through: str = ""
    only: tuple[str, str] | None = None


def _plain(text: str) -> dict[str, str]:
    """`"key state told:json"` as a mapping."""
    return {name: how for name, _colon, how in (each.partition(":") for each in text.split())}


def _stays(columns: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(columns.split(), reason)


_ID = _stays("id", NUMBER)
PARTS: tuple[Part, ...] = (
    Part(
        "person", "person", "id",
        _plain("key login name name_pinyin phone email key_trainee locale created_at disabled_at"),
    ),
    Part("unit_memberships", "unit_membership", "person_id", _plain("unit_id:unit band since until"), _ID),
    Part("class_memberships", "class_membership", "person_id", _plain("class_id:class since until pinned"), _ID),
    Part(
        "roles", "role_grant", "person_id",
        _plain("role scope_kind scope_id:place since until stands_in_for:staff"), _ID,
    ),
    Part(
        "corrections", "correction", "person_id",
        _plain("key field was wanted reason state asked_at decided_by:staff decided_at answer"), _ID,
    ),
    Part(
        "roster_sources", "roster_person", "person_id", _plain("source_id:source closed_at"),
        _stays("gone_import_id", NUMBER),
    ),
    Part(
        "roster_changes", "roster_change", "person_id",
        _plain("import_id:import kind staff_number name before:json after:json conflict"), _stays("id unit_id", NUMBER),
    ),
    Part(
        "transfers", "unit_transfer", "person_id",
        _plain("from_id:unit to_id:unit day reason state asked_at asked_by:staff expires_at ended_at ended_by:staff "
               "answer"),
        _ID,
    ),
    Part(
        "opening_balances", "opening_entry", "person_id",
        _plain("source_id:source import_id:import evidence_key key said:json unit year ended_import_id:import"), _ID,
    ),
    Part("password", "credential", "person_id", _plain("changed_at"), _stays("password_hash", SECRET)),
    Part(
        "account_keys", "account_key", "person_id", _plain("way made_at made_by:staff expires_at ended_at email"),
        _ID | _stays("secret_hash batch", SECRET),
    ),
    Part(
        "second_factor", "second_factor", "person_id", _plain("made_at confirmed_at"),
        _stays("secret last_step", SECRET),
    ),
    Part("identities", "identity", "person_id", _plain("issuer subject way linked_at used_at"), _ID),
    Part(
        "identity_system", "scim_mark", "target_id", _plain("external_id details:json closed_at gone_at"),
        _stays("kind", NUMBER), only=("kind", "user"),
    ),
    Part("recovery_codes", "recovery_code", "person_id", _plain("used_at"), _ID | _stays("code_hash", SECRET)),
    Part(
        "sign_ins", "login_session", "person_id",
        _plain("created_at seen_at device address revoked_at proved_twice"),
        _ID | _stays("token_hash", SECRET),
    ),
    Part(
        "viewings", "viewing", "learner_id",
        _plain("id lesson_id:lesson media_version_id:material opened_ms:moment ended_ms:moment end_reason in_order "
               "rate_m refused_ms"),
        _stays("session_id", NUMBER)
        | _stays("expires_ms seq clock_ms open_us credit_us touched_ms chunks marks answer trace_tail", WORKINGS),
    ),
    Part(
        "coverage", "coverage", "learner_id",
        _plain("media_version_id:material counted_ms pending_ms resume_ms watched_at_ms:moment spans:spans "
               "pending:spans"),
        _stays("due_mark_ms due_at_ms", WORKINGS)
        | _stays("checks", "where questions will stand: nobody is told beforehand"),
    ),
    Part(
        "presence_answers", "presence_answer", "learner_id",
        _plain("media_version_id:material number check_no question_id:question chosen was_right answered_ms:moment"),
    ),
    Part("viewing_signals", "viewing_signal", "learner_id", _plain("viewing_id kind at_ms:moment detail")),
    Part("notes", "note", "learner_id", _plain("id lesson_id:lesson at_ms text written_at changed_at")),
    Part(
        "evidence", "evidence", "learner_id",
        _plain("key kind happened_at known_at recorded_by facts:json names payload_hash"), _ID,
    ),
    Part(
        "ledger_transactions", "ledger_transaction", "learner_id",
        _plain("seq evidence_key period rule_version posted_at reverses why:json previous_hash hash"),
    ),
    Part("ledger_entries", "ledger_entry", "learner_id", _plain("seq line account amount")),
    Part("ledger_head", "chain_head", "learner_id", _plain("seq hash"), _stays("settled_evidence", NUMBER)),
    Part(
        "periods", "learner_period", "learner_id",
        _plain("period earned countable buckets:json tests:json met carried made_up:json carry:json settled_at"),
    ),
    Part(
        "certificates", "hours_certificate", "learner_id",
        _plain("code since until language issued_at issued_by:staff known_at content:json content_hash"), _ID,
    ),
    Part(
        "certificate_revocations", "hours_certificate_revocation", "certificate_id",
        _plain("certificate_id:certificate revoked_at revoked_by:staff reason"), _ID, through="hours_certificate",
    ),
    Part(
        "tickets", "ticket", "learner_id",
        _plain("key lesson_id:lesson media_version_id:material from_ms to_ms state opened_at granted:spans credited"),
    ),
    Part(
        "ticket_rounds", "ticket_round", "learner_id",
        _plain("ticket_key number text written_at outcome answer answered_by:staff answered_at"),
        _stays("attached", "the viewings as they were then; the viewings themselves are in the copy"),
    ),
    Part("messages", "notice", "person_id", _plain("kind url facts:message at read_at"), _ID),
    Part("message_choices", "notice_choice", "person_id", _plain("sort way")),
    Part("uploads", "upload", "person_id", _plain("name size received created_at used_at"), _stays("key", SECRET)),
    Part(
        "computations", "run", "asked_by", _plain("kind asked_at started_at finished_at cancel_asked_at state"),
        _stays("id done total tries token", NUMBER)
        | _stays("parameters result error", "work for the academy: it may tell of other people"),
    ),
)  # fmt: skip
AUDIT = "audit_entries"  # besides the parts: entries of the audit log, chosen by `audits.py`
_DONE = "that somebody did this for the academy; the own audit entries tell of it"
# What has to do with a person and is not in the copy: a table, or one of its columns.
LEFT_OUT: Mapping[str, str] = {
    "former_credential": "hashes of passwords that were: secrets, and nothing else",
    "evidence_pack": "a packed second copy of the evidence",
    "present_stand": "reckoned from the ledger for the list of a class, and at any time again",
    "trace_chunk": "the reports of the player, from which viewings and coverage come; kept for some months only",
    "audit_entry.actor_id": "chosen one by one: see audit_entries",
    "announcement.changed_by": _DONE,
    "course.created_by": _DONE,
    "period_seal.by_id": _DONE,
    "roster_import.applied_by": _DONE,
    "roster_import.undone_by": _DONE,
    "unit_act.acted_by": _DONE,
    "rule_draft.changed_by": _DONE,
    "rule_draft.created_by": _DONE,
    "rule_draft.decided_by": _DONE,
    "rule_draft.proposed_by": _DONE,
    "rule_version.published_by": _DONE,
}
