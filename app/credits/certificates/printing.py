"""From a certificate to its PDF, in a process of its own. The same certificate gives the same bytes each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from flask_babel import gettext as _

from app.base.clock import to_ms
from app.base.errors import Refused
from app.credits.certificates import paper
from app.credits.certificates.content import Content

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
SOURCE = HERE / "typeset" / "certificate.typ"
FACES = HERE / "fonts"
# Debian's fonts-noto-cjk has the signs of some old names that the academy's own faces lack.
MORE_FACES = Path("/usr/share/fonts/opentype/noto")
# All that the process knows: none of the academy's secrets.
BARE = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LC_ALL": "C.UTF-8"}
AT_ONCE, MOST_WAIT, MOST_SECONDS = 2, 20, 20
_slots = threading.BoundedSemaphore(AT_ONCE)


class Busy(Refused):
    """Paper cannot be made right now; nothing is wrong with the certificate."""

    status = 503


def pdf(content: Content, content_hash: str) -> bytes:
    """The certificate as PDF. `Busy` when others are being made, or when setting it failed.

    Takes a few tenths of a second: never call it inside a transaction.
    """
    job = {
        "source": str(SOURCE),
        "data": paper.data_of(content, content_hash),
        "faces": [[str(FACES)], *([[str(FACES), str(MORE_FACES)]] if MORE_FACES.is_dir() else [])],
        "made": to_ms(content.issued_at) // 1000,
    }
    if not _slots.acquire(timeout=MOST_WAIT):
        raise Busy(_("Many certificates are being made right now. Yours is kept; try again in a minute."))
    try:
        return _press(json.dumps(job).encode())
    finally:
        _slots.release()


def _press(job: bytes) -> bytes:
    command = [sys.executable, "-m", "app.credits.certificates.press"]
    failed = _("The PDF could not be made. The certificate itself is kept and its code holds; try again later.")
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=BARE, input=job, capture_output=True, timeout=MOST_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Busy(failed) from error
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        raise Busy(failed) from RuntimeError(done.stderr.decode(errors="replace")[:500])
    return done.stdout
