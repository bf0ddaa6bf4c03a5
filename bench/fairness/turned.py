"""The academy on a machine whose wall clock somebody turns: by as many seconds as stand in a file."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from app.base import clock
from app.factory import create_app

LOOK_SECONDS = 0.05


def _turn(file: Path) -> None:
    """Turn the clock whenever the file says something new, and write beside it what time the academy has."""
    turned = ""
    while True:
        wanted = file.read_text() if file.exists() else ""
        if wanted != turned:
            turned = wanted
            traveller = time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(wanted)), tick=True)
            traveller.start()
            file.with_suffix(".done").write_text(str(clock.now_ms()))
        time.sleep(LOOK_SECONDS)


app = create_app()
threading.Thread(target=_turn, args=(Path(os.environ["FAIRNESS_TURN"]),), daemon=True).start()
