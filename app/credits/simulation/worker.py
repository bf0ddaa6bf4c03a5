"""One process of a simulation: reads its job, tells how many learners are done line by line, answers last."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

import msgspec

from app.base.db import Database
from app.credits.simulation import share
from app.credits.simulation.processes import Job

PATIENCE = 5  # a server on the same machine goes before


def main() -> None:
    """Weigh; whoever asked and is gone closes the pipe, and that ends this process."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    with contextlib.suppress(OSError):
        os.nice(PATIENCE)
    # Pieces and postings hold no circles: looking for some would cost a tenth of the time.
    gc.freeze()
    gc.disable()

    def tell(done: int) -> None:
        sys.stdout.buffer.write(b"%d\n" % done)
        sys.stdout.buffer.flush()

    db = Database(job.url)
    found = share.weigh(db, job.scale(), job.learners, tell)
    db.engine.dispose()
    sys.stdout.buffer.write(msgspec.json.encode(found))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
