"""An honest player without a browser: it plays in real time and reports as docs/viewing-protocol.md says."""

from __future__ import annotations

import time

from app.rules.viewing import spans
from bench.fairness.device import Answer, Device, beat_body
from bench.fairness.field import Who
from bench.fairness.scene import Broken, Scene

MOST_RANGES = 64
PATIENCE = 60.0


class Player:
    """One page with one viewing. What it played is noted in the scene by the driver's clock, not by what it sends."""

    def __init__(self, scene: Scene, device: Device, lesson: int, who: Who | None = None) -> None:
        self.scene, self.device, self.lesson = scene, device, lesson
        self.who = who or scene.learner
        self.waiting: list[list[int]] = []
        self.seq, self.failures, self.at = 0, 0, 0
        self.ended = ""
        self.answers: list[Answer] = []
        self._overtaken: float | None = None
        self._older: list[Player] = []

    def open(self, *older: Player) -> Player:
        """Open the lesson here; `older` are this learner's players on other devices, which this one ends."""
        begun = time.monotonic()
        for each in older:
            each.overtaken(begun)
        self.opened = self.scene.open(self.device, self.lesson, self.who)
        self.waiting, self.seq, self.ended, self._overtaken = [], 0, "", None
        return self

    def overtaken(self, moment: float) -> None:
        """A newer device has won at that moment: what is played from now on is an older one's."""
        self._overtaken = moment

    def play(
        self, beats: float, rate: float = 1.0, at: int | None = None, *, sending: bool = True, every: float = 1.0
    ) -> Player:
        """Play on (from `at`, ms) for so many beats of wall time; `sending` false: the network is away."""
        self.at = self.at if at is None else at
        begun, start, last = time.monotonic(), self.at, time.monotonic()
        until = begun + beats * self.scene.beat
        while last < until and self.at < self.opened.length_ms:
            time.sleep(max(0.0, min(every * self.scene.beat, until - time.monotonic())))
            moment = min(time.monotonic(), until)
            reached = min(start + int((moment - begun) * 1000 * rate), self.opened.length_ms)
            self._ran(reached, last, moment)
            last = moment
            if sending:
                self.send()
        return self

    def play_on(self, seconds: float, rate: float = 1.0) -> Player:
        """As if the picture had run on for so long without a report: the network was away, and time passed."""
        now = time.monotonic()
        self._ran(min(self.at + int(seconds * 1000 * rate), self.opened.length_ms), now - 1, now)
        self.scene.pass_time(seconds, self.who)
        return self

    def _ran(self, reached: int, since: float, moment: float) -> None:
        """The picture came from `self.at` to `reached` meanwhile."""
        if reached <= self.at:
            return
        share = 1.0
        if self._overtaken is not None:
            share = min(1.0, max(0.0, (self._overtaken - since) / (moment - since)))
        middle = self.at + int((reached - self.at) * share)
        who, media = self.who.id, self.opened.media
        if middle > self.at:
            self.scene.note("played", who, media, [(self.at, middle)])
        if reached > middle:
            self.scene.note("late", who, media, [(middle, reached)])
        if self.waiting and self.waiting[-1][1] == self.at:
            self.waiting[-1] = [self.waiting[-1][0], reached]
        else:
            self.waiting.append([self.at, reached])
        self.at = reached

    def body(self) -> bytes:
        """The next beat: all that is not acknowledged, under a new number."""
        self.seq += 1
        return beat_body(self.opened.lease, self.seq, self.waiting[:MOST_RANGES])

    def send(self) -> Answer | None:
        """One beat, if there is something to tell; what was not acknowledged goes with the next."""
        if not self.waiting:
            return None
        sent = self.waiting[:MOST_RANGES]
        told = self.device.beat(self.body())
        self.heard(told, sent)
        return told

    def heard(self, told: Answer, sent: list[list[int]]) -> None:
        """What an answer means for what was sent."""
        self.answers.append(told)
        if told.acknowledged:
            self.waiting = self.waiting[len(sent) :]
            self.scene.note("told", self.who.id, self.opened.media, self._mine(told.pieces("refused")))
        elif told.status in (0, 503):
            self.failures += 1
        else:
            self.waiting = []
        if told.status == 409:
            self.ended = told.body.get("reason", "")

    def _mine(self, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Refused seconds, less those that this device played as an older one: those count in neither number."""
        late = self.scene.book.late.get((self.who.id, self.opened.media), [])
        return [left for piece in pieces for left in spans.subtract(piece, late)]

    def deliver(self) -> Player:
        """Send until all is acknowledged (or the viewing takes nothing more)."""
        until = time.monotonic() + PATIENCE
        while self.waiting:
            if time.monotonic() > until:
                raise Broken(f"after {PATIENCE} s the academy has not taken what was played")
            before = self.failures
            self.send()
            if self.failures > before:
                time.sleep(0.2)
        return self

    def reload(self) -> Player:
        """The page loads again: a new viewing; what was kept goes with the old lease, as the page does it."""
        old, kept, seq = self.opened, self.waiting, self.seq
        self.open()
        if kept:
            told = self.device.beat(beat_body(old.lease, seq + 1, kept[:MOST_RANGES]))
            self.scene.must(told.acknowledged, f"an ended viewing takes its backlog: {told}")
            self.scene.note("told", self.who.id, old.media, self._mine(told.pieces("refused")))
            self.answers.append(told)
        return self
