"""The file: JSON for programs, one page of HTML for people, in a ZIP."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.base import labels
from app.base.numbers import clock
from app.base.settings import Settings
from app.base.tongue import speaker
from app.myself.taking.reading import Rows
from app.myself.taking.values import moment
from app.myself.taking.words import CODES, COLUMNS, PART_WORDS, UNSHOWN, WHO

FORMAT, VERSION = "duxue-personal-data", 1
DATA, PAGE = "data.json", "index.html"
SHOWN = 2000  # rows of a part on the page; the JSON has all
_STYLE = (
    "body{font:15px/1.6 system-ui,'Noto Sans SC','Microsoft YaHei',sans-serif;margin:2rem auto;max-width:70rem;"
    "padding:0 1rem;color:#1d2a30;background:#fff}table{border-collapse:collapse;font-size:13px}"
    "th,td{border:1px solid #c6ccc8;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#f2f4f1}h2{margin-top:2.5rem}.wide{overflow-x:auto}.muted{color:#5a676e}"
    "@media(prefers-color-scheme:dark){body{background:#15191c;color:#e4e8e6}th{background:#22292d}"
    "th,td{border-color:#3b454a}.muted{color:#9aa7ad}}"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # as `moment` writes it; a note may hold anything like it


def pack(settings: Settings, locale: str, made_at: datetime, parts: Mapping[str, Rows]) -> bytes:
    """The ZIP's bytes."""
    told = {
        "format": FORMAT, "version": VERSION, "made_at": moment(made_at), "academy": settings.academy_name,
        "timezone": str(settings.timezone), "parts": parts,
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DATA, json.dumps(told, ensure_ascii=False, indent=1))
        archive.writestr(PAGE, page(settings, locale, made_at, parts))
    return out.getvalue()


def page(settings: Settings, locale: str, made_at: datetime, parts: Mapping[str, Rows]) -> str:
    """All of it in words, for a browser without a network."""
    _, english = speaker(locale), locale == "en"
    academy = settings.academy_name_en if english else settings.academy_name
    title = _("What %(academy)s holds on me") % {"academy": academy}
    when = made_at.astimezone(settings.timezone).strftime("%Y-%m-%d %H:%M")
    lead = _("Made on %(when)s. Times are those of %(zone)s. Staff are named by their roles only.") % {
        "when": when, "zone": settings.timezone,
    }  # fmt: skip
    more = _("The file data.json holds the same for programs; its format is described in docs/personal-data.md.")
    listed = Markup("").join(
        Markup('<li><a href="#{0}">{1}</a> <span class="muted">{2}</span></li>').format(
            name, _(PART_WORDS[name]), len(rows)
        )
        for name, rows in parts.items()
        if rows
    )
    body = Markup("").join(_section(name, rows, _, settings.timezone) for name, rows in parts.items() if rows)
    nothing = "，".join(_(PART_WORDS[name]) for name, rows in parts.items() if not rows)
    body += Markup('<h2>{0}</h2><p class="muted">{1}</p>').format(_("Nothing is held of this"), nothing)
    return str(
        Markup(
            '<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" '
            'content="width=device-width"><title>{title}</title><style>{style}</style></head><body><h1>{title}</h1>'
            '<p>{lead}</p><p class="muted">{more}</p><ul>{listed}</ul>{body}</body></html>\n'
        ).format(
            lang="en" if english else "zh-CN", title=title, style=Markup(_STYLE), lead=lead, more=more, listed=listed,
            body=body,
        )
    )  # fmt: skip


def _section(name: str, rows: Rows, _: Callable[[str], str], zone: ZoneInfo) -> Markup:
    head = Markup('<h2 id="{0}">{1}</h2>').format(name, _(PART_WORDS[name]))
    columns = list(dict.fromkeys(column for row in rows[:SHOWN] for column in row if column not in UNSHOWN))
    cells = Markup("").join(Markup("<th>{0}</th>").format(_(COLUMNS.get(each, each))) for each in columns)
    lines = Markup("").join(
        Markup("<tr>{0}</tr>").format(
            Markup("").join(
                Markup("<td>{0}</td>").format(_cell(column, row.get(column), _, zone)) for column in columns
            )
        )
        for row in rows[:SHOWN]
    )
    left = len(rows) - SHOWN
    foot = Markup("<p>{0}</p>").format(_("More rows are in data.json: %(n)s.") % {"n": left}) if left > 0 else ""
    return head + Markup('<div class="wide"><table><tr>{0}</tr>{1}</table></div>{2}').format(cells, lines, foot)


def _cell(column: str, value: Any, _: Callable[[str], str], zone: ZoneInfo) -> str:
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dict) and "name" in value:
        return str(value["name"])
    if isinstance(value, dict) and "lesson" in value and "course" in value:
        return f"{value['course']} · {value['lesson']}"
    if column in ("spans", "pending", "granted"):
        return "，".join(f"{clock(start)}–{clock(end)}" for start, end in value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return _at(value, zone)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "，".join(_word("by", each, _) for each in value)
    if isinstance(value, dict):
        given = {_(str(COLUMNS.get(name, name))): each for name, each in value.items() if each not in ("", None)}
        return "；".join(f"{name} {_inner(each)}" for name, each in given.items())
    return _word(column, _inner(value), _)


def _at(value: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(value).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return value


def _word(column: str, code: str, _: Callable[[str], str]) -> str:
    """What a code is called; anything else as it is."""
    kind = CODES.get(column, "")
    return _(str(labels.WORDS[kind].get(code, WHO.get(code, code)))) if kind and code else code


def _inner(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
