"""Widgets of several inputs: conditions, steps, quotas, windows. `shown_…` and `typed_…` as in `widgets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.credits.workshop import meets
from app.credits.workshop.fields import Field
from app.credits.workshop.inputs import ABSENT, FLAGS, Inputs, choice, exact, listed, plain, split
from app.rules.credit.kinds import FLAG_FIELDS


def shown_selector(field: Field, value: Any) -> Inputs | None:
    """Every condition with its field, its mode and its values; and an empty one to add."""
    found = {} if value is ABSENT else value
    if not isinstance(found, dict) or not set(found) <= set(field.selects):
        return None
    inputs: Inputs = {"+": "", "+:is": "is", "+:value": ""}
    for name, raw in found.items():
        negated = isinstance(raw, dict) and list(raw) == ["not"]
        plain = raw["not"] if negated else raw
        text = ("true" if plain else "false") if isinstance(plain, bool) else listed(plain)
        if text is None or (isinstance(plain, bool) != (name in FLAG_FIELDS)):
            return None
        inputs[f":{name}"], inputs[f":{name}:is"] = text, "not" if negated else "is"
    return inputs


def typed_selector(field: Field, inputs: Mapping[str, str]) -> Any:
    """The conditions that have a value, in the order in which they were shown."""
    given = {name: (inputs.get(f":{name}", ""), inputs.get(f":{name}:is", "is")) for name in field.selects}
    fresh = inputs.get("+", "")
    if fresh in field.selects and inputs.get("+:value"):
        given[fresh] = inputs["+:value"], inputs.get("+:is", "is")
    order = [name for name in field.selects if f":{name}" in inputs]
    found = {}
    for name in dict.fromkeys([*order, fresh]):
        text, mode = given.get(name, ("", "is"))
        if text:
            value = FLAGS.get(text, text) if name in FLAG_FIELDS else _alone(split(text) or [text])
            found[name] = {"not": value} if mode == "not" else value
    return found or ABSENT


def _alone(texts: list[str]) -> Any:
    return texts[0] if len(texts) == 1 else texts


def shown_mapping(field: Field, value: Any) -> Inputs | None:
    """Fields with a value each."""
    if value is not ABSENT and isinstance(value, dict) and any(isinstance(each, dict) for each in value.values()):
        return None
    return shown_selector(field, value)


def typed_mapping(field: Field, inputs: Mapping[str, str]) -> Any:
    """A table, also an empty one."""
    found = typed_selector(field, inputs)
    return {} if found is ABSENT else found


def shown_steps(_field: Field, value: Any) -> Inputs | None:
    """What is measured, and every step; one more step is empty."""
    inputs: Inputs = {":of": ""}
    rows: list[Any] = []
    if value is not ABSENT:
        if not isinstance(value, dict) or set(value) != {"of", "rows"} or not isinstance(value["rows"], list):
            return None
        of, rows = plain(value["of"]), value["rows"]
        if of is None or type(value["of"]) is int:
            return None
        inputs[":of"] = of
    for place, row in enumerate([*rows, {"at_least": ABSENT, "gives": ABSENT}]):
        bound = "more_than" if isinstance(row, dict) and "more_than" in row else "at_least"
        if not isinstance(row, dict) or set(row) != {bound, "gives"}:
            return None
        at, gives = plain(row[bound]), plain(row["gives"])
        if at is None or gives is None:
            return None
        inputs |= {f":{place}:bound": bound, f":{place}:at": at, f":{place}:gives": gives}
    return inputs


def typed_steps(_field: Field, inputs: Mapping[str, str]) -> Any:
    """The steps that have a number."""
    rows, place = [], 0
    while f":{place}:at" in inputs:
        at, gives = inputs[f":{place}:at"], inputs.get(f":{place}:gives", "")
        if at or gives:
            rows.append({inputs.get(f":{place}:bound", "at_least"): exact(at) if at else "", "gives": gives})
        place += 1
    of = inputs.get(":of", "")
    return {"of": of, "rows": rows} if of or rows else ABSENT


def shown_quota(field: Field, value: Any) -> Inputs | None:
    """A number, or one for each value of a field of the standing."""
    empty = {"": "", ":by": "", ":values": "", ":otherwise": ""}
    if not isinstance(value, dict):
        text = plain(value)
        return None if text is None else {**empty, "": text}
    values, otherwise = value.get("value"), plain(value.get("otherwise", ABSENT))
    if not set(value) <= {"by", "value", "otherwise"} or value.get("by") not in field.selects or otherwise is None:
        return None
    if not isinstance(values, dict) or any(plain(each) is None for each in values.values()):
        return None
    if any(name != name.strip() or not name or "=" in name or "\n" in name for name in values):
        return None
    lines = "\n".join(f"{name} = {plain(each)}" for name, each in values.items())
    return {**empty, ":by": value["by"], ":values": lines, ":otherwise": otherwise}


def typed_quota(_field: Field, inputs: Mapping[str, str]) -> Any:
    """A number, or the table of them."""
    if not inputs.get(":by") and not inputs.get(":values"):
        return exact(inputs.get("", ""))
    values = {}
    for line in inputs.get(":values", "").splitlines():
        name, _, number = line.partition("=")
        if name.strip():
            number = number.strip()
            values[name.strip()] = exact(number) if number else ""
    otherwise = exact(inputs.get(":otherwise") or inputs.get("", ""))
    return {"by": inputs.get(":by", ""), "value": values} | ({} if otherwise is ABSENT else {"otherwise": otherwise})


def shown_meets(_field: Field, value: Any) -> Inputs | None:
    """A sentence of tests."""
    text = "" if value is ABSENT else meets.sentence(value)
    return None if text is None else {"": text}


def typed_meets(_field: Field, inputs: Mapping[str, str]) -> Any:
    """Its groups; the sentence itself where it cannot be read."""
    text = inputs.get("", "")
    return (meets.read(text) or text) if text else ABSENT


def shown_within(field: Field, value: Any) -> Inputs | None:
    """A word, or a number of years."""
    if isinstance(value, dict):
        years = value.get("years")
        return {"": "years", ":years": str(years)} if set(value) == {"years"} and type(years) is int else None
    found = choice(field, value)
    return None if found is None or value == "years" else {**found, ":years": ""}


def typed_within(_field: Field, inputs: Mapping[str, str]) -> Any:
    """The word or the years."""
    if inputs.get("") != "years":
        return inputs.get("", "") or ABSENT
    years = exact(inputs.get(":years", ""))
    return {"years": "" if years is ABSENT else years}


def shown_over(field: Field, value: Any) -> Inputs | None:
    """A word, or a window: conditions and months."""
    blank = shown_selector(field, ABSENT) or {}
    if isinstance(value, dict):
        months, since = value.get("months"), shown_selector(field, value.get("since"))
        if set(value) != {"since", "months"} or type(months) is not int or since is None:
            return None
        return {"": "since", ":months": str(months), **since}
    found = choice(field, value)
    return None if found is None or value == "since" else {**found, ":months": "", **blank}


def typed_over(field: Field, inputs: Mapping[str, str]) -> Any:
    """The word or the window."""
    if inputs.get("") != "since":
        return inputs.get("", "") or ABSENT
    since, months = typed_selector(field, inputs), exact(inputs.get(":months", ""))
    return {"since": {} if since is ABSENT else since, "months": "" if months is ABSENT else months}


def shown_rounding(field: Field, value: Any) -> Inputs | None:
    """A step and a direction."""
    if value is ABSENT:
        return {":to": "", ":mode": ""}
    if not isinstance(value, dict) or set(value) != {"to", "mode"} or value["mode"] not in field.options:
        return None
    to = plain(value["to"])
    return None if to is None else {":to": to, ":mode": value["mode"]}


def typed_rounding(_field: Field, inputs: Mapping[str, str]) -> Any:
    """Both, or none."""
    to, mode = exact(inputs.get(":to", "")), inputs.get(":mode", "")
    return ABSENT if to is ABSENT and not mode else {"to": "" if to is ABSENT else to, "mode": mode}
