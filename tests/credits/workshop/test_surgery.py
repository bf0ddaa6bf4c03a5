"""A change cut into a TOML text is that change and no other: nothing else moves, comments and order stay."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.credits.workshop import cuts, spans, surgery
from app.credits.workshop.surgery import Unwritable

ROOT = Path(__file__).resolve().parents[3]
TEXTS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "content/rules").rglob("*.toml"))]
ODD = (
    """\
# above all
convert = [ {id = "a", when = {kind = "watched"}, amount = "1"}, # first
  {id = 'b', amount = "length / 45"} ]  # both

[ruleset]   # header
id = "x"
version=1 # number
title.zh = "规则"
title."en" = "Rules"

  [period]
  start = "01-01" ; months = 12
""".replace(" ; months = 12", "\n  months = 12")
    + '''
# of the cap
[[cap]]
id = "day"   # its name
limit = 8
text = """
several
lines # no comment"""
[cap.when]
kind = [
  "watched", # why
  "session",
]

[[cap]] # second
id = "week"
limit = 2.5
"odd key" = 1979-05-27
text = {zh = "周\\"上限\\"", en = 'C:\\caps'}

[[test]]
id = "t"
at_least = {by = "band", value = {lower = 90, "upper level" = 110}, otherwise = 50}
# the last word'''
)
VALUES = st.recursive(
    st.integers(0, 10**6)
    | st.booleans()
    | st.dates()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab -\"'.#é", max_size=4), inner, max_size=3),
    max_leaves=6,
)


def at(data: Any, path: cuts.Path) -> Any:
    """What stands at a path."""
    for step in path:
        data = data[step]
    return data


def leaves(data: Any, path: cuts.Path = ()) -> list[cuts.Path]:
    """Paths of everything that stands in a document, tables and lists too."""
    found = [path] if path else []
    if isinstance(data, dict):
        return found + [each for key, value in data.items() for each in leaves(value, (*path, key))]
    if isinstance(data, list):
        return found + [each for place, value in enumerate(data) for each in leaves(value, (*path, place))]
    return found


