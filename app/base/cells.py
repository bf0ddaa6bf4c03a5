"""Cells of files that spreadsheets open."""

from __future__ import annotations

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """A cell of a CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" \u3000").startswith(_FORMULA) else text
