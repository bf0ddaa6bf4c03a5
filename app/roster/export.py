"""Everybody as a file that the import desk reads again: Excel or CSV. Nothing in it is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from app.base.cells import safe_cell
from app.roster import queries
from app.rules.roster.cells import BANDS, NATURES, written

# Headings in Chinese: the offices that send rosters read them, whatever language an operator's machine has.
HEADINGS = (
    "工号",
    "姓名",
    "手机号码",
    "电子邮箱",
    "所在单位",
    "主管单位",
    "单位性质",
    "职级",
    "重点培训学员",
    "账号状态",
)
WIDTHS = (14, 12, 16, 28, 30, 20, 14, 16, 14, 10)


def lines(session: Session) -> Iterator[list[str]]:
    """A line for each person, by staff number. Natures and bands stand by their codes where they have no word."""
    for row in queries.everybody(session):
        staff, name, phone, email, unit, parent, nature, band, key, closed = row
        yield [
            staff, name, phone or "", email or "", unit or "", parent or "", written(NATURES, nature or ""),
            written(BANDS, band or ""), "是" if key else "否", "停用" if closed else "",
        ]  # fmt: skip


def as_csv(session: Session) -> bytes:
    """CSV in UTF-8 with a byte order mark: spreadsheets then read Chinese as it is."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    for line in lines(session):
        writer.writerow([safe_cell(cell) for cell in line])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(session: Session) -> bytes:
    """An Excel workbook of one sheet. Every cell is a text: staff numbers keep their zeros."""
    import xlsxwriter

    out = io.BytesIO()
    safe: dict[str, Any] = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(out, safe) as book:
        sheet = book.add_worksheet("学员名册")
        text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bottom": 1})
        sheet.freeze_panes(1, 2)
        for place, (heading, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True)):
            sheet.set_column(place, place, width, text)
            sheet.write_string(0, place, heading, head)
        number = 0
        for number, line in enumerate(lines(session), 1):
            for place, cell in enumerate(line):
                if cell:
                    sheet.write_string(number, place, cell, text)
        sheet.autofilter(0, 0, number, len(HEADINGS) - 1)
    return out.getvalue()
