"""The lease: only what we signed is believed, and all that we signed comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing.lease import BadLease, LeaseClaims, sign, verify

number = st.integers(0, 2**53)
claims = st.builds(LeaseClaims, number, number, number, number, number, number)
secret = st.binary(min_size=1, max_size=40)
KEY = b"a key for this test, 32 bytes!!!"
ONE = LeaseClaims(7, 8, 9, 60_000, 1500, 1_800_000_000_000)


@given(claims, secret)
def test_round_trip(given_claims: LeaseClaims, key: bytes) -> None:
    token = sign(key, given_claims)
    assert token.isascii()
    assert verify((key,), token) == given_claims


@given(claims, st.lists(secret, unique=True, min_size=2, max_size=4), st.data())
def test_an_older_key_still_verifies_and_a_foreign_one_never(
    given_claims: LeaseClaims, keys: list[bytes], data: st.DataObject
) -> None:
    ours = data.draw(st.sampled_from(keys))
    token = sign(ours, given_claims)
    assert verify(tuple(keys), token) == given_claims
    with pytest.raises(BadLease) as told:
        # HMAC pads short keys with zero bytes: such a pair is one key.
        verify(tuple(k for k in keys if k.rstrip(b"\0") != ours.rstrip(b"\0")), token)
    assert told.value.reason == "not_ours"


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_one_changed_character_is_refused(at: int, other: str) -> None:
    token = sign(KEY, ONE)
    at %= len(token)
    changed = token[:at] + other + token[at + 1 :]
    if changed != token:
        with pytest.raises(BadLease):
            verify((KEY,), changed)


@given(st.text(max_size=300))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(BadLease):
        verify((KEY,), text)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "malformed"),
        ("1.2.3.4.5.6", "malformed"),
        ("1" * 257, "malformed"),
        ("é." + "A" * 22, "malformed"),
        ("1.2.3.4.5.6." + "A" * 22, "not_ours"),
    ],
)
def test_reasons(token: str, reason: str) -> None:
    with pytest.raises(BadLease) as told:
        verify((KEY,), token)
    assert told.value.reason == reason


def test_an_empty_key_signs_nothing_and_verifies_nothing() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        sign(b"", ONE)
    with pytest.raises(BadLease):
        verify((b"", b"other"), sign(KEY, ONE))


def test_an_expired_lease_is_told_by_its_claims() -> None:
    assert verify((KEY,), sign(KEY, LeaseClaims(1, 2, 3, 4, 5, 0))).expires_ms == 0
