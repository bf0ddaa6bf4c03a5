"""A value of the language ↔ the texts of the inputs that edit it.

`shown` gives the inputs of a value, by the end of their names; None where the widget cannot hold the value without
losing some of it: then it is edited as TOML. `typed` gives the value of inputs. What cannot be understood stays as
it was typed, as a text: the loader says what is wrong with it, and nothing is lost.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from app.credits.workshop import composite
from app.credits.workshop.cuts import written
from app.credits.workshop.fields import Field
from app.credits.workshop.inputs import ABSENT, FLAGS, Inputs, choice, exact, listed, plain, split
from app.rules.credit.document import MOST_POINTS

RAW: Final = ":toml"


class NotToml(Exception):
    """What was typed as TOML is none."""


def shown(field: Field, value: Any) -> Inputs | None:
    """The inputs of a value (ABSENT: empty ones), by the end of their names; None: only as TOML."""
    return _WIDGETS[field.kind][0](field, value)


def typed(field: Field, inputs: Mapping[str, str]) -> Any:
    """The value of inputs; ABSENT when they are empty. NotToml."""
    if RAW in inputs:
        return toml_of(inputs[RAW])
    return _WIDGETS[field.kind][1](field, {name: text.strip() for name, text in inputs.items()})


def as_toml(value: Any) -> str:
    """A value as it is edited in one line; "" for none."""
    return "" if value is ABSENT else written(value)


def toml_of(text: str) -> Any:
    """The value of one line of TOML; ABSENT of an empty one. NotToml."""
    if not text.strip():
        return ABSENT
    if text.count(".") > MOST_POINTS:
        raise NotToml
    try:
        found = tomllib.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError) as error:
        raise NotToml from error
    if set(found) != {"value"}:
        raise NotToml
    return found["value"]


def _one(field: Field, value: Any) -> Inputs | None:
    wanted = {"whole": int, "text": str, "day_text": str}.get(field.kind)
    text = plain(value)
    return None if text is None or (wanted and value is not ABSENT and type(value) is not wanted) else {"": text}


def _text(_field: Field, inputs: Mapping[str, str]) -> Any:
    return inputs.get("", "") or ABSENT


def _number(_field: Field, inputs: Mapping[str, str]) -> Any:
    return exact(inputs.get("", ""))


def _day(_field: Field, value: Any) -> Inputs | None:
    if value is ABSENT:
        return {"": ""}
    return {"": value.isoformat()} if type(value) is date else None


def _typed_day(_field: Field, inputs: Mapping[str, str]) -> Any:
    text = inputs.get("", "")
    try:
        return date.fromisoformat(text) if len(text) == 10 else text or ABSENT
    except ValueError:
        return text


def _day_text(field: Field, value: Any) -> Inputs | None:
    return _day(field, value) or _one(field, value)


def _flag(_field: Field, value: Any) -> Inputs | None:
    if value is ABSENT:
        return {"": ""}
    return {"": "true" if value else "false"} if isinstance(value, bool) else None


def _typed_flag(_field: Field, inputs: Mapping[str, str]) -> Any:
    text = inputs.get("", "")
    return FLAGS.get(text, text or ABSENT)


def _both(_field: Field, value: Any) -> Inputs | None:
    found = {} if value is ABSENT else value
    if not isinstance(found, dict) or not set(found) <= {"zh", "en"}:
        return None
    texts = [plain(found.get(language, ABSENT)) for language in ("zh", "en")]
    if None in texts or any(type(each) is int for each in found.values()):
        return None
    return {":zh": texts[0] or "", ":en": texts[1] or ""}


def _typed_both(_field: Field, inputs: Mapping[str, str]) -> Any:
    found = {language: inputs.get(f":{language}", "") for language in ("zh", "en")}
    return {language: text for language, text in found.items() if text} or ABSENT


def _words(_field: Field, value: Any) -> Inputs | None:
    text = "" if value is ABSENT else listed(value)
    return None if text is None else {"": text}


def _typed_words(_field: Field, inputs: Mapping[str, str]) -> Any:
    return split(inputs.get("", "")) or ABSENT


_Shown = Callable[[Field, Any], Inputs | None]
_Typed = Callable[[Field, Mapping[str, str]], Any]
_WIDGETS: Final[dict[str, tuple[_Shown, _Typed]]] = {
    "text": (_one, _text),
    "formula": (_one, _text),
    "number": (_one, _number),
    "whole": (_one, _number),
    "day": (_day, _typed_day),
    "day_text": (_day_text, _typed_day),
    "choice": (choice, _text),
    "flag": (_flag, _typed_flag),
    "both": (_both, _typed_both),
    "words": (_words, _typed_words),
    "selector": (composite.shown_selector, composite.typed_selector),
    "mapping": (composite.shown_mapping, composite.typed_mapping),
    "steps": (composite.shown_steps, composite.typed_steps),
    "quota": (composite.shown_quota, composite.typed_quota),
    "meets": (composite.shown_meets, composite.typed_meets),
    "within": (composite.shown_within, composite.typed_within),
    "over": (composite.shown_over, composite.typed_over),
    "rounding": (composite.shown_rounding, composite.typed_rounding),
    "raw": (lambda _field, _value: None, _text),
}
