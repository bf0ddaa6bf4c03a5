"""Captions: SubRip or WebVTT in, our own plain WebVTT out. Nothing of the uploaded markup survives."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from flask_babel import gettext as _

from app.base import plain
from app.base.errors import BadInput

MOST_BYTES, MOST_CUES, MOST_TEXT = 2_000_000, 10_000, 1_000
LANGUAGES = ("zh", "en")
_ARROW = re.compile(r"^\s*(\S+)\s+-->\s+(\S+)(?:\s.*)?$")
_TIME = re.compile(r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})")
# Tags of WebVTT (<v Name>, <c.red>, <00:01.000>) and of SubRip (<font color=…>), and its {\an8}.
_TAG = re.compile(r"</?[a-zA-Z0-9][^<>]*>|\{\\[^{}]*\}")
_SILENT = ("NOTE", "STYLE", "REGION")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said from `start_ms` until `end_ms`; plain text, lines parted by \\n."""

    start_ms: int
    end_ms: int
    text: str
    line: int


def decode(raw: bytes) -> str:
    """UTF-8 or GB18030 (or UTF-16 that says so) as text. `BadInput` when it is neither, or far too long."""
    if len(raw) > MOST_BYTES:
        raise BadInput(_("A caption file has at most 2 MB."), "captions")
    text = plain.decoded(raw)
    if text is not None:
        return text
    raise BadInput(_("This is not a text file. Captions are .srt or .vtt, in UTF-8 or GB18030."), "captions")


def parse(raw: bytes) -> list[Cue]:
    """The cues of a .srt or .vtt file, by their beginning. `BadInput` names the line that is wrong."""
    lines = re.split(r"\r\n|\r|\n", decode(raw))
    cues: list[Cue] = []
    at = 0
    while at < len(lines):
        block_from = at
        while at < len(lines) and lines[at].strip():
            at += 1
        if at > block_from and (cue := _cue(lines[block_from:at], block_from + 1)):
            cues.append(cue)
            if len(cues) > MOST_CUES:
                raise BadInput(_("A caption file has at most %(most)s captions.", most=MOST_CUES), "captions")
        at += 1
    if not cues:
        raise BadInput(_("There is no caption in this file. Captions are .srt or .vtt."), "captions")
    return sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms))


def _cue(block: list[str], number: int) -> Cue | None:
    """One block of lines as a cue; None for headers, notes and styles. `number`: its first line's."""
    if block[0].split()[0] in _SILENT or (number == 1 and block[0].startswith("WEBVTT")):
        return None
    arrow = next((i for i, line in enumerate(block[:2]) if "-->" in line), None)
    if arrow is None:
        raise _wrong(number, _("a time like 00:01:02.500 --> 00:01:05.000 is missing"))
    where = number + arrow
    found = _ARROW.match(block[arrow])
    start, end = (_ms(found[1]), _ms(found[2])) if found else (None, None)
    if start is None or end is None:
        raise _wrong(where, _("write the time like 00:01:02.500 --> 00:01:05.000"))
    if end <= start:
        raise _wrong(where, _("the caption ends before it begins"))
    text = "\n".join(filter(None, (_plain(line) for line in block[arrow + 1 :])))
    if len(text) > MOST_TEXT:
        raise _wrong(where, _("the caption is longer than %(most)s characters", most=MOST_TEXT))
    return Cue(start, end, text, where) if text else None


def _wrong(line: int, what: str) -> BadInput:
    return BadInput(_("Line %(line)s: %(what)s.", line=line, what=what), "captions")


def _ms(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(found[4].ljust(3, "0"))


def _plain(line: str) -> str:
    text = html.unescape(_TAG.sub("", line))
    return "".join(c for c in text if c >= " " and c not in "\x7f\u2028\u2029").strip()


def _stamp(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def to_vtt(cues: list[Cue]) -> str:
    """WebVTT of plain cues; what could be markup is escaped."""
    blocks = [
        f"{_stamp(cue.start_ms)} --> {_stamp(cue.end_ms)}\n{html.escape(cue.text, quote=False)}\n" for cue in cues
    ]
    return "WEBVTT\n\n" + "\n".join(blocks)


def check_fits(cues: list[Cue], length_ms: int) -> None:
    """`BadInput` when captions begin after the material's end: they belong to another file."""
    for cue in cues:
        if cue.start_ms >= length_ms + 1000:
            raise _wrong(cue.line, _("the caption begins after the material ends; it is for another file"))
