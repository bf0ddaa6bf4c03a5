"""Cells that hold hours, minutes, years and the like: exact, or `Wrong` with what would be right."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from app.rules.roster import cells
from app.rules.roster.cells import Wrong
from app.rules.roster.model import Cell

# No year has more hours than this.
MOST_HOURS = 8784
MOST_TOTAL = 1_000_000_000
MOST_MINUTES = 600_000
MOST_SIGNS = 25
FIRST_YEAR = 1990
CATEGORIES = {
    "公需科目": "general", "公需课": "general", "公需": "general", "公共科目": "general", "general": "general",
    "general subjects": "general", "专业科目": "professional", "专业课": "professional", "专业": "professional",
    "professional": "professional", "professional subjects": "professional", "选修": "elective", "选修课": "elective",
    "选修科目": "elective", "选修课程": "elective", "elective": "elective", "electives": "elective",
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_UNIT = re.compile(r"\s*(?:个)?(?:学时|课时|小时|分钟|分|h|hrs?|hours?|min|minutes?)\.?$", re.IGNORECASE)
_YEAR = re.compile(r"(\d{4})\s*(?:年度|年)?")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?")
_CERTIFICATE = re.compile(r"[\w()\[\]【】〔〕/.:#-]{2,60}")


def _narrow(cell: Cell) -> str:
    return unicodedata.normalize("NFKC", cells.text(cell)).strip()


def _digits(cell: int | float) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def _number(cell: Cell, name: str, most: int) -> Decimal:
    """A number as it was written. What a spreadsheet keeps is read as it would show it, never as a binary fraction."""
    if isinstance(cell, bool):
        raise Wrong("cell_flag")
    if isinstance(cell, date):
        raise Wrong("cell_date")
    # A spreadsheet shows 15 digits: 0.1 + 0.2 is 0.3 there.
    text = _digits(cell) if isinstance(cell, int | float) else _narrow(cell).replace("−", "-").lstrip("'’`")
    if not text or text.casefold() in cells.NOTHING:
        raise Wrong("missing")
    if text.startswith("(") and text.endswith(")") and _NUMBER.fullmatch(text[1:-1]):
        raise Wrong("negative")  # so do accountants write it
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if not isinstance(cell, int | float) and not _NUMBER.fullmatch(text):
        bare = _UNIT.sub("", text)
        raise Wrong("number_form", bare if _NUMBER.fullmatch(bare) else "")
    if len(text) > MOST_SIGNS:  # longer than what `Decimal` multiplies exactly
        raise Wrong("number_form")
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise Wrong("number_form") from error
    if not found.is_finite():
        raise Wrong("number_form")
    if found < 0:
        raise Wrong("negative")
    if found > most:
        raise Wrong(f"{name}_many")
    return found


def hours(cell: Cell) -> int:
    """Hours in whole thousandths. `Wrong` where they are none, or not exact: nobody's hours are rounded here."""
    return _thousandths(cell, MOST_HOURS)


def total(cell: Cell) -> int:
    """The hours of a whole unit, likewise."""
    return _thousandths(cell, MOST_TOTAL)


def _thousandths(cell: Cell, most: int) -> int:
    if isinstance(cell, float) and 0 <= cell <= most and cell % 0.5 == 0:  # nearly all are: half hours are exact
        return int(cell * 1000)
    found = _number(cell, "hours", most) * 1000
    if found != found.to_integral_value():
        near = (found.to_integral_value(ROUND_HALF_EVEN) / 1000).normalize()
        raise Wrong("hours_inexact", f"{near:f}")
    return int(found)


def minutes(cell: Cell) -> int:
    """Minutes in milliseconds; `h:mm:ss` and `mm:ss` are read too."""
    if isinstance(cell, str) and (clock := re.fullmatch(r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]\d)", _narrow(cell))):
        hours_, minutes_, seconds = (int(part or 0) for part in clock.groups())
        return ((hours_ * 60 + minutes_) * 60 + seconds) * 1000
    found = _number(cell, "minutes", MOST_MINUTES) * 60_000
    return int(found.to_integral_value(ROUND_HALF_EVEN))


def year(cell: Cell) -> int:
    """A year: 2023, `2023年度`. `Wrong` for anything that could be another one."""
    if isinstance(cell, bool):
        raise Wrong("cell_flag")
    if isinstance(cell, date):
        raise Wrong("year_form", str(cell.year))
    if isinstance(cell, float) and cell != cell // 1:
        raise Wrong("year_form")
    text = re.sub(r"(?<=\d)\.0$", "", _narrow(cell).lstrip("'’`"))
    if not text or text.casefold() in cells.NOTHING:
        raise Wrong("missing")
    found = _YEAR.fullmatch(text)
    if found is None:
        guess = re.match(r"((?:19|20)\d\d)(?:\D|$)", text)
        several = len(re.findall(r"(?:19|20)\d\d", text)) > 1
        raise Wrong("year_form", guess[1] if guess and not several else "")
    if int(found[1]) < FIRST_YEAR:
        raise Wrong("year_early")
    return int(found[1])


def day(cell: Cell) -> date | None:
    """A day; None where nothing stands. `Wrong` for one before all years that are taken: a zero shown as a day."""
    found = _day(cell)
    if found is not None and found.year < FIRST_YEAR:
        raise Wrong("year_early")
    return found


def _day(cell: Cell) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if cells.is_empty(cell) or (isinstance(cell, str) and cell.strip().casefold() in cells.NOTHING):
        return None
    text = _narrow(cell)
    found = _DAY.fullmatch(text) or re.fullmatch(r"((?:19|20)\d\d)(\d\d)(\d\d)", text)
    try:
        return date(*map(int, found.groups())) if found else _no_day()
    except ValueError as error:
        raise Wrong("day_form") from error


def _no_day() -> date:
    raise Wrong("day_form")


def category(cell: Cell) -> str:
    """The word of a category as it stands; which one is meant is asked of the academy."""
    found = re.sub(r"\s+", " ", _narrow(cell))
    if not found or found.casefold() in cells.NOTHING:
        raise Wrong("missing")
    if len(found) > 40:
        raise Wrong("too_long")
    return found


def bucket(word: str, codes: Collection[str]) -> str:
    """The code of a category; `codes` are the academy's own. `Wrong` with the likeliest where it is not known."""
    low = word.casefold()
    if low in CATEGORIES:
        return CATEGORIES[low]
    own = {code.casefold(): code for code in codes}
    if low in own:
        return own[low]
    near = difflib.get_close_matches(low, [*CATEGORIES, *own], 1, 0.5)
    raise Wrong("category_unknown", near[0] if near else "")


def certificate(cell: Cell) -> str:
    """A certificate's number; "" where nothing stands."""
    if cells.is_empty(cell):
        return ""
    if isinstance(cell, float) and cell == cell and abs(cell) >= cells.MOST_DIGITS:
        raise Wrong("digits_lost")
    found = _narrow(cell).replace(" ", "")
    if not found or found.casefold() in cells.NOTHING:
        return ""
    if re.fullmatch(r"\d(?:\.\d+)?[eE]\+?\d+", found):
        raise Wrong("digits_lost")
    if len(found) > 60:
        raise Wrong("too_long")
    if not _CERTIFICATE.fullmatch(found):
        raise Wrong("certificate_form")
    return found


def title(cell: Cell) -> str:
    """A course's title; "" where nothing stands."""
    found = cells.text(cell)
    if found.casefold() in cells.NOTHING:
        return ""
    if len(found) > 150:
        raise Wrong("too_long")
    return found
