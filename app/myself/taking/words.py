"""The names of the parts and columns of a copy, as people read them. Translated where they are shown."""

from __future__ import annotations

from typing import Final


def N_(text: str) -> str:
    """Mark a text for translation; it is translated later."""
    return text


PART_WORDS: Final[dict[str, str]] = {
    "person": N_("Profile"),
    "unit_memberships": N_("Units"),
    "class_memberships": N_("Classes"),
    "roles": N_("Roles"),
    "corrections": N_("Corrections asked for"),
    "roster_sources": N_("Rosters that name me"),
    "roster_changes": N_("What rosters changed"),
    "transfers": N_("Transfers"),
    "opening_balances": N_("Opening balances"),
    "password": N_("Password (only when it was changed)"),
    "account_keys": N_("Slips and links to sign in"),
    "second_factor": N_("Second factor"),
    "identities": N_("Identities at providers"),
    "identity_system": N_("What an identity system says"),
    "recovery_codes": N_("Recovery codes (only whether used)"),
    "sign_ins": N_("Sign-ins"),
    "viewings": N_("Viewings"),
    "coverage": N_("What of which lesson counts"),
    "presence_answers": N_("Answers while watching"),
    "viewing_signals": N_("Notes of the system on viewings"),
    "notes": N_("My notes"),
    "evidence": N_("Evidence of credit"),
    "ledger_transactions": N_("Postings of the ledger"),
    "ledger_entries": N_("Lines of the ledger"),
    "ledger_head": N_("End of my ledger"),
    "periods": N_("Training periods"),
    "certificates": N_("Certificates"),
    "certificate_revocations": N_("Revoked certificates"),
    "tickets": N_("Tickets"),
    "ticket_rounds": N_("What was said in tickets"),
    "messages": N_("Messages"),
    "message_choices": N_("How messages reach me"),
    "uploads": N_("Uploads"),
    "computations": N_("Computations I asked for"),
    "audit_entries": N_("Entries of the audit log"),
}
# Those that have no word show their name in the JSON.
COLUMNS: Final[dict[str, str]] = {
    "name": N_("Name"), "login": N_("Staff number"), "phone": N_("Phone"), "email": N_("E-mail"),
    "unit": N_("Unit"), "class": N_("Class"), "band": N_("Rank band"), "since": N_("From"), "until": N_("Until before"),
    "role": N_("Role"), "place": N_("Class or unit"), "field": N_("Field"), "was": N_("Stood there"),
    "wanted": N_("It should be"), "reason": N_("Reason"), "state": N_("State"), "asked_at": N_("Asked"),
    "decided_at": N_("Decided"), "answer": N_("Answer"), "device": N_("Device"), "address": N_("Address"),
    "created_at": N_("Made at"), "seen_at": N_("Last seen"), "lesson": N_("Lesson"), "media": N_("Lesson"),
    "text": N_("Text"), "kind": N_("Kind"), "at": N_("Time"), "action": N_("Action"), "outcome": N_("Outcome"),
    "by": N_("Who"), "detail": N_("Details"), "code": N_("Code"), "spans": N_("Counted"),
    "pending": N_("Waits for an answer"), "question": N_("Question"),
    "key_trainee": N_("Key trainee"), "disabled_at": N_("Closed at"), "decided_by": N_("Decided by"),
    "revoked_at": N_("Ended at"), "opened_at": N_("Opened at"), "ended_at": N_("Ended at"),
    "end_reason": N_("Why it ended"), "rate_m": N_("Highest speed (thousandths)"),
    "refused_ms": N_("Not counted (milliseconds)"), "counted_ms": N_("Counted (milliseconds)"),
    "pending_ms": N_("Waiting (milliseconds)"), "watched_at": N_("Last watched"), "in_order": N_("In order"),
    "happened_at": N_("Happened at"), "known_at": N_("Known at"), "recorded_by": N_("Recorded by"),
    "facts": N_("Facts"), "period": N_("Period from"), "rule_version": N_("Version of the rules"),
    "posted_at": N_("Posted at"), "reverses": N_("Takes back"), "seq": N_("Number"), "number": N_("Number"),
    "account": N_("Account"), "amount": N_("Thousandths"), "earned": N_("Earned (thousandths)"),
    "countable": N_("Countable (thousandths)"), "met": N_("Met"), "read_at": N_("Read at"), "url": N_("Page"),
    "written_at": N_("Written at"), "answered_by": N_("Answered by"), "answered_at": N_("Answered at"),
    "issued_at": N_("Issued at"), "issued_by": N_("Issued by"), "changed_at": N_("Changed at"),
    "finished_at": N_("Finished at"), "was_right": N_("Right"), "about": N_("To what"), "sort": N_("Kind"),
    "way": N_("How"), "scope_kind": N_("Reach"), "stands_in_for": N_("Stands in for"), "pinned": N_("Fixed by hand"),
    "evidence_key": N_("Evidence"),
}  # fmt: skip

# What the page leaves to data.json: names of the database's own, fingerprints, and what only programs read.
UNSHOWN: Final = frozenset(
    [
        "id",
        "key",
        "name_pinyin",
        "locale",
        "line",
        "payload_hash",
        "previous_hash",
        "hash",
        "content",
        "content_hash",
        "why",
        "buckets",
        "tests",
        "made_up",
        "carry",
        "carried",
        "settled_at",
        "names",
        "resume_ms",
        "check_no",
        "chosen",
        "started_at",
        "cancel_asked_at",
        "from_ms",
        "to_ms",
        "credited",
        "certificate",
        "ticket_key",
    ]
)

# Columns whose values are codes with words of `labels.WORDS`, and who is nobody's role.
CODES: Final[dict[str, str]] = {"band": "band", "role": "role", "scope_kind": "reach", "by": "role"}
WHO: Final[dict[str, str]] = {"self": N_("Myself"), "somebody": N_("Somebody"), "system": N_("System")}
