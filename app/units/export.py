"""People by unit as of a day, as a file: CSV, or Excel with numbers that are numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _

from app.base import labels
from app.base.cells import safe_cell
from app.units.queries import Tree

Cell = str | int


def heads(tree: Tree) -> list[str]:
    """The headings: one column for each rank band that somebody holds."""
    bands = [labels.label("band", band) if band else str(_("Without a rank band")) for band in tree.bands]
    fixed = (
        _("Code"), _("Unit"), _("Superior unit"), _("Nature of unit"), _("Level"), _("People in it"),
        _("With all units below"),
    )  # fmt: skip
    return [*map(str, fixed), *bands]


def lines(tree: Tree) -> Iterator[list[Cell]]:
    """A line for each unit, in the order of the tree."""
    english = labels.english()
    for row in tree.rows:
        unit = row.unit
        yield [
            unit.code, (unit.name_en if english else "") or unit.name,
            (row.parent_en if english else "") or row.parent, labels.label("nature", unit.nature), row.depth + 1,
            row.own, row.all, *(row.bands.get(band, 0) for band in tree.bands),
        ]  # fmt: skip


def as_csv(tree: Tree) -> str:
    """CSV with a byte order mark: spreadsheets then read Chinese as it is."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe_cell(title) for title in heads(tree)])
    for line in lines(tree):
        writer.writerow([safe_cell(str(cell)) for cell in line])
    return "\ufeff" + out.getvalue()


def as_xlsx(tree: Tree) -> bytes:
    """An Excel workbook of one sheet, its head fixed and filtered. Texts are texts, whatever they begin with."""
    import xlsxwriter

    out = io.BytesIO()
    safe: dict[str, Any] = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, safe) as book:
        sheet = book.add_worksheet(tree.day.isoformat())
        head, titles = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}), heads(tree)
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, len(tree.rows), len(titles) - 1)
        for place, title in enumerate(titles):
            sheet.set_column(place, place, (12, 30, 24, 18)[place] if place < 4 else 12)
            sheet.write_string(0, place, title, head)
        for number, line in enumerate(lines(tree), 1):
            for place, cell in enumerate(line):
                if isinstance(cell, int):
                    sheet.write_number(number, place, cell)
                elif cell:
                    sheet.write_string(number, place, cell)
    return out.getvalue()
