"""Single cells, read strictly: each function gives the value, or raises `Wrong` with what would be right."""

from __future__ import annotations

import difflib
import re
import unicodedata
from datetime import date

from app.rules.roster.model import Cell

# What nobody sees and nobody means: zero-width spaces and joiners, marks of direction that enclose nothing, fillers,
# variation selectors and tags, byte order marks, soft hyphens.
_DUST = re.compile(
    "[\u200b-\u200f\u061c\u115f\u1160\u180b-\u180e\u2060-\u2064\u3164\ufe00-\ufe0f\ufeff\uffa0\u00ad"
    "\U000e0000-\U000e007f]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]")
# What a spreadsheet shows where it could not reckon.
_ERROR = re.compile(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NULL!|NUM!|####*)", re.IGNORECASE)
# The apostrophe that keeps a text from being taken for a formula, as our own files have it.
_MASKED = re.compile("'[+@＋＠－-]")
_SPACES = re.compile(r"\s+")
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}·])\s+(?=[{_HAN}·])")
_DOTS = re.compile("[・•‧∙⋅･．.](?=[" + _HAN + "])")
_STAFF = re.compile(r"[\w.@+-]{2,60}")
_IDENTITY = re.compile(r"\d{17}[\dXx]|\d{15}")
_DASHES = re.compile("[\u2010-\u2015\u2212~]+")
# What another program makes of a number that it took for a broken one.
_POINT_ZERO = re.compile(r"(?<=\d)\.0$")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(0\d{2,3})[-)]?(\d{7,8})(?:[-转x]?(\d{1,6}))?|([2-9]\d{6,7})")
_ABROAD = re.compile(r"\+\d{7,15}")
_SEVERAL = re.compile(r"[/,;、，；或|\n]")
_EMAIL = re.compile(r"[^@\s,;<>()\"']{1,64}@[^@\s,;<>()\"'.]+(?:\.[^@\s,;<>()\"'.]+)*\.[a-z0-9-]{2,}")
# A number keeps 15 digits in a spreadsheet; longer ones have lost their end.
MOST_DIGITS = 10**15
LONGEST = {"name": 60, "unit": 120, "parent": 120, "nature": 40, "band": 40, "email": 120}
YES = frozenset(["是", "对", "有", "真", "y", "yes", "true", "1", "√", "✓", "✔", "☑", "重点", "t"])
NO = frozenset(["否", "不是", "无", "非", "假", "n", "no", "false", "0", "×", "✗", "✘", "☐", "-", "—", "不", "f"])
# What stands in a cell to say that nothing stands there.
NOTHING = frozenset(["无", "暂无", "没有", "空", "/", "\\", "-", "--", "—", "——", "n/a", "na", "none", "null", "nil"])
NATURES = {
    "党政机关": "party_government", "机关": "party_government", "政府机关": "party_government",
    "party and government body": "party_government", "事业单位": "public_institution",
    "public institution": "public_institution", "国有企业": "state_enterprise", "国企": "state_enterprise",
    "state enterprise": "state_enterprise", "学校": "school", "school": "school", "医院": "hospital",
    "hospital": "hospital", "乡镇街道": "township", "乡镇(街道)": "township", "乡镇": "township", "街道": "township",
    "township or subdistrict": "township", "群团组织": "mass_organisation", "mass organisation": "mass_organisation",
    "非公企业": "private_enterprise", "民营企业": "private_enterprise", "private enterprise": "private_enterprise",
}  # fmt: skip
BANDS = {
    "处级": "division", "division head": "division", "科级": "section", "section head": "section",
    "一般工作人员": "staff", "一般人员": "staff", "staff": "staff", "专业技术人员": "professional",
    "professional staff": "professional", "企业管理人员": "manager", "manager": "manager",
}  # fmt: skip


class Wrong(Exception):
    """A cell cannot be used. `problem` is a code; `wanted` what it would be, where that can be guessed."""

    def __init__(self, problem: str, wanted: str = "") -> None:
        super().__init__(problem)
        self.problem, self.wanted = problem, wanted


def shown(cell: Cell) -> str:
    """A cell as the spreadsheet shows it, for a message: at most 60 characters, on one line."""
    text = str(_whole(cell) if isinstance(cell, float) else cell or "")
    text = _CONTROL.sub("�", _SPACES.sub(" ", text)).strip()
    return text if len(text) <= 60 else f"{text[:59]}…"


def _whole(number: float) -> int | float:
    return int(number) if number == number and abs(number) < MOST_DIGITS and number == int(number) else number


def is_empty(cell: Cell) -> bool:
    """Does nothing stand there?"""
    return cell is None or (isinstance(cell, str) and not _DUST.sub("", cell).strip())


def text(cell: Cell) -> str:
    """A cell as plain text: one width, no dust, single spaces. `Wrong` for errors and what no text holds."""
    if isinstance(cell, bool):
        raise Wrong("cell_flag")
    if isinstance(cell, date):
        raise Wrong("cell_date")
    if isinstance(cell, float):
        whole = _whole(cell)
        if not isinstance(whole, int):
            raise Wrong("digits_lost" if abs(cell) >= MOST_DIGITS else "cell_fraction")
        return str(whole)
    if isinstance(cell, int):
        return str(cell)
    found = _SPACES.sub(" ", _DUST.sub("", cell or "")).strip()
    if _MASKED.match(found):
        found = found[1:]
    if _CONTROL.search(found):
        raise Wrong("control", _CONTROL.sub("", found))
    if _ERROR.fullmatch(found):
        raise Wrong("cell_error")
    if found[:1] in "=＝" and len(found) > 1:
        raise Wrong("formula")
    return found


