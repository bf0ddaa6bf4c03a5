"""Reads one workbook: `python -m app.roster.sheet_probe FILE ANSWER`, alone and on a short leash.

Strange files come here, so this process limits its own memory and time before it opens anything. It writes the rows
of every visible sheet to ANSWER as JSON: a cell is a text, a number, a flag or null; `{"d": "2026-01-02"}` is a day.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

from app.base import leash

MEMORY, CPU_SECONDS, LARGEST_FILE = 1 << 30, 60, 256 << 20
MOST_SHEETS, MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 20, 200_000, 200, 4_000_000
# A cell is a name or a number: what is longer is cut, and found too long where it is read.
MOST_TEXT, MOST_CHARACTERS = 1_000, 60_000_000
READ_AT_ONCE = 1 << 20
MOST_PARTS, MOST_UNPACKED, MOST_RATIO = 2_000, 400 << 20, 200


# A cell that could not be reckoned, as a package has it; calamine gives nothing where it stands.
_FAILED = re.compile(rb"""\st\s*=\s*["']e["']""")
_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Unusable(Exception):
    """The file cannot be read; `code` says why."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def check_package(path: Path) -> None:
    """A package that unpacks out of proportion is not opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unusable("damaged") from error
    names = {part.filename for part in parts}
    if "EncryptedPackage" in names:
        raise Unusable("encrypted")
    size = sum(part.file_size for part in parts)
    packed = max(1, path.stat().st_size)
    if len(parts) > MOST_PARTS or size > MOST_UNPACKED or size > packed * MOST_RATIO:
        raise Unusable("bomb")
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise Unusable("not_a_sheet")


def read(path: Path) -> dict[str, Any]:
    """`{"sheets": [{"name", "rows"}]}` of the visible sheets, merged cells filled. `Unusable` says why not."""
    with path.open("rb") as file:
        package = file.read(2) == b"PK"
    if package:
        check_package(path)
    import python_calamine as calamine  # late: limits hold before it is loaded

    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError as error:
        raise Unusable("encrypted") from error
    except calamine.CalamineError as error:
        raise Unusable("encrypted" if "password" in str(error).lower() else "damaged") from error
    failed = _failed(path) if package else {}
    found, left = [], MOST_CHARACTERS
    visible = [m.name for m in book.sheets_metadata if m.visible == calamine.SheetVisibleEnum.Visible]
    for name in visible[:MOST_SHEETS]:
        try:
            rows = _rows(book.get_sheet_by_name(name), failed.get(name, {}))
        except calamine.CalamineError as error:
            raise Unusable("damaged") from error
        left -= sum(len(cell) for row in rows for cell in row if isinstance(cell, str))
        if left < 0:
            raise Unusable("too_large")
        found.append({"name": name, "rows": rows})
    return {"sheets": found}


def _failed(path: Path) -> dict[str, dict[tuple[int, int], str]]:
    """By sheet, row and column (from 0): what Excel shows where a formula failed, as `#N/A`."""
    from defusedxml import ElementTree

    found: dict[str, dict[tuple[int, int], str]] = {}
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return {}
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        parts = {each.get("Id"): posixpath.join("/xl", each.get("Target", ""))[1:] for each in relations}
        for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).findall(".//{*}sheet"):
            part = posixpath.normpath(parts.get(sheet.get(_RELATION), ""))
            if part in names and _any_failed(archive, part):
                with archive.open(part) as cells:
                    found[sheet.get("name", "")] = _failed_cells(ElementTree.iterparse(cells))
    return found


def _any_failed(archive: zipfile.ZipFile, part: str) -> bool:
    """Nearly no sheet has such a cell: only one that has is read twice."""
    end = b""
    with archive.open(part) as cells:
        while chunk := cells.read(READ_AT_ONCE):
            if _FAILED.search(end + chunk):
                return True
            end = chunk[-16:]
    return False


def _failed_cells(events: Any) -> dict[tuple[int, int], str]:
    found = {}
    for _event, each in events:
        tag = each.tag.rpartition("}")[2]
        place = _PLACE.fullmatch(each.get("r", "")) if tag == "c" and each.get("t") == "e" else None
        if place is not None:
            column = 0
            for letter in place[1]:
                column = column * 26 + ord(letter) - 64
            found[int(place[2]) - 1, column - 1] = (each.findtext("{*}v") or "#N/A")[:MOST_TEXT]
        if tag == "row":
            each.clear()
    return found


def _rows(sheet: Any, failed: dict[tuple[int, int], str]) -> list[list[Any]]:
    if sheet.end is None:
        return []
    high, wide = sheet.end[0] + 1, sheet.end[1] + 1
    if high > MOST_ROWS or high * wide > MOST_CELLS:
        raise Unusable("too_many_rows", rows=high, most=MOST_ROWS)
    if wide > MOST_COLUMNS:
        raise Unusable("too_many_columns", columns=wide, most=MOST_COLUMNS)
    rows = [[_plain(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    for (row, column), text in failed.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        _fill(rows, top, left, bottom, right)
    return rows


def _fill(rows: list[list[Any]], top: int, left: int, bottom: int, right: int) -> None:
    """A cell merged over several rows says the same of each of them; over columns it is a title."""
    if left != right or top >= len(rows) or left >= len(rows[top]):
        return
    for row in rows[top + 1 : bottom + 1]:
        if left < len(row) and row[left] is None:
            row[left] = rows[top][left]


def _plain(cell: Any) -> Any:
    if cell == "" or cell is None:
        return None
    if isinstance(cell, str):
        return cell[:MOST_TEXT]
    if isinstance(cell, bool | int | float):
        return cell
    if isinstance(cell, datetime):
        return {"d": cell.date().isoformat()}
    if isinstance(cell, date):
        return {"d": cell.isoformat()}
    return str(cell)[:MOST_TEXT]


def main(arguments: list[str]) -> int:
    """Write what was found, or `{"error": code, …}`; always 0 when the answer is on paper."""
    leash.restrain(MEMORY, CPU_SECONDS, LARGEST_FILE)
    try:
        answer = read(Path(arguments[0]))
    except Unusable as error:
        answer = {"error": error.code, **error.facts}
    except MemoryError:
        answer = {"error": "too_large"}
    except Exception as error:  # whatever a strange file does to its reader, the answer is that it cannot be read
        answer = {"error": "damaged", "detail": f"{type(error).__name__}: {error}"[:200]}
    Path(arguments[1]).write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8", errors="replace")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
