"""The check code of a paper: what people read from it and type. Pure.

24 signs of an alphabet without look-alikes (Crockford's: no I, L, O, U) in groups of four: 23 of chance, 115 bits, and
one that tells a slip of the finger. The check sign is that of a quasigroup over 32 elements (Damm's way): any one wrong
sign and any two signs that changed places are noticed.
"""

from __future__ import annotations

import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS = 115
SIGNS, GROUP = 24, 4
_PLACES = {sign: place for place, sign in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_BETWEEN = frozenset("-‐‑‒–—−_.·・ \u3000\t\r\n")


def _doubled(value: int) -> int:
    """Twice a value in the field of 32 elements (x⁵ + x² + 1)."""
    value <<= 1
    return value ^ 0b100101 if value & 32 else value


def _state(signs: str) -> int:
    state = 0
    for sign in signs:
        state = _doubled(state ^ _PLACES[sign])
    return state


def make(chance: int) -> str:
    """The code, without its hyphens, of a number that nobody can guess (0 to 2**115 - 1)."""
    if not 0 <= chance < 1 << BITS:
        raise ValueError("a code is made of 115 bits")
    body = "".join(ALPHABET[chance >> (5 * place) & 31] for place in reversed(range(SIGNS - 1)))
    return body + ALPHABET[_state(body)]


def read(text: str) -> str | None:
    """The code that somebody typed, in its one form; None where a sign is missing, wrong or out of place.

    Small letters, full-width ones, spaces and dashes of any kind, O for 0 and I or L for 1 are all taken.
    """
    if len(text) > 200:
        return None
    signs = [sign for sign in unicodedata.normalize("NFKC", text).upper() if sign not in _BETWEEN]
    if len(signs) != SIGNS or any(sign not in _PLACES for sign in signs):
        return None
    code = "".join(ALPHABET[_PLACES[sign]] for sign in signs)
    # After the right check sign nothing is left: twice nothing is nothing.
    return code if _state(code) == 0 else None


def shown(code: str) -> str:
    """As it stands on paper: `7K3D-9QXA-…`."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))
