"""Files of people: whatever wrote them, rows come out, or words that say what is wrong and what to do."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from app.base.errors import BadInput
from app.roster import files
from app.roster.files import read_table
from tests.roster import books
from tests.roster.books import HEAD, as_csv, as_xlsx, city

ROWS = [list(HEAD), *city(3)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_encoding_that_offices_write(encoding: str) -> None:
    assert [list(row) for row in read_table(as_csv(city(3), encoding=encoding)).rows] == ROWS


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_csv_with_every_separator(sign: str) -> None:
    raw = "\n".join(sign.join(row) for row in ROWS).encode()
    assert [list(row) for row in read_table(raw).rows] == ROWS


def test_a_workbook_gives_numbers_days_and_the_sheet_that_has_headings() -> None:
    raw = as_xlsx(
        {"说明": [["请先阅读"]], "名册": [["工号", "姓名", "单位", "日期"], [7, "林晓岚", "教育局", date(2026, 3, 2)]],
         "旧": [list(HEAD)]},
        hidden=["旧"],
    )  # fmt: skip
    table = read_table(raw)
    assert (table.sheet, table.others) == ("名册", ("说明",))
    assert [list(row) for row in table.rows] == [
        ["工号", "姓名", "单位", "日期"], [7.0, "林晓岚", "教育局", date(2026, 3, 2)],
    ]  # fmt: skip
    assert read_table(raw, "说明").rows == [["请先阅读"]]
    with pytest.raises(BadInput, match="旧"):
        read_table(raw, "旧")


def test_a_cell_merged_over_rows_says_the_same_of_each() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "花名册")
        sheet.write_row(1, 0, ["工号", "姓名", "单位"])
        sheet.merge_range(2, 2, 3, 2, "教育局")
        sheet.write_row(2, 0, ["XY1", "林晓岚"])
        sheet.write_row(3, 0, ["XY2", "赵青"])
    rows = read_table(out.getvalue()).rows
    assert [list(row) for row in rows[2:]] == [["XY1", "林晓岚", "教育局"], ["XY2", "赵青", "教育局"]]
    assert list(rows[0]) == ["花名册", None, None]


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in parts.items():
            archive.writestr(name, raw)
    return out.getvalue()


BILLION = (
    b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">"""
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9))
    + b"""]><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&j;</t></si></sst>"""
)


def _changed(name: str, raw: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx({"一": ROWS}))) as given, zipfile.ZipFile(out, "w") as made:
        for part in given.namelist():
            made.writestr(part, raw if part == name else given.read(part))
    return out.getvalue()


SHEET = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>"""
FAR = SHEET % b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "nothing in this file"),
    "blank": (b" \r\n\t", "nothing in this file"),
    "only separators": (b",,,\n,,,\n", "nothing in this file"),
    "a workbook without a cell": (as_xlsx({"一": []}), "nothing in this file"),
    "text that is none": (b"\x89PNG\r\n\x1a\n\x00\x00", "not a spreadsheet"),
    "with NUL": (b"a,b\x00\n", "not a spreadsheet"),
    "a PDF": (b"%PDF-1.7\n", "not a spreadsheet"),
    "a web page named .xls": (b"<html><table><tr><td>1</td></tr></table>", "web page"),
    "a page with a doctype": (b"\xef\xbb\xbf<!DOCTYPE html><p>", "web page"),
    "JSON": (b'{"a": 1}', "not a spreadsheet"),
    "half a zip": (b"PK\x03\x04" + b"x" * 200, "damaged"),
    "a cut workbook": (as_xlsx({"一": ROWS})[:2000], "damaged"),
    "a zip of something else": (_zip({"a.txt": b"x"}), "not a spreadsheet"),
    "a bomb": (_zip({"xl/workbook.xml": b"x", "xl/worksheets/sheet1.xml": b"0" * 30_000_000}), "unpacks"),
    "with a password": (_zip({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}), "password"),
    "an older file that is none": (files.OLDER + b"x" * 4000, "damaged"),
    "a cell in the far corner": (_changed("xl/worksheets/sheet1.xml", FAR), "far outside"),
    "no sheet behind its name": (_changed("xl/worksheets/sheet1.xml", b"<nothing"), ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_refused_in_words(name: str) -> None:
    raw, words = HOSTILE[name]
    with pytest.raises(BadInput) as told:
        read_table(raw)
    assert told.value.field == "file"
    assert words in told.value.text


def test_xxe_and_billion_laughs_read_nothing_and_grow_nothing(tmp_path: Path) -> None:
    """Security row 26: a workbook's XML names a file, or itself a billion times."""
    secret = tmp_path / "secret"
    secret.write_text("the heron", encoding="utf-8")
    outside = (
        f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file://{secret}">]>'
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&x;</t></si></sst>'
    ).encode()
    for raw in (BILLION, outside):
        try:
            rows = read_table(_changed("xl/sharedStrings.xml", raw)).rows
        except BadInput:
            continue
        text = "".join(str(cell) for row in rows for cell in row)
        assert "heron" not in text
        assert len(text) < 10_000


def test_too_many_columns_and_rows_are_told() -> None:
    with pytest.raises(BadInput, match="too many columns"):
        read_table((",".join("a" * 300) + "\n").encode())
    with pytest.raises(BadInput, match="too many rows"):
        read_table(b"a,b\n" * 200_001)
    with pytest.raises(BadInput, match="too large"):
        read_table(b"a" * (files.MOST_BYTES + 1))


def test_an_endless_cell_is_cut_and_found_too_long() -> None:
    table = read_table(as_xlsx({"一": [list(HEAD), books.person(1, 姓名="林" * 30_000)]}))
    assert len(str(table.rows[1][1])) == 1000


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", "　\n　".encode()])
def test_blank_files_are_said_to_be_empty(raw: bytes) -> None:
    with pytest.raises(BadInput, match="nothing in this file"):
        read_table(raw)


def test_a_stray_quotation_mark_swallows_nobody() -> None:
    lines = as_csv(city(40)).decode("utf-8-sig").splitlines()
    lines[20] = lines[20].replace("学员", '"学员', 1)
    with pytest.raises(BadInput, match="quotation marks"):
        read_table("\n".join(lines).encode())


def test_a_formula_that_failed_is_told_in_a_workbook_as_in_a_text() -> None:
    """A telephone number that could not be looked up is not the same as none: its row is wrong."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["工号", "姓名", "单位", "手机"])
        sheet.write_row(1, 0, ["XY1", "林晓岚", "教育局"])
        sheet.write_formula(1, 3, "=VLOOKUP(A2,F:G,2,0)", None, "#N/A")
    assert read_table(out.getvalue()).rows[1] == ["XY1", "林晓岚", "教育局", "#N/A"]
