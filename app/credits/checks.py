"""What one learner's rows must agree in. Each check names the row, what was expected and what is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.base.clock import to_ms
from app.credits import sums
from app.credits.folding import fold, read_why, targets_of
from app.credits.heads import Head, numbers_of
from app.credits.models import ChainHead, LearnerPeriod
from app.credits.posting import standing
from app.credits.recording import payload_hash_of
from app.credits.rows import EntryRow, EvidenceRow, TransactionRow, Unreadable
from app.rules import ledger
from app.rules.credit.book import RuleBook
from app.rules.credit.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement. `learner_key` "" where it concerns the rules; `what`: which check found it."""

    learner_key: str
    what: str
    row: str
    expected: str
    found: str

    def __str__(self) -> str:
        whose = f"learner {self.learner_key}, " if self.learner_key else ""
        return f"{whose}{self.what}, {self.row}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that is kept about one learner's credit; rows in their own order.

    `unreadable`: None as long as nobody looked at each value by itself (`rows.carefully`). `seals`: (whose seal, line
    of its closing record, line that the ledger gives today), "" where there is none.
    """

    key: str
    evidence: Sequence[EvidenceRow]
    transactions: Sequence[TransactionRow]
    entries: Sequence[EntryRow]
    periods: Sequence[LearnerPeriod]
    head: ChainHead | None
    unreadable: Sequence[Unreadable] | None = None
    seals: Sequence[tuple[str, str, str]] = ()


Found = Iterator[tuple[str, str, object, object]]  # what, row, expected, found
UNREADABLE = "unreadable"


def differences(
    account: Account, rules: RuleBook | None, today: date, known: Head | None, seals: Mapping[date, datetime]
) -> list[Difference]:
    """All disagreements of one learner; `known` is the learner's entry of an earlier heads file, `seals` those that
    hold.

    A value that a check stumbles over raises whatever it raises; only of an account that was read carefully
    it becomes a difference of its own. What is folded must be whole: with unreadable rows nothing is replayed.
    """
    checks = [_evidence(account), _chain(account), _digests(account), _head(account), _seals(account)]
    if rules is not None and not account.unreadable:
        checks.append(_replay(account, rules, today, seals))
    if known is not None:
        checks.append(_heads_file(account, known))
    found = [Difference(account.key, UNREADABLE, *each) for each in account.unreadable or ()]
    for check in checks:
        try:
            found += [Difference(account.key, what, row, str(want), str(got)) for what, row, want, got in check]
        except Exception as error:
            if account.unreadable is None:
                raise
            name = check.__name__.strip("_")  # type: ignore[attr-defined]
            found.append(Difference(account.key, UNREADABLE, name, "values that make sense", f"{error!r}"))
    return found


def _evidence(account: Account) -> Found:
    for row in account.evidence:
        if payload_hash_of(row) != row.payload_hash:
            yield "evidence hash", f"evidence {row.id} ({row.key})", row.payload_hash, payload_hash_of(row)
        for moment in (row.happened_at, row.known_at):
            if moment.microsecond % 1000:
                yield "time", f"evidence {row.id} ({row.key})", "whole milliseconds", moment.isoformat()


def _seals(account: Account) -> Found:
    for name, then, now in account.seals:
        if then != now:
            yield "seal", name, then or "not in the record", now or "nothing"


def _chain(account: Account) -> Found:
    lines: defaultdict[int, list[EntryRow]] = defaultdict(list)
    for entry in account.entries:
        lines[entry.seq].append(entry)
    seq, previous = 0, ledger.START
    for row in account.transactions:
        name, own = f"transaction {row.seq}", lines.pop(row.seq, [])
        if row.seq != seq + 1:
            yield "sequence", name, seq + 1, row.seq
        if row.previous_hash != previous:
            yield "chain", name, previous, row.previous_hash
        if sum(entry.amount for entry in own) != 0 or len(own) < 2:
            yield "entry sum", name, 0, [entry.amount for entry in own]
        if [entry.line for entry in own] != list(range(len(own))):
            yield "entries", name, f"lines 0–{len(own) - 1}", [entry.line for entry in own]
        told = [(entry.account, entry.amount) for entry in own]
        if told != sorted(told):
            yield "entries", name, f"in order: {sorted(told)}", told
        if row.posted_at.microsecond % 1000:
            yield "time", name, "whole milliseconds", row.posted_at.isoformat()
        link = _link(account.key, row, own)
        if link != row.hash:
            yield "hash", name, link, row.hash
        seq, previous = row.seq, row.hash
    for stray in sorted(lines):
        yield "entries", f"transaction {stray}", "a transaction", "only its lines"


def _link(key: str, row: TransactionRow, own: Sequence[EntryRow]) -> str:
    entries = tuple((entry.account, entry.amount) for entry in own)
    return ledger.link(
        ledger.Transaction(
            key, row.seq, row.evidence_key, row.period, row.rule_version, to_ms(row.posted_at),
            row.reverses, entries, row.why, row.previous_hash,
        )
    )  # fmt: skip


def _digest_at(account: Account) -> dict[int, str]:
    """Row number → digest over the evidence up to that row."""
    digest, found = ledger.START, {0: ledger.START}
    for row in account.evidence:
        digest = ledger.extend(digest, row.payload_hash)
        found[row.id] = digest
    return found


def _digests(account: Account) -> Found:
    """The evidence there was at each posting must still be there: a row that vanished shows here."""
    at, told = _digest_at(account), set()
    for row in account.transactions:
        try:
            _steps, last, digest = read_why(row.why)
        except (ValueError, KeyError, TypeError):
            yield "reasons", f"transaction {row.seq}", "reasons", row.why[:60]
            continue
        if at.get(last) != digest and last not in told:
            told.add(last)
            name = f"evidence up to {last}, as transaction {row.seq} knew it"
            yield "evidence rows", name, digest, at.get(last, "missing")


def _head(account: Account) -> Found:
    if account.head is None:
        if account.evidence or account.transactions:
            yield "chain head", "chain_head", "a row", "missing"
        return
    last = account.transactions[-1] if account.transactions else None
    expected = (last.seq, last.hash) if last else (0, ledger.START)
    if (account.head.seq, account.head.hash) != expected:
        yield "chain head", "chain_head", expected, (account.head.seq, account.head.hash)


def _replay(account: Account, rules: RuleBook, today: date, seals: Mapping[date, datetime]) -> Found:
    try:
        settlement = fold(rules, account.evidence, today, seals)
        posted = standing(account.transactions, account.entries)
    except (EvidenceError, ValueError, KeyError, TypeError) as error:
        yield "replay", "evidence", "readable evidence and reasons", error
        return
    newest = account.evidence[-1].id if account.evidence else 0
    settled = account.head.settled_evidence if account.head else 0
    if settled != newest:
        yield "settlement", "chain_head.settled_evidence", newest, f"{settled}: `credits.sweep` settles it"
    surplus, missing = ledger.difference(targets_of(settlement), [each.standing for each in posted.values()])
    for one in surplus:
        yield "replay", f"transaction {one.seq} ({one.target.evidence})", "not posted", _said(one.target)
    for target in missing:
        yield "replay", f"evidence {target.evidence}", _said(target), "not posted"
    kinds = {row.key: row.kind for row in account.evidence}
    for written in posted.values():
        target = written.standing.target
        lines = ledger.entries_of(target, kinds.get(target.evidence, ""))
        if lines != written.entries:
            yield "accounts", f"transaction {written.standing.seq}", lines, written.entries
    yield from _sums(account, sums.expected(settlement))


def _said(target: ledger.Target) -> str:
    return (
        f"{target.period} {target.bucket} earned {target.earned} countable {target.countable}"
        f" version {target.version} {target.why}"
    )


def _sums(account: Account, expected: dict[date, sums.Values]) -> Found:
    newest = max((row.period for row in account.periods), default=date.min)
    for row in account.periods:
        want, got = expected.pop(row.period, None), sums.found_in(row)
        if want is None:
            yield "sums", f"learner_period {row.period}", "no such period", got
            continue
        for name, value in want.items():
            if got[name] != value:
                yield "sums", f"learner_period {row.period}.{name}", value, got[name]
    for start, want in expected.items():
        # An empty period that began since the last settlement has no row yet.
        if want["earned"] or start <= newest:
            yield "sums", f"learner_period {start}", want, "missing"


def _heads_file(account: Account, known: Head) -> Found:
    if account.head is None and not (known["seq"] or known["evidence"]):
        yield "heads file: chain head", "chain_head", "a row", "missing"
    seq, own_hash = known["seq"], known["hash"]
    last = account.transactions[-1].seq if account.transactions else 0
    there = {row.seq: row.hash for row in account.transactions}
    if seq > last:
        yield "heads file: truncated", f"transactions {last + 1}–{seq}", own_hash, "missing"
    elif seq and there.get(seq) != own_hash:
        yield "heads file: rewritten", f"transaction {seq}", own_hash, there.get(seq, "missing")
    row, digest = known["evidence"], known["digest"]
    if row and _digest_at(account).get(row) != digest:
        yield "heads file: evidence", f"evidence up to {row}", digest, _digest_at(account).get(row, "missing")
    elif "numbers" in known:
        own = [each.id for each in account.evidence if each.id <= row]
        if numbers_of(own) != known["numbers"]:
            yield "heads file: evidence", f"numbers of the evidence up to {row}", known["numbers"], own
