"""A helper process of `crew`: told the database, then given chunks one by one; it answers with what it found."""

from __future__ import annotations

import gc
import os
import sys
from typing import BinaryIO

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits.books.chunk import Chunk, Prover
from app.credits.books.closings import closings
from app.credits.books.crew import Begin, receive, send
from app.credits.books.rules import published


def main(given: BinaryIO, answers: BinaryIO) -> None:
    """Prove until nothing more is given."""
    send(answers, "up")
    begin = receive(given, Begin)
    if begin is None:
        return
    os.nice(begin.nice)
    db = Database(begin.url)
    with db.reading() as session:
        _join(session, db, begin)
        send(answers, "reading")
        rules = published(session, {})[0]
        prover = Prover(session, rules, begin.today, closings(session)[0])
        # Rows are freed as their counts fall to nothing; looking for circles among them cost a quarter of the time.
        gc.disable()
        gc.freeze()
        while (chunk := receive(given, Chunk)) is not None:
            send(answers, prover.prove(chunk))
            gc.collect()
    db.engine.dispose()


def _join(session: Session, db: Database, begin: Begin) -> None:
    """Begin reading at the moment that the one who asks reads."""
    if db.sqlite:
        session.execute(text("SELECT count(*) FROM sqlite_schema"))
        return
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    assert begin.snapshot is not None
    # No parameters are possible here; the text came from the server itself.
    session.execute(text("SET TRANSACTION SNAPSHOT '{}'".format(begin.snapshot.replace("'", "''"))))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
