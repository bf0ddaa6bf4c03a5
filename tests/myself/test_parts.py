"""Every table that has to do with a person is in the copy or on the list of what is not, and so is every column."""

from __future__ import annotations

import re
from pathlib import Path

from app.myself.taking.parts import AUDIT, LEFT_OUT, PARTS, STAFF
from app.myself.taking.reading import name_of
from app.myself.taking.words import PART_WORDS
from app.tables import METADATA

DOCS = Path(__file__).parents[2] / "docs" / "personal-data.md"
# By their names: some stand for a person without a foreign key, as people live on a floor above.
_PERSON = re.compile(r"(?:^|_)(?:person|learner|actor)_id$|(?:^|_)by(?:_id)?$|^stands_in_for$")


def personal() -> set[tuple[str, str]]:
    """(table, column) of everything that says who somebody is."""
    found = {("person", "id")}
    for table in METADATA.sorted_tables:
        for column in table.columns:
            points = any(key.column.table.name == "person" for key in column.foreign_keys)
            if points or _PERSON.search(column.name):
                found.add((table.name, column.name))
    return found


def test_everything_that_has_to_do_with_a_person_is_copied_or_left_out_with_a_reason() -> None:
    own = {(part.table, part.own) for part in PARTS}
    staff = {(part.table, column) for part in PARTS for column in part.takes}
    left = {(table, column) for table, column in personal() if table in LEFT_OUT or f"{table}.{column}" in LEFT_OUT}
    missing = personal() - own - staff - left
    assert not missing, f"say in app/myself/taking/parts.py whether a copy holds these: {sorted(missing)}"


def test_nothing_stands_on_both_lists_and_every_reason_is_given() -> None:
    tables = {part.table for part in PARTS}
    assert not tables & {name for name in LEFT_OUT if "." not in name}
    known = {
        name
        for table in METADATA.sorted_tables
        for name in (table.name, *(f"{table.name}.{column.name}" for column in table.columns))
    }
    assert set(LEFT_OUT) <= known
    assert all(len(reason) > 10 for reason in LEFT_OUT.values())


def test_every_column_of_a_copied_table_is_decided() -> None:
    for part in PARTS:
        columns = set(METADATA.tables[part.table].columns.keys())
        decided = {*part.takes, *part.without, part.own}
        assert decided == columns, (part.table, columns ^ decided)
        assert not set(part.takes) & set(part.without), part.table


def test_whoever_else_stands_in_a_row_is_told_by_role() -> None:
    for part in PARTS:
        for column, how in part.takes.items():
            if (part.table, column) in personal() and column != part.own and how != STAFF:
                assert (part.table, column) == ("evidence", "recorded_by"), (part.table, column)


def test_the_format_is_described() -> None:
    told = DOCS.read_text(encoding="utf-8")
    assert set(PART_WORDS) == {AUDIT, *(part.name for part in PARTS)}
    for part in PARTS:
        (line,) = (each for each in told.splitlines() if each.startswith(f"| `{part.name}` |"))
        assert re.findall(r"`([^`]+)`", line)[1:] == [name_of(column, how) for column, how in part.takes.items()]
    for reason in {reason for part in PARTS for reason in part.without.values()} | set(LEFT_OUT.values()):
        assert reason in told, reason
