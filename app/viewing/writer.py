"""Group commit: one thread a process takes all beats that wait, decides them, commits once, answers.

Who waits is a thread (`submit`) or an event loop (`put`, and `answered` for a whole batch at once).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from app.viewing import protocol
from app.viewing.rows import Policy, Waiting, decide
from app.viewing.stores import Store

log = logging.getLogger("duxue.beats")
MOST_IN_A_BATCH = 256
MOST_WAITING = 4096
ENOUGH = 24  # of 32 waiting threads: that is a batch, and waiting for more would only make it late
NOT_SAVED = protocol.error("not_saved", "This beat was not saved. Send it again.")
UNKNOWN = protocol.error("not_ours", "This lease belongs to no viewing of this academy.")


def wake_threads(batch: list[Waiting]) -> None:
    """The waiters are threads, each behind its own lock."""
    for waiting in batch:
        waiting.done.release()


class Writer:
    """The queue and its thread. It starts with the first beat, so that a process may fork before."""

    def __init__(
        self, store: Store, policy: Policy, window_ms: int, answered: Callable[[list[Waiting]], None] = wake_threads
    ) -> None:
        self._store, self._policy, self._window, self._answered = store, policy, window_ms / 1000, answered
        self._queue: SimpleQueue[Waiting] = SimpleQueue()
        self._starting = threading.Lock()
        self._enough = threading.Lock()  # held but for a moment: its release ends the window early
        self._enough.acquire()
        self._thread: threading.Thread | None = None

    def submit(self, waiting: Waiting) -> None:
        """Wait until the beat is durable, or has failed; the answer stands in `waiting`."""
        waiting.done.acquire()
        if self.put(waiting):
            waiting.done.acquire()

    def put(self, waiting: Waiting) -> bool:
        """Queue a beat for the next batch; False where too many wait already: its answer (503) stands in it."""
        if self._thread is None:
            self._start()
        if self._queue.qsize() >= MOST_WAITING:
            waiting.status, waiting.body = 503, NOT_SAVED
            return False
        self._queue.put(waiting)
        if self._queue.qsize() >= ENOUGH:
            self._end_window()
        return True

    def _end_window(self) -> None:
        with suppress(RuntimeError):  # somebody else has just said so
            self._enough.release()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="duxue-beats", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = self._gather()
            try:
                self._commit(batch)
            except Exception:  # whatever it was, nobody of this batch may be told that it was saved
                log.exception("a batch of %d beats was not saved", len(batch))
                for waiting in batch:
                    waiting.status, waiting.body, waiting.due, waiting.signal = 503, NOT_SAVED, False, ""
                self._drop()
            finally:
                self._answered(batch)

    def _gather(self) -> list[Waiting]:
        batch = [self._queue.get()]
        if self._window:
            self._enough.acquire(timeout=self._window)
        try:
            while len(batch) < MOST_IN_A_BATCH:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch

    def _commit(self, batch: list[Waiting]) -> None:
        keys = sorted({(each.claims.learner, each.claims.viewing) for each in batch})
        covers = sorted({(each.claims.learner, each.claims.media_version) for each in batch})
        now_ms, found, covered = self._store.read(keys, covers)
        viewings = {(row.learner_id, row.id): row for row in found}
        coverage = {(row.learner_id, row.media_version_id): row for row in covered}
        for each in batch:
            viewing = viewings.get((each.claims.learner, each.claims.viewing))
            cover = coverage.get((each.claims.learner, each.claims.media_version))
            if viewing is None or cover is None:
                each.status, each.body = 401, UNKNOWN
            else:
                decide(each, viewing, cover, now_ms, self._policy)
        self._store.write([row for row in found if row.changed], [row for row in covered if row.changed], now_ms)

    def _drop(self) -> None:
        try:
            self._store.drop()
        except Exception:  # the connection is gone in any case
            log.exception("a broken connection could not be closed")
