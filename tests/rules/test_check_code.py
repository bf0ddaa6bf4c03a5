"""Check codes: what is made can be read back however it is typed, and every slip of the finger is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import check_code

CHANCE = st.integers(0, (1 << check_code.BITS) - 1)


@given(CHANCE)
def test_what_is_made_is_read_back(chance: int) -> None:
    code = check_code.make(chance)
    assert len(code) == 24
    assert not set(code) & set("ILOU")
    shown = check_code.shown(code)
    assert [len(part) for part in shown.split("-")] == [4] * 6
    for typed in (code, shown, shown.lower(), shown.replace("-", " "), f"  {shown}\n", shown.replace("-", "—")):
        assert check_code.read(typed) == code


@given(CHANCE, st.integers(0, 23), st.integers(1, 31))
def test_one_wrong_sign_is_noticed(chance: int, place: int, by: int) -> None:
    code = check_code.make(chance)
    other = check_code.ALPHABET[(check_code.ALPHABET.index(code[place]) + by) % 32]
    assert check_code.read(code[:place] + other + code[place + 1 :]) is None


@given(CHANCE, st.integers(0, 23), st.integers(0, 23))
def test_two_signs_that_changed_places_are_noticed(chance: int, one: int, two: int) -> None:
    signs = list(check_code.make(chance))
    signs[one], signs[two] = signs[two], signs[one]
    found = check_code.read("".join(signs))
    assert (found is not None) == (signs[one] == signs[two])


def test_codes_differ_as_much_as_their_chance() -> None:
    made = {check_code.make(1 << place) for place in range(check_code.BITS)} | {check_code.make(0)}
    assert len(made) == check_code.BITS + 1
    with pytest.raises(ValueError, match="115 bits"):
        check_code.make(1 << check_code.BITS)


def test_look_alikes_and_full_width_signs_are_taken() -> None:
    code = check_code.make(0)
    assert code == "0" * 24
    assert check_code.read("oO0o" * 6) == code
    assert check_code.read("０" * 24) == code
    one = check_code.make(1)
    assert check_code.read(one.replace("1", "l")) == check_code.read(one.replace("1", "I")) == one


@pytest.mark.parametrize(
    "typed", ["", "7K3D", "U" * 24, "0" * 23, "0" * 25, "0" * 5000, "中" * 24, "../../../etc/passwd0000"]
)
def test_what_is_no_code(typed: str) -> None:
    assert check_code.read(typed) is None