def _narrow(cell: Cell) -> str:
    return unicodedata.normalize("NFKC", text(cell))


def staff_number(cell: Cell) -> str:
    """The staff number in its stored form (small letters)."""
    found = _POINT_ZERO.sub("", _narrow(cell).replace(" ", "").lstrip("'’`").casefold())
    if not found or found in NOTHING:
        raise Wrong("missing")
    if re.fullmatch(r"\d(?:\.\d+)?e\+\d+", found):
        raise Wrong("digits_lost")
    if _IDENTITY.fullmatch(found):
        raise Wrong("identity_number")
    if len(found) > 60:
        raise Wrong("too_long")
    if not _STAFF.fullmatch(found):
        wanted = re.sub(r"[^\w.@+-]", "", _DASHES.sub("-", found))
        raise Wrong("staff_form", wanted if len(wanted) > 1 else "")
    return found


def name(cell: Cell) -> str:
    """A person's name: no spaces between Chinese characters, one kind of dot in names of minorities."""
    found = _narrow(cell)
    found = _DOTS.sub("·", _BETWEEN_HAN.sub("", found))
    if not found:
        raise Wrong("missing")
    if len(found) > LONGEST["name"]:
        raise Wrong("too_long")
    if not any(character.isalpha() for character in found):
        raise Wrong("name_form")
    if any(character.isdigit() for character in found):
        raise Wrong("name_digits", re.sub(r"[\d()]", "", found).strip())
    return found


def phone(cell: Cell) -> str | None:
    """A phone number as it is stored, digits alone: `13912345678`, `073158221234`, `+85212345678`."""
    found = _POINT_ZERO.sub("", _DASHES.sub("-", _narrow(cell)).replace(" ", "").lstrip("'’`"))
    if not found or found.casefold() in NOTHING:
        return None
    if re.fullmatch(r"\d(?:\.\d+)?e\+?\d+", found.casefold()):
        raise Wrong("digits_lost")
    bare = re.sub(r"^(?:\+|00)86[-]?|^86(?=1\d{10}$)", "", found)
    digits = re.sub(r"[-().]", "", bare)
    if _MOBILE.fullmatch(digits):
        return digits
    if _ABROAD.fullmatch(found.replace("-", "")) and not found.startswith("+86"):
        return found.replace("-", "")
    if fixed := _LANDLINE.fullmatch(bare.lstrip("(")):
        area, number, extension, local = fixed.groups()
        return "".join(part for part in (area, number or local, extension) if part)
    first = next((part for part in _SEVERAL.split(found) if part != found and _MOBILE.fullmatch(part)), "")
    raise Wrong("phone_several" if first else "phone_form", first)


def email(cell: Cell) -> str | None:
    """An e-mail address in small letters."""
    found = _narrow(cell).replace(" ", "").casefold().removeprefix("mailto:")
    if not found or found in NOTHING:
        return None
    if len(found) > LONGEST["email"]:
        raise Wrong("too_long")
    if _EMAIL.fullmatch(found):
        return found
    guess = re.sub("[。．]", ".", found).replace("#", "@").replace("，", ".").strip(".,;<>")
    first = next((part for part in _SEVERAL.split(guess) if _EMAIL.fullmatch(part)), "")
    raise Wrong("email_several" if first and first != guess else "email_form", first)


def unit(cell: Cell, field: str = "unit") -> str:
    """A unit's name as it is written, without the spaces that nobody means. "" where nothing stands."""
    found = _BETWEEN_HAN.sub("", text(cell))
    if found.casefold() in NOTHING:
        return ""
    if len(found) > LONGEST[field]:
        raise Wrong("too_long")
    if found and not any(character.isalpha() for character in found):
        raise Wrong("unit_form")
    return found


def same(name_: str) -> str:
    """Two names of units that differ only in width, case or spaces are one."""
    return unicodedata.normalize("NFKC", name_).casefold().replace(" ", "")


def nature(cell: Cell) -> str | None:
    """The code of a nature; one that is not known stands for itself. `Wrong` for what looks like a slip of the pen."""
    return _code(cell, NATURES, "nature")


def band(cell: Cell) -> str | None:
    """The code of a rank band, likewise."""
    return _code(cell, BANDS, "band")


def _code(cell: Cell, known: dict[str, str], field: str) -> str | None:
    found = _BETWEEN_HAN.sub("", text(cell))
    if not found or found.casefold() in NOTHING:
        return None
    if len(found) > LONGEST[field]:
        raise Wrong("too_long")
    low = unicodedata.normalize("NFKC", found).casefold()
    if low in known:
        return known[low]
    if low in known.values():
        return low
    near = difflib.get_close_matches(low, [name_ for name_ in known if len(name_) > 2], 1, 0.74)
    if near and near[0] not in low and low not in near[0]:  # else a kind of its own: 参公事业单位
        raise Wrong(f"{field}_unknown", near[0])
    return found


def written(known: dict[str, str], code: str) -> str:
    """The word that is read as this code; a code without one stands for itself."""
    return next((word for word, each in known.items() if each == code), code)


def yes_no(cell: Cell) -> bool | None:
    """Yes or no; None where nothing stands."""
    if isinstance(cell, bool):
        return cell
    found = _narrow(cell).casefold()
    if not found:
        return None
    if found in YES:
        return True
    if found in NO:
        return False
    raise Wrong("yes_no")
