"""Sets one certificate: `python -m app.credits.certificates.press`, alone, below everybody else, on a short leash.

Reads `{"source": FILE, "data": {…}, "faces": [[FOLDER, …], …], "made": seconds since 1970}` on standard input and
writes the PDF to standard output. The faces are tried in their order: first the academy's own, then with the system's
for signs that those lack. PDF/A-2u refuses a sign that no face has; then the page is set without that promise, and a
box stands in the sign's place.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from app.base import leash

MEMORY, CPU_SECONDS = 3 << 30, 10
ARCHIVE: Final = "a-2u"


def press(job: dict[str, Any]) -> bytes:
    """The PDF; `typst.TypstError` when the page cannot be set at all."""
    import typst  # late: limits hold before it is loaded

    source, folders, made = str(job["source"]), list(job["faces"]), int(job["made"])
    inputs = {"data": json.dumps(job["data"], ensure_ascii=False)}

    def once(faces: list[str], *, kept: bool) -> bytes:
        return typst.compile(
            source, root=str(Path(source).parent), font_paths=faces, ignore_system_fonts=True, format="pdf",
            sys_inputs=inputs, pdf_standards=ARCHIVE if kept else None, timestamp=made,
        )  # fmt: skip

    for faces in folders:
        try:
            return once(faces, kept=True)
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
    return once(folders[-1], kept=False)


def main() -> int:
    """0 with the PDF on standard output, 1 with words on standard error."""
    leash.restrain(MEMORY, CPU_SECONDS, 0)
    if hasattr(os, "nice"):
        os.nice(10)  # learners' beats go before paper
    job = json.load(sys.stdin.buffer)
    try:
        found = press(job)
    except Exception as error:  # whatever it is, the caller wants words
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
