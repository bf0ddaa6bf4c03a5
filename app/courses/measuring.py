"""Ask the probe, in a process of its own, how long a file is; turn its refusals into words for people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.base.errors import BadInput
from app.courses import formats

ROOT = Path(__file__).resolve().parents[2]
# All that a process knows that opens strange files: none of the academy's secrets.
BARE = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LC_ALL": "C.UTF-8"}
MOST_SECONDS = 300
LONGEST_MS = 172_800_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What the packets of a file say. `claimed_ms` is what its header says (None: nothing).

    Of a film: width and height as shown, `rate_m` its mean rate in thousandths a second. `cover`: it brings a
    picture of itself.
    """

    kind: str
    mime: str
    length_ms: int
    claimed_ms: int | None
    width: int = 0
    height: int = 0
    rate_m: int = 0
    sound: bool = True
    cover: bool = False

    @property
    def playable(self) -> bool:
        """Does every browser play the file as it is? Otherwise it is prepared first."""
        return playable(self.mime)

    @property
    def overclaims(self) -> bool:
        """Does the header claim clearly more than the packets hold?"""
        return self.claimed_ms is not None and self.claimed_ms > self.length_ms * 1.01 + 2000


def playable(mime: str) -> bool:
    """Is a media version of this mime sent to browsers as it is?"""
    return any(mime in (video, audio) for _v, _a, video, audio in formats.PLAYABLE.values() if mime)


def clock_text(ms: int) -> str:
    """Milliseconds as m:ss, from an hour on h:mm:ss."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def measure(path: Path) -> Measured:
    """Measure a media file of up to 48 hours. `BadInput` says in words what is wrong and what to do.

    Takes as long as reading the file does: never call it inside a writing transaction.
    """
    command = [sys.executable, "-m", "app.courses.probe", str(path)]
    try:
        done = subprocess.run(command, cwd=ROOT, env=BARE, capture_output=True, timeout=MOST_SECONDS, check=False)
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        text = _("Measuring this file took too long. Split it into shorter lessons.")
        raise BadInput(text, "file") from error
    except ValueError as error:
        # Killed by one of its own limits, or by a fault in a decoder: either way it left no answer.
        raise BadInput(_words({"error": "unreadable"}), "file") from error
    if "error" in answer:
        raise BadInput(_words(answer), "file")
    found = Measured(**answer)
    if found.length_ms < 1000:
        raise BadInput(_("This file is shorter than one second."), "file")
    if found.length_ms > LONGEST_MS:
        raise BadInput(_("This file is longer than 48 hours. Split it into shorter lessons."), "file")
    return found


def _words(answer: dict[str, Any]) -> str:
    """The probe's refusal in words: what is wrong and what to do."""
    at, until = clock_text(answer.get("at_ms", 0)), clock_text(answer.get("until_ms", 0))
    told, real = clock_text(answer.get("told_ms", 0)), clock_text(answer.get("real_ms", 0))
    what = str(answer.get("what") or _("an unknown kind of file"))
    if answer["error"] == "not_media" and what == "application/pdf":
        return str(_("This is a PDF, not video or audio. Add it as a document."))
    words = {
        "not_media": _(
            "This is not video or audio, whatever its name says, but %(what)s. Choose the media file.",
            what=what,
        ),
        "convert": _(
            "%(what)s does not play in every browser. Convert it to MP4 (H.264 and AAC), then upload it.",
            what=what,
        ),
        "incomplete": _("The file is incomplete: its end is missing. Copy it from its source again, then upload it."),
        "hole": _(
            "From %(at)s to %(until)s there is neither picture nor sound. Export it again without the gap.",
            at=at,
            until=until,
        ),
        "claims": _(
            "The file claims to last %(told)s, but its last picture begins at %(real)s. Export it again.",
            told=told,
            real=real,
        ),
        "late": _("Picture and sound begin only at %(at)s. Export the file again from 0:00.", at=at),
        "empty": _("The file holds neither picture nor sound."),
    }
    unreadable = _("The file cannot be read. Export it as MP4 (H.264 and AAC), then upload that.")
    return str(words.get(answer["error"], unreadable))