def changed(data: Any, path: cuts.Path, value: Any) -> Any:
    """The data with this value at this path."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(data, dict):
        return {key: changed(each, rest, value) if key == step else each for key, each in data.items()}
    return [changed(each, rest, value) if place == step else each for place, each in enumerate(data)]


def comments(text: str) -> list[str]:
    """The comments of the odd text, by their words."""
    return [words for words in ("above all", "first", "both", "header", "number", "of the cap", "its name", "why",
                                "second", "the last word") if f"# {words}" in text]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_value_changes_and_nothing_else(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([ODD, *TEXTS]))
    before = tomllib.loads(text)
    path = data.draw(st.sampled_from(leaves(before)))
    value = data.draw(VALUES)
    try:
        after = surgery.rewrite(text, path, value)
    except Unwritable:
        # Only what is spread over statements of its own: a table or rows under headers, or dotted keys.
        assert isinstance(at(before, path), dict | list)
        return
    assert surgery.same(tomllib.loads(after), changed(before, path, value))
    head = next((n for n, pair in enumerate(zip(text, after, strict=False)) if pair[0] != pair[1]), 0)
    tail = next((n for n, pair in enumerate(zip(text[::-1], after[::-1], strict=False)) if pair[0] != pair[1]), 0)
    if after != text and not isinstance(at(before, path), dict | list):
        part = cuts.part_at(text, path)
        assert isinstance(part, spans.Value)
        assert part.start <= head
        assert len(text) - tail <= part.end
        assert comments(after) == comments(text) or text != ODD


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_row_with_a_key_more_or_less_keeps_every_line_of_the_others(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    before = tomllib.loads(text)
    table = data.draw(st.sampled_from([name for name, rows in before.items() if isinstance(rows, list)]))
    index = data.draw(st.integers(0, len(before[table]) - 1))
    row = dict(before[table][index])
    gone = data.draw(st.sampled_from([None, *row]))
    if gone:
        del row[gone]
    if data.draw(st.booleans()):
        row[data.draw(st.sampled_from(["note", "odd key", "limit"]))] = data.draw(VALUES)
    after = surgery.rewrite(text, (table, index), row)
    assert surgery.same(tomllib.loads(after)[table][index], row)
    block = cuts.part_at(text, (table, index))
    if isinstance(block, spans.Block):
        assert after.startswith(text[: block.start])
        assert after.endswith(text[block.end :])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_rows_are_added_copied_moved_and_removed_as_they_are_written(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    before = tomllib.loads(text)
    table = data.draw(st.sampled_from([name for name, rows in before.items() if isinstance(rows, list)]))
    rows = before[table]
    index = data.draw(st.integers(0, len(rows) - 1))
    added = surgery.add_row(text, table, {"id": "fresh", "limit": 1})
    assert tomllib.loads(added)[table] == [*rows, {"id": "fresh", "limit": 1}]
    assert set(text.split("\n")) <= set(added.split("\n")) or "convert = [" in text
    copied = surgery.copy_row(text, table, index, "copy")
    assert tomllib.loads(copied)[table][index + 1] == {**rows[index], "id": "copy"}
    assert surgery.remove_row(copied, table, index + 1).strip() == text.strip()
    if index:
        moved = surgery.move_row(text, table, index, -1)
        assert tomllib.loads(moved)[table][index - 1] == rows[index]
        assert sorted(moved.split("\n")) == sorted(text.split("\n")) or "[[" not in text
        assert surgery.move_row(moved, table, index, -1).strip() == text.strip()
    removed = tomllib.loads(surgery.remove_row(text, table, index))
    assert removed.get(table, []) == rows[:index] + rows[index + 1 :]


def test_the_odd_text_keeps_its_oddities() -> None:
    once = surgery.rewrite(ODD, ("cap", 0, "limit"), 6)
    assert once == ODD.replace("limit = 8", "limit = 6")
    assert surgery.rewrite(ODD, ("ruleset", "title", "en"), "R") == ODD.replace('"Rules"', '"R"')
    row = tomllib.loads(ODD)["cap"][0]
    more = surgery.rewrite(ODD, ("cap", 0), {**row, "when": {"kind": ["watched", "session", "exam"]}})
    assert more == ODD.replace('  "session",\n', '  "session",\n  "exam",\n')
    assert surgery.rewrite(ODD, ("convert", 1, "id"), "c") == ODD.replace("'b'", '"c"')
    title = surgery.rewrite(ODD, ("ruleset", "title"), {"zh": "规则", "en": "Rules", "fr": "Règles"})
    assert title == ODD.replace('title."en" = "Rules"\n', 'title."en" = "Rules"\ntitle.fr = "Règles"\n')
    period = surgery.rewrite(ODD, ("period",), {"start": "01-01", "months": 6, "first": 2020})
    assert "  months = 6\n  first = 2020\n" in period
    with pytest.raises(Unwritable) as refused:
        surgery.rewrite(ODD, ("cap", 0), {key: value for key, value in row.items() if key != "when"})
    assert refused.value.line == ODD[: ODD.index("[cap.when]")].count("\n") + 1


def test_a_removed_row_takes_its_own_comments_and_no_others() -> None:
    text = "# of the first\n[[cap]]\nid = 1 # one\n\n# ---- tests ----\n\n[[test]]\nid = 2\n# stays"
    assert surgery.remove_row(text, "cap", 0) == "# ---- tests ----\n\n[[test]]\nid = 2\n# stays"
    assert (
        surgery.remove_row(text, "test", 0).rstrip()
        == "# of the first\n[[cap]]\nid = 1 # one\n\n# ---- tests ----\n\n# stays"
    )


def test_a_table_in_two_places_is_not_moved() -> None:
    text = '[[cap]]\nid = "a"\n[[test]]\nid = "t"\n[cap.when]\nkind = "exam"\n[[cap]]\nid = "b"\n'
    with pytest.raises(Unwritable):
        surgery.move_row(text, "cap", 0, 1)
    with pytest.raises(Unwritable):
        surgery.remove_row(text, "cap", 0)
    assert tomllib.loads(surgery.rewrite(text, ("cap", 0, "when", "kind"), "watched"))["cap"][0]["when"] == {
        "kind": "watched"
    }


def test_a_long_list_is_written_anew_at_once() -> None:
    text = "[[cap]]\nids = [" + ", ".join(f'"{n}"' for n in range(9000)) + "]\nlast = 1\n"
    after = surgery.rewrite(text, ("cap", 0), {"ids": ["x"], "last": 1})
    assert after == '[[cap]]\nids = ["x"]\nlast = 1\n'


def test_dotted_keys_that_are_all_replaced_stay_a_table() -> None:
    text = '[ruleset]\ntitle.zh = "甲" # c\ntitle."en" = "a"\nid = "x"\n'
    changed = surgery.rewrite(text, ("ruleset", "title"), {"fr": "b"})
    assert changed == '[ruleset]\ntitle.fr = "b"\nid = "x"\n'
    with pytest.raises(Unwritable):
        surgery.rewrite(text, ("ruleset", "title"), {})
