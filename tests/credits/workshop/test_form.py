"""The form says what the text says; what was not typed is not changed, what was typed is changed and no more."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.credits.workshop import form, meets, widgets
from app.credits.workshop.cuts import same
from app.credits.workshop.document import judge, lines
from app.credits.workshop.fields import BY_NAME, SINGLES, TABLES
from app.credits.workshop.form import Clash, Typed
from app.credits.workshop.inputs import ABSENT
from app.rules.credit import rows
from app.rules.credit.document import _PERIOD, _RULESET
from tests.credits.samples import RULES

ROOT = Path(__file__).resolve().parents[3]
TEXTS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "content/rules").rglob("*.toml"))]
ODD = RULES.replace("limit = 8", "limit = 8.5\nstrange = {a = 1}") + '\n[[wonder]]\nx = 1\n[extra]\ny = "z"\n'


def inputs_of(text: str) -> dict[str, str]:
    """What a browser sends back of a form that nobody touched."""
    found = judge(text)
    return {
        each.name + part: shown
        for row in form.rows(found, form.mistakes(found))
        for each in row.fields
        for part, shown in each.inputs.items()
    }


def typed(text: str, **changes: str) -> str:
    """The text after these inputs were changed; `_` in a name stands for `|`, `__` for `:`."""
    inputs = inputs_of(text)
    for name, value in changes.items():
        assert name in inputs, sorted(inputs)
        inputs[name] = value
    sent = Typed(text, text, inputs)
    merged = sent.merged()
    assert sent.refused == {}
    return merged


def test_every_table_and_key_of_the_language_has_a_field() -> None:
    assert [table.name for table in TABLES if table.name not in rows.KEYS] == []
    assert [name for name in rows.KEYS if name not in BY_NAME] == []
    wanted: dict[str, tuple[str, ...]] = {**rows.KEYS, "ruleset": _RULESET, "period": _PERIOD}
    for table in (*SINGLES, *TABLES):
        assert [field.key for field in table.fields if field.key not in wanted[table.name]] == [], table.name
        missing = set(wanted[table.name]) - {field.key for field in table.fields}
        assert missing == set(), table.name


@pytest.mark.parametrize("text", [*TEXTS, RULES, ODD])
def test_a_form_that_nobody_touched_changes_nothing(text: str) -> None:
    sent = Typed(text, text, inputs_of(text))
    assert sent.merged() == text
    for place, row in judge(text).rows():
        for kind in form.fields_of(place[0], row, place[1]):
            old = row.get(kind.key, ABSENT)
            shown = widgets.shown(kind, old)
            if shown is not None and old is not ABSENT and kind.kind != "mapping":
                again = form._like(old, widgets.typed(kind, shown))
                assert same(again, old), (place, kind.key)


def test_one_field_changes_its_own_part() -> None:
    assert typed(RULES, **{"f|cap|0|limit": "6"}) == RULES.replace("limit = 8", "limit = 6")
    assert typed(RULES, **{"f|cap|0|limit": "7.5"}) == RULES.replace("limit = 8", 'limit = "7.5"')
    assert typed(RULES, **{"f|test|0|text:en": "Fifty"}) == RULES.replace('"At least 50 hours a year"', '"Fifty"')
    more = typed(RULES, **{"f|duplicate|0|when+": "category", "f|duplicate|0|when+:value": "law, writing"})
    assert more == RULES.replace(
        'when = {kind = "watched"}\nkey', 'when = {kind = "watched", category = ["law", "writing"]}\nkey'
    )
    other = typed(RULES, **{"f|test|1|when:bucket:is": "not"})
    assert other == RULES.replace('{bucket = "general"}', '{bucket = {not = "general"}}')
    assert typed(RULES, **{"f|test|1|when:bucket": ""}) == RULES.replace('when = {bucket = "general"}\n', "")
    band = typed(RULES, **{"f|test|0|at_least:by": "band", "f|test|0|at_least:values": "upper = 90\nlower = 30.5"})
    assert tomllib.loads(band)["test"][0]["at_least"] == {
        "by": "band", "value": {"upper": 90, "lower": "30.5"}, "otherwise": 50,
    }  # fmt: skip
    assert 'meets = {any = ["total", {all = ["general", "x"]}]}' in typed(
        RULES, **{"f|requirement|0|meets": "total 或 （general 且 x）"}
    )
    assert "within = {years = 2}" in typed(
        RULES, **{"f|duplicate|0|within": "years", "f|duplicate|0|within:years": "2"}
    )
    assert "quota_round" in typed(RULES, **{"f|period||quota_round:to": "0.5", "f|period||quota_round:mode": "ceil"})


def test_steps_are_changed_row_by_row() -> None:
    text = RULES.replace('amount = "length / 45"', 'steps = {of = "length", rows = [{at_least = 30, gives = "1"}]}')
    more = typed(text, **{"f|convert|0|steps:1:at": "15", "f|convert|0|steps:1:gives": "0.5"})
    assert more == text.replace('gives = "1"}]', 'gives = "1"}, {at_least = 15, gives = "0.5"}]')
    assert "more_than = 30" in typed(text, **{"f|convert|0|steps:0:bound": "more_than"})


def test_what_cannot_be_understood_is_kept_for_the_loader_to_name() -> None:
    for name, text in (
        ("f|cap|0|limit", "eight"), ("f|ruleset||effective", "tomorrow"), ("f|requirement|0|meets", "total and"),
        ("f|convert|0|amount", "length /"),
    ):  # fmt: skip
        after = typed(RULES, **{name: text})
        assert f'"{text}"' in after
        assert len(judge(after).errors) >= 1
        assert inputs_of(after)[name if name in inputs_of(after) else name + ":toml"].strip('"') == text


def test_unknown_things_never_vanish() -> None:
    after = typed(ODD, **{"f|cap|0|per": "item", "f|wonder|0|x:toml": "[1, 2]"})
    assert after == ODD.replace('per = "day"', 'per = "item"').replace("x = 1", "x = [1, 2]")
    sent = Typed(ODD, ODD, {**inputs_of(ODD), "f|extra||y:toml": "no toml", "f|cap|0|limit:toml": "8"})
    assert sent.merged() == ODD.replace("limit = 8.5", "limit = 8")
    assert sent.refused == {"f|extra||y": "toml"}


def test_form_and_text_typed_at_once_are_both_kept() -> None:
    inputs = {**inputs_of(RULES), "f|cap|0|limit": "6"}
    other = RULES.replace("at_least = 50", "at_least = 40").replace(
        "[[cap]]", '[[cap]]\nid = "new"\nlimit = 1\nper = "run"\n\n[[cap]]'
    )
    assert Typed(RULES, other, inputs).merged() == other.replace("limit = 8", "limit = 6")
    with pytest.raises(Clash) as clash:
        Typed(RULES, RULES.replace("limit = 8", "limit = 7"), inputs).merged()
    assert clash.value.rows == ["[cap] day limit"]
    with pytest.raises(Clash):
        Typed(RULES, "[ruleset", inputs).merged()


def test_rows_know_their_lines_and_mistakes_their_rows() -> None:
    text = RULES.replace("limit = 8", "limit = 8.5").replace('per = "day"', 'per = "week"\nwhat = 1')
    found = judge(text)
    told = form.mistakes(found)
    written = text.split("\n")
    assert [(each.anchor, each.key, each.excerpt) for each in told] == [
        ("row-cap-0", "limit", "limit = 8.5"), ("row-cap-0", "per", 'per = "week"'), ("row-cap-0", "what", "what = 1"),
    ]  # fmt: skip
    for place, at in lines(text).items():
        assert written[at.first - 1] == (f"[[{place[0]}]]" if place[1] is not None else f"[{place[0]}]")
        for key, (first, _last) in at.keys.items():
            assert written[first - 1].startswith(key)
    views = {row.anchor: row for row in form.rows(found, told)}
    assert views["row-cap-0"].wrong == 3
    assert form.mistakes(judge("[ruleset\n"))[0].anchor == ""


@pytest.mark.parametrize(
    ("sentence", "groups"),
    [
        ("total", {"all": ["total"]}),
        ("a and b and c", {"all": ["a", "b", "c"]}),
        ("a or b and c", {"any": ["a", {"all": ["b", "c"]}]}),
        ("(a or b) and c", {"all": [{"any": ["a", "b"]}, "c"]}),
        ("a 或 b", {"any": ["a", "b"]}),
        ("a and", None), ("(a", None), ("a b", None), ("", None), ("and", None), ("(" * 40 + "a" + ")" * 40, None),
    ],
)  # fmt: skip
def test_sentences_of_tests(sentence: str, groups: Any) -> None:
    assert meets.read(sentence) == groups
    if groups:
        assert meets.read(meets.sentence(groups) or "") == groups
