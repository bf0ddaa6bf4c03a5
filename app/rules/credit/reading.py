"""One row of a rule set being read: typed keys, and every mistake noted with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from app.rules.credit import formula, formula_text, selector
from app.rules.credit.errors import RuleError, Said, say
from app.rules.credit.formula import Expr, Ratio
from app.rules.credit.lines import Lines
from app.rules.credit.selector import Selector

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?(?:/[0-9]{1,9}(?:\.[0-9]{1,9})?)?")
_LONGEST_ID = 80


def number(raw: object) -> Fraction | None:
    """`3`, `"0.5"`, `"2/3"` → exact, not below 0; None for anything else."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Fraction(raw) if 0 <= raw <= 10**9 else None
    if not isinstance(raw, str) or not _NUMBER.fullmatch(raw):
        return None
    top, _, bottom = raw.partition("/")
    below = Fraction(bottom or "1")
    return Fraction(top) / below if below else None


class Row:
    """A row, its place, and the list that its mistakes go to. Unknown keys are noted at once."""

    def __init__(
        self,
        table: str,
        index: int,
        data: Mapping[str, Any],
        lines: Lines,
        errors: list[RuleError],
        allowed: Sequence[str],
    ) -> None:
        self.table, self.index, self.data, self.lines, self.errors = table, index, data, lines, errors
        given = data.get("id")
        self.id = given if isinstance(given, str) else ""
        self.before = len(errors)
        for key in data:
            if key not in allowed:
                self.wrong(say("unknown key %(key)r; allowed: %(allowed)s", key=key, allowed=", ".join(allowed)), key)

    @property
    def sound(self) -> bool:
        """No mistake so far."""
        return len(self.errors) == self.before

    @property
    def line(self) -> int:
        """Where the row begins."""
        return self.lines.of(self.table, self.index)

    def wrong(self, message: Said, key: str | None = None) -> None:
        """Note a mistake at the line of `key`, or of the row."""
        self.errors.append(RuleError(self.lines.of(self.table, self.index, key), self.table, self.id, message))

    def about(self, key: str, message: Said) -> None:
        """Note a mistake in the value of `key`."""
        self.wrong(say("%(key)r: %(message)s", key=key, message=message), key)

    def need(self, *keys: str) -> None:
        """Exactly one of these keys (one or two) must be there."""
        there = [key for key in keys if key in self.data]
        if len(there) != 1:
            names: str = say("%(one)r or %(other)r", one=keys[0], other=keys[1]) if keys[1:] else repr(keys[0])
            few, many = say("needs %(keys)s", keys=names), say("needs only one of %(keys)s", keys=names)
            self.wrong(many if there else few, there[0] if there else None)

    def text(self, key: str, default: str = "", *, longest: int = 200) -> str:
        """A text that is not empty."""
        raw = self.data.get(key, default)
        if key in self.data and not (isinstance(raw, str) and 0 < len(raw.strip()) <= longest):
            self.wrong(
                say(
                    "%(key)r must be a text of 1 to %(most)s characters, not %(found)r",
                    key=key,
                    most=longest,
                    found=raw,
                ),
                key,
            )
            return default
        return str(raw)

    def name(self) -> str:
        """The row's id."""
        self.need("id")
        return self.text("id", longest=_LONGEST_ID)

    def choice(self, key: str, options: Sequence[str], default: str) -> str:
        """One of a closed set of words."""
        raw = self.data.get(key, default)
        if raw not in options:
            allowed = ", ".join(options)
            self.wrong(
                say("%(key)r must be one of %(allowed)s, not %(found)r", key=key, allowed=allowed, found=raw), key
            )
            return default
        return str(raw)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        raw = self.data.get(key, default)
        if not isinstance(raw, bool):
            self.wrong(say("%(key)r must be true or false, not %(found)r", key=key, found=raw), key)
            return default
        return raw

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number in a range."""
        raw = self.data.get(key, default)
        if not isinstance(raw, int) or isinstance(raw, bool) or not low <= raw <= high:
            self.wrong(
                say(
                    "%(key)r must be a whole number from %(low)s to %(high)s, not %(found)r",
                    key=key,
                    low=low,
                    high=high,
                    found=raw,
                ),
                key,
            )
            return default
        return raw

    def exact(self, raw: object, key: str) -> Fraction:
        """An exact number (0 after a mistake)."""
        found = number(raw)
        if found is None:
            wanted = say('must be a number such as 3, "0.5" or "2/3", not %(found)r', found=raw)
            if isinstance(raw, float):
                wanted = say("a float is not exact, write it as a text: %(wanted)s", wanted=wanted)
            self.about(key, wanted)
            return Fraction(0)
        return found

    def thousandths(self, raw: object, key: str) -> int:
        """An amount in whole thousandths."""
        amount = self.exact(raw, key) * 1000
        if amount.denominator != 1:
            self.about(key, say("%(found)r is not a whole number of thousandths", found=raw))
        return int(amount)

    def amount_of(self, raw: object, key: str) -> Fraction:
        """A number of whole thousandths, exact."""
        return Fraction(self.thousandths(raw, key), 1000)

    def day(self, key: str) -> date | None:
        """A TOML date (without time)."""
        raw = self.data.get(key)
        if type(raw) is not date:
            self.wrong(
                say("%(key)r must be a date such as 2026-01-01 (without quotes), not %(found)r", key=key, found=raw),
                key,
            )
            return None
        return raw

    def selector(self, key: str, fields: Sequence[str]) -> Selector:
        """A selector; without the key it fits everything."""
        return self.part(self.data.get(key, {}), key, fields)

    def sums(self, key: str) -> Selector:
        """A selector over what was posted: it reads buckets, and also sees what was carried in."""
        try:
            return selector.parse(self.data.get(key, {}), selector.BUCKET_FIELDS, carried=True)
        except selector.SelectorError as error:
            self.about(key, error.said)
            return Selector({})

    def part(self, raw: object, key: str, fields: Sequence[str]) -> Selector:
        """A selector inside the value of `key`."""
        try:
            return selector.parse(raw, fields)
        except selector.SelectorError as error:
            self.about(key, error.said)
            return Selector({})

    def amount(self, raw: object, key: str) -> Expr:
        """A formula for an amount."""
        found = self._formula(raw, key)
        if isinstance(found, Ratio):
            self.about(key, formula.LOOSE)
            return formula.constant(Fraction(0))
        return found

    def measure(self, raw: object, key: str) -> Expr | Ratio:
        """A formula that is only compared, so it may be a bare ratio."""
        return self._formula(raw, key)

    def _formula(self, raw: object, key: str) -> Expr | Ratio:
        if isinstance(raw, int) and not isinstance(raw, bool):
            raw = str(raw)
        if isinstance(raw, float):
            self.about(key, say("a float is not exact, write it as a text: %(wanted)s", wanted=f'"{raw}"'))
        elif isinstance(raw, str):
            try:
                return formula_text.parse(raw)
            except formula.FormulaError as error:
                self.about(key, error.said)
        else:
            self.wrong(say('%(key)r must be a formula such as "length / 45", not %(found)r', key=key, found=raw), key)
        return formula.constant(Fraction(0))

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        raw = self.data.get(key)
        found = raw if isinstance(raw, list) else [raw]
        if not found or not all(isinstance(each, str) and each for each in found):
            self.wrong(say("%(key)r must be a list of texts, not %(found)r", key=key, found=raw), key)
            return ()
        return tuple(found)

    def both_languages(self, key: str) -> dict[str, str]:
        """`{zh = "…", en = "…"}`; one of them may be missing until publishing. A bare text serves both."""
        raw = self.data.get(key, {})
        if isinstance(raw, str) and raw:
            return {"zh": raw, "en": raw}
        fine = isinstance(raw, dict) and all(
            lang in ("zh", "en") and isinstance(text, str) and text for lang, text in raw.items()
        )
        if not fine:
            self.wrong(say('%(key)r must look like {zh = "…", en = "…"}, not %(found)r', key=key, found=raw), key)
            return {}
        return dict(raw)
