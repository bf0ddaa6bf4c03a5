"""Files of people: workbooks and CSV, whatever wrote them, become rows of cells. Everything is hostile until read."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.base import plain
from app.base.errors import BadInput
from app.courses.measuring import BARE, ROOT
from app.roster.sheet_probe import MOST_COLUMNS, MOST_ROWS, MOST_TEXT
from app.rules.roster import headings
from app.rules.roster.model import Cell, Row

MOST_BYTES = 24_000_000
MOST_SECONDS = 90
WORKBOOK, OLDER = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DELIMITERS = ",\t;|，"


@dataclass(frozen=True, slots=True)
class Table:
    """The sheet that was chosen, with all its rows from the first on. `others`: visible sheets that were not read."""

    sheet: str
    rows: list[Row]
    others: tuple[str, ...] = ()


def read_table(raw: bytes, sheet: str = "", remembered: Mapping[str, str] | None = None) -> Table:
    """The rows of a file: of the sheet with this name, else of the first one that has headings.

    `BadInput` (field `file`) says in words what is wrong and what to do.
    """
    filled = read_sheets(raw, sheet)
    chosen = sheet or next((n for n, rows in filled.items() if headings.find(rows, remembered)), next(iter(filled)))
    return Table(chosen, filled[chosen], tuple(name for name in filled if name != chosen))


def read_sheets(raw: bytes, sheet: str = "") -> dict[str, list[Row]]:
    """All sheets of a file that anything stands in, by name; `sheet` must be one. A text is one without name."""
    if not raw.strip():
        raise BadFile("empty")
    if len(raw) > MOST_BYTES:
        raise BadFile("too_large")
    sheets = _workbook(raw) if raw.startswith((WORKBOOK, OLDER)) else {"": _text(raw)}
    filled = {name: rows for name, rows in sheets.items() if any(cell is not None for row in rows for cell in row)}
    if not filled:
        raise BadFile("empty")
    if sheet and sheet not in filled:
        raise BadFile("no_sheet", sheet=sheet, sheets=", ".join(filled))
    return filled


def _workbook(raw: bytes) -> dict[str, list[Row]]:
    with tempfile.TemporaryDirectory(prefix="duxue-sheet-") as folder:
        path, paper = Path(folder, "file"), Path(folder, "answer.json")
        path.write_bytes(raw)
        answer = _ask(path, paper)
    if "error" in answer:
        raise BadFile(str(answer["error"]), most=answer.get("most", ""))
    try:
        return {str(each["name"]): [_cells(row) for row in each["rows"]] for each in answer["sheets"]}
    except (KeyError, TypeError, ValueError) as error:
        # Whoever took over the process that reads strange files may write there what they like.
        raise BadFile("damaged") from error


def _ask(path: Path, paper: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "app.roster.sheet_probe", str(path), str(paper)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=BARE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=MOST_SECONDS, check=False,
        )  # fmt: skip
        if -done.returncode == signal.SIGXCPU:
            return {"error": "too_large"}
        answer = json.loads(paper.read_bytes())
    except subprocess.TimeoutExpired:
        return {"error": "too_large"}
    except (OSError, ValueError, RecursionError):
        return {"error": "too_much"}  # killed by one of its own limits
    return answer if isinstance(answer, dict) else {"error": "damaged"}


def _cells(row: list[Any]) -> Row:
    return [_cell(cell) for cell in row]


def _cell(cell: Any) -> Cell:
    if isinstance(cell, dict):
        return date.fromisoformat(cell["d"])
    if cell is None or isinstance(cell, str | int | float | bool):
        return cell
    raise TypeError(cell)


def _text(raw: bytes) -> list[Row]:
    text = plain.decoded(raw)
    if text is None:
        raise BadFile("not_a_sheet")
    head = text.lstrip("\ufeff \t\r\n")[:400].casefold()
    if head.startswith(("<html", "<!doctype", "<table", "<?xml", "<meta", "<style")):
        raise BadFile("web_page")
    if head.startswith(("%pdf-", "{\\rtf", "{", "[")):
        raise BadFile("not_a_sheet")
    delimiter = _delimiter(text)
    rows: list[Row] = []
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False):
            if len(line) > MOST_COLUMNS:
                raise BadFile("too_many_columns", most=MOST_COLUMNS)
            if any(_swallowed(cell, delimiter) for cell in line):
                raise BadFile("quotes", row=len(rows) + 1)
            rows.append([cell[:MOST_TEXT] if cell.strip() else None for cell in line])
            if len(rows) > MOST_ROWS:
                raise BadFile("too_many_rows", most=MOST_ROWS)
    except csv.Error as error:
        raise BadFile("quotes", row=len(rows) + 1) from error
    return rows


def _swallowed(cell: str, delimiter: str) -> bool:
    """Do whole rows stand in this cell? A quotation mark that is not closed takes in all that follows."""
    return "\n" in cell and any(part.count(delimiter) > 1 for part in cell.split("\n")[1:])


def _delimiter(text: str) -> str:
    """What separates the cells: of the usual signs the one that stands in the most of the first lines, most often."""
    lines = list(islice((line for line in text.splitlines() if line.strip()), 40))
    if not lines:
        return ","
    counts = Counter({each: sum(each in line for line in lines) * 1000 + lines[0].count(each) for each in DELIMITERS})
    return counts.most_common(1)[0][0]


class BadFile(BadInput):
    """A file cannot be read. `code` and `facts` say why; the text can be said anew in the reader's language."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(said(code, facts), "file")
        self.code, self.facts = code, facts


def said(code: str, facts: Mapping[str, object]) -> str:
    """What is wrong with a file, and what to do."""
    words = {
        "empty": _("There is nothing in this file."),
        "too_large": _("This file is too large. Up to %(most)s MB are read; take out pictures and other sheets."),
        "damaged": _("This file is damaged. Open it in the program that made it and save it anew as .xlsx."),
        "too_much": _(
            "This file cannot be opened within its limits. Often a cell far outside the table is to blame: copy the "
            "table into a new workbook and save that."
        ),
        "encrypted": _("This file has a password. Save it without one."),
        "bomb": _("This file unpacks to far more than it should. Open it in a spreadsheet and save it anew as .xlsx."),
        "not_a_sheet": _("This is not a spreadsheet. Take an .xlsx, .xls or .csv file."),
        "web_page": _("This is a web page saved as a spreadsheet. Open it in a spreadsheet and save it as .xlsx."),
        "too_many_rows": _("This sheet has too many rows: up to %(most)s are read."),
        "too_many_columns": _("This sheet has too many columns: up to %(most)s are read."),
        "quotes": _("From line %(row)s on the quotation marks do not fit together. Save the file anew as .xlsx."),
        "no_sheet": _("There is no sheet %(sheet)s in this file. It has: %(sheets)s."),
    }  # fmt: skip
    given = {"most": MOST_BYTES // 1_000_000 if code == "too_large" else "", **facts}
    return str(words.get(code, words["damaged"])) % given
