"""What the buttons of the form do to a text, besides keeping what was typed."""

from __future__ import annotations

from app.credits.workshop import fresh, surgery
from app.credits.workshop.document import judge, row_of
from app.credits.workshop.fields import BY_NAME, SINGLES, TABLES
from app.credits.workshop.form import anchor

STEPS = {"up": -1, "down": 1}
_SINGLE = {each.name for each in SINGLES}


def act(do: str, text: str) -> tuple[str, str]:
    """(the place on the page to go to, the text after it). `do`: `save`, or with a place after it `save:row-cap-0`;
    `add:cap`, `up:cap:1`, `down:cap:0`, `copy:cap:0`, `remove:cap:0`. Unwritable where the text does not allow it,
    or has no such row any more."""
    what, _, rest = do.partition(":")
    if what == "save":
        return rest if rest.startswith("row-") else "", text
    table, _, number = rest.partition(":")
    data = judge(text).data
    if table not in BY_NAME or data is None:
        raise surgery.Unwritable
    rows = data.get(table, [])
    if what == "add" and (table in _SINGLE or isinstance(rows, list)):
        return _added(text, table)
    index = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else -1
    if not isinstance(rows, list) or not 0 <= index < len(rows) or not isinstance(rows[index], dict):
        raise surgery.Unwritable
    if what in STEPS:
        there = index + STEPS[what]
        return anchor((table, there)), surgery.move_row(text, table, index, STEPS[what])
    if what == "copy":
        new_id = fresh.free_id(data, str(row_of(data, (table, index)).get("id", table)))
        return anchor((table, index + 1)), surgery.copy_row(text, table, index, new_id)
    if what == "remove":
        return "", surgery.remove_row(text, table, index)
    raise surgery.Unwritable


def _added(text: str, name: str) -> tuple[str, str]:
    if name in _SINGLE:
        return anchor((name, None)), surgery.add_table(text, name)
    table = next(each for each in TABLES if each.name == name)
    text, index = fresh.add(text, table)
    return anchor((name, index)), text
