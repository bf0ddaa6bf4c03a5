"""Rosters as offices make them: workbooks and CSV of people of a small city."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

HEAD = ("工号", "姓名", "手机号码", "电子邮箱", "所在单位", "主管单位", "单位性质", "职级", "重点培训学员")
UNITS = (("教育局", "党政机关"), ("第一中学", "学校"), ("人民医院", "医院"))


def person(number: int, **more: str) -> list[str]:
    """A person of the city; `more` by heading."""
    unit, nature = UNITS[number % 3]
    cells = dict(zip(HEAD, (
        f"XY{number:04d}", f"学员{number:03d}".translate(DIGITS),
        f"139{number:08d}", f"xy{number}@example.org", unit, "月山市", nature, "科级", "否",
    ), strict=True))  # fmt: skip
    return list((cells | more).values())


DIGITS = str.maketrans("0123456789", "零甲乙丙丁戊己庚辛壬")


def city(count: int, **more: str) -> list[list[str]]:
    """So many people."""
    return [person(number, **more) for number in range(1, count + 1)]


def as_csv(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, encoding: str = "utf-8-sig") -> bytes:
    """A CSV file."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([head, *rows])
    return out.getvalue().encode(encoding)


def as_xlsx(sheets: dict[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook; dates are dates, numbers are numbers."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
            for at, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if isinstance(cell, date | datetime):
                        sheet.write_datetime(at, place, cell, day)
                    else:
                        sheet.write(at, place, cell)
    return out.getvalue()
