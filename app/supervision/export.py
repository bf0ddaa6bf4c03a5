"""The table of learners as a file: CSV, or Excel with numbers and days that are numbers and days."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from app.base import clock, labels
from app.base.cells import safe_cell
from app.supervision.queries import ClassView, LearnerRow

Cell = str | int | date | datetime | None
Local = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class Hours:
    """Thousandths of an hour, as a cell."""

    thousandths: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its head, and what of a learner stands in it; `width` in characters."""

    title: str
    cell: Callable[[LearnerRow], Cell | Hours]
    width: int = 12


def hours_text(thousandths: int) -> str:
    """Thousandths as a plain decimal number, three places: what a spreadsheet can add up."""
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def finish_text(row: LearnerRow, said: Callable[[date], str]) -> str:
    """When a learner is expected to finish, as the page and the file say it; `said` writes the day."""
    finish = _finish(row)
    return said(finish) if isinstance(finish, date) else finish


def _finish(row: LearnerRow) -> date | str:
    if row.status == "done":
        return labels.label("status", "done")
    if row.outlook is None or row.duty is None:
        return ""
    day = row.outlook.finish
    return day if day is not None and day <= row.duty.end else str(_("not this year"))


def _missing(bucket: str) -> Callable[[LearnerRow], Hours | None]:
    def cell(row: LearnerRow) -> Hours | None:
        parts = row.duty.parts if row.duty else ()
        return next((Hours(part.short) for part in parts if part.bucket == bucket), None)

    return cell


def columns(rows: Sequence[LearnerRow], local: Local) -> list[Column]:
    """All of them. What is missing stands in one column for the whole and one for each part of the duty."""
    parts = dict.fromkeys(part.bucket for row in rows if row.duty for part in row.duty.parts)
    english = labels.english()
    missing = [
        Column(str(_("Missing: %(subject)s", subject=labels.label("bucket", bucket))), _missing(bucket), 16)
        for bucket in parts
    ]
    return [
        Column(str(_("Login")), lambda r: r.person.login),
        Column(str(_("Name")), lambda r: r.person.name),
        Column(str(_("Unit")), lambda r: (r.standing.unit_name_en if english else "") or r.standing.unit_name, 24),
        Column(str(_("Rank band")), lambda r: labels.label("band", r.standing.band)),
        Column(str(_("Hours counted")), lambda r: Hours(r.duty.got) if r.duty else None),
        Column(str(_("Hours owed")), lambda r: Hours(r.duty.quota) if r.duty else None),
        Column(str(_("Hours missing")), lambda r: Hours(r.duty.short) if r.duty else None),
        *missing,
        Column(str(_("Required courses done")), lambda r: r.done),
        Column(str(_("Required courses")), lambda r: len(r.required)),
        Column(str(_("Status")), lambda r: labels.label("status", r.status)),
        Column(str(_("Expected finish")), _finish, 16),
        Column(str(_("Last activity")), lambda r: local(clock.from_ms(r.last_ms)) if r.last_ms else None, 18),
    ]


def _text(cell: Cell | Hours) -> str:
    if isinstance(cell, Hours):
        return hours_text(cell.thousandths)
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    return "" if cell is None else str(cell)


def as_csv(rows: Sequence[LearnerRow], local: Local) -> str:
    """CSV with a byte order mark: spreadsheets then read Chinese as it is."""
    out = io.StringIO()
    writer, found = csv.writer(out), columns(rows, local)
    writer.writerow([safe_cell(column.title) for column in found])
    for row in rows:
        writer.writerow([safe_cell(_text(column.cell(row))) for column in found])
    return "\ufeff" + out.getvalue()


def as_xlsx(view: ClassView, rows: Sequence[LearnerRow], local: Local) -> bytes:
    """An Excel workbook of one sheet, its head fixed and filtered. Texts are texts, whatever they begin with."""
    import xlsxwriter

    out = io.BytesIO()
    safe = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, safe) as book:
        sheet = book.add_worksheet(str(_("Learners")))
        looks = {
            Hours: book.add_format({"num_format": "0.000"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        head, found = (
            book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            columns(rows, local),
        )
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, len(rows), len(found) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for place, column in enumerate(found):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.title, head)
        for number, cells in enumerate(_lines(found, rows), 1):
            for place, cell in enumerate(cells):
                _write(sheet, looks, number, place, cell)
        book.set_properties({"title": f"{view.row.name} {view.day.isoformat()}"})
    return out.getvalue()


def _lines(found: Sequence[Column], rows: Sequence[LearnerRow]) -> Iterator[list[Cell | Hours]]:
    for row in rows:
        yield [column.cell(row) for column in found]


def _write(sheet: Any, looks: dict[type, Any], row: int, column: int, cell: Cell | Hours) -> None:
    if isinstance(cell, Hours):
        sheet.write_number(row, column, cell.thousandths / 1000, looks[Hours])
    elif isinstance(cell, date):  # a moment is a day too
        sheet.write_datetime(row, column, cell, looks[type(cell)])
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif cell:
        sheet.write_string(row, column, cell)
