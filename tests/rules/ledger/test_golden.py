"""The bytes of evidence, ledger and heads are frozen: a change here breaks every chain that was ever written.

Each vector is reckoned twice: by the academy's code, and by the thirty lines below, which a stranger could write from
`docs/ledger-format.md` and which use nothing of ours.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.base.clock import from_ms
from app.credits.books.quick import _ascii
from app.credits.folding import read_why
from app.credits.heads import numbers_of
from app.credits.recording import payload_hash
from app.rules import ledger

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
ZEROS = "0" * 64


# --- What a third party writes. -----------------------------------------------------------------------------------
def sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def compact(value: object, ascii_only: bool) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), sort_keys=True)


def evidence_hash(e: dict[str, Any]) -> str:
    fields = ("key", "kind", "happened_ms", "known_ms", "recorded_by", "facts", "names")
    return sha(compact([e[name] for name in fields], False))


def transaction_hash(t: dict[str, Any], previous: str) -> str:
    entries = sorted(t["entries"])
    assert sum(amount for _account, amount in entries) == 0
    head = ["duxue-ledger-1", t["learner"], t["seq"], t["evidence"], t["period"], t["version"], t["posted_ms"]]
    return sha(compact([*head, t["reverses"], entries, sha(t["why"]), previous], True))


def recomputed(evidence: list[dict[str, Any]], transactions: list[dict[str, Any]]) -> dict[str, Any]:
    digests, digest, link = [ZEROS], ZEROS, ZEROS
    for e in evidence:
        digest = sha(f"{digest}:{evidence_hash(e)}")
        digests.append(digest)
    for t in transactions:
        known = json.loads(t["why"])
        assert known["digest"] == digests[known["evidence"]]
        link = transaction_hash(t, link)
    return {"digests": digests[1:], "hash": link, "numbers": sha(",".join(str(n + 1) for n in range(len(evidence))))}


# -------------------------------------------------------------------------------------------------------------------


def test_thirty_lines_of_a_stranger_give_the_same() -> None:
    found = recomputed(GOLDEN["evidence"], GOLDEN["transactions"])
    head = GOLDEN["head"]
    assert found == {"digests": GOLDEN["digests"], "hash": head["hash"], "numbers": head["numbers"]}
    assert [evidence_hash(each) for each in GOLDEN["evidence"]] == [each["payload_hash"] for each in GOLDEN["evidence"]]


@pytest.mark.parametrize("each", GOLDEN["evidence"], ids=lambda each: each["key"])
def test_evidence_is_frozen(each: dict[str, Any]) -> None:
    happened, known = from_ms(each["happened_ms"]), from_ms(each["known_ms"])
    given = (each["key"], each["kind"], happened, known, each["recorded_by"], each["facts"], each["names"])
    assert hashlib.sha256(each["payload"].encode()).hexdigest() == each["payload_hash"]
    assert payload_hash(*given) == each["payload_hash"]


def test_the_digest_is_frozen() -> None:
    digest = GOLDEN["start"]
    for each, expected in zip(GOLDEN["evidence"], GOLDEN["digests"], strict=True):
        digest = ledger.extend(digest, each["payload_hash"])
        assert digest == expected
    assert numbers_of([1, 2, 3]) == GOLDEN["head"]["numbers"]


@pytest.mark.parametrize("each", GOLDEN["transactions"], ids=lambda each: str(each["seq"]))
def test_transactions_are_frozen(each: dict[str, Any]) -> None:
    transaction = ledger.Transaction(
        each["learner"], each["seq"], each["evidence"], date.fromisoformat(each["period"]), each["version"],
        each["posted_ms"], each["reverses"], tuple((name, amount) for name, amount in each["entries"]), each["why"],
        each["previous"],
    )  # fmt: skip
    assert ledger.canonical_bytes(transaction).decode() == each["canonical"]
    assert ledger.why_hash(each["why"]) == each["why_hash"]
    assert ledger.link(transaction) == each["hash"]
    steps, row, digest = read_why(each["why"])
    assert (digest, json.loads(steps)) == (GOLDEN["digests"][row - 1], json.loads(each["why"])["why"])


def test_every_case_is_there() -> None:
    """A posting with a cut, hours carried over, an adjustment after a seal, a reversal, Chinese text, escapes."""
    accounts = [name for each in GOLDEN["transactions"] for name, _amount in each["entries"]]
    assert GOLDEN["form"] == ledger.FORM
    assert any(name.endswith("/uncounted") for name in accounts)
    assert any(name.startswith("source/carried/") for name in accounts)
    assert any("<2025-01-01/" in name for name in accounts)
    assert any(each["reverses"] for each in GOLDEN["transactions"])
    assert any("专业" in name for name in accounts)
    escapes = GOLDEN["escapes"]
    assert compact([escapes["text"]], False) == escapes["payload"]
    assert compact([escapes["text"]], True) == escapes["canonical"]


def test_the_fast_encoder_gives_the_same_bytes_for_every_character() -> None:
    """Proving at speed encodes with msgspec; Python's `json` is what the form is defined by."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    for start in range(0, len(characters), 4096):
        piece = ["".join(characters[start : start + 4096]), -5, None, True, [["x", 10**15]]]
        assert msgspec.json.encode(piece) == compact(piece, False).encode()
        assert _ascii(tuple(piece)) == compact(piece, True).encode()
    for character in ("\x7f", "é", "a"):
        assert _ascii((character,)) == compact([character], True).encode()
    with pytest.raises(UnicodeEncodeError):
        msgspec.json.encode("\ud800")


def test_times_are_whole_milliseconds() -> None:
    assert from_ms(GOLDEN["evidence"][0]["happened_ms"]) == datetime(2025, 11, 3, 0, 20, 31, 250_000, tzinfo=UTC)
