"""PostgreSQL restarted under load: players, one of them the academy's own in a real browser, recover by themselves."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.fairness import browser
from bench.fairness.case import Case
from bench.fairness.field import Field, field
from bench.fairness.player import Player
from bench.fairness.scene import Scene
from tests.proof.cluster import NoPlace, cluster
from tests.proof.outcome import Outcome
from tests.services import PostgresServer

PLAYERS, BEATS, RESTARTS, GAP_SECONDS = 12, 50, 3, 6.0


def restart() -> list[Outcome]:
    """Restart it three times (as at a power cut, and fast) while twelve players and a browser play."""
    with tempfile.TemporaryDirectory(prefix="duxue-drill-") as name, cluster(Path(name)) as (server, urls):
        folder = Path(name)
        with field(urls, folder, 0.5, PLAYERS + 1) as place:
            return [_played(place, server)]


def _played(place: Field, server: PostgresServer) -> Outcome:
    scenes = [Scene(place, Case(f"player {number}", "honest", _nothing)) for number in range(PLAYERS + 1)]
    tab, playing, over, wrong = scenes[-1], threading.Event(), threading.Event(), list[str]()
    players = [Player(scene, scene.device(), scene.lesson()).open() for scene in scenes[:-1]]
    film = tab.film()

    def run(name: str, play: Callable[[], None]) -> None:
        try:
            play()
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
            playing.set()

    jobs: list[tuple[str, Callable[[], None]]] = [
        ("browser", partial(_in_browser, tab, film, playing, over)),
        *((each.scene.case.name, partial(_watch, each)) for each in players),
    ]
    threads = [threading.Thread(target=run, args=job, daemon=True) for job in jobs]
    threads[0].start()
    playing.wait(60)
    for thread in threads[1:]:
        thread.start()
    for number in range(RESTARTS):
        time.sleep(GAP_SECONDS)
        server.restart("immediate" if number % 2 == 0 else "fast")
    over.set()
    for thread in threads:
        thread.join(180)
    if any("no Chromium" in each for each in wrong):
        raise NoPlace("no Chromium here: apt-get install chromium")
    return _judged(scenes, wrong)


def _judged(scenes: list[Scene], wrong: list[str]) -> Outcome:
    """The browser's scene is the last."""
    rows = [scene.judge() for scene in scenes]
    for scene in scenes:
        scene.leave()
    refused, watched = sum(row.refused_ms for row in rows), sum(row.watched_ms for row in rows)
    waits, cheated = sum(row.pending_ms for row in rows), sum(row.cheated_ms for row in rows)
    figures = (
        f"{RESTARTS} restarts; {watched / 1000:.0f} s watched by {PLAYERS} players and a browser"
        f" ({rows[-1].watched_ms / 1000:.0f} s of it there): {refused} ms lost or refused, {waits} ms waiting"
        + (f"; WRONG: {wrong}" if wrong else "")
    )
    kept = not (wrong or refused or waits or cheated) and rows[-1].watched_ms > 10_000
    return Outcome("PostgreSQL restarted under load", "nothing lost; players recover by themselves", figures, kept)


def _nothing(_scene: Scene) -> None:
    """These scenes are played from outside."""


def _watch(player: Player) -> None:
    """An honest player that plays through it all."""
    player.play(BEATS, rate=2).deliver()


def _in_browser(scene: Scene, lesson: int, playing: threading.Event, over: threading.Event) -> None:
    """The academy's own player, left to itself until the restarts are over."""
    with browser.chromium() as chromium:
        tab = browser.Tab(scene, chromium, lesson)
        tab.run(2)
        playing.set()
        while not over.is_set():
            tab.page.wait_for_timeout(500)
        tab.player.pause()
        tab.note()
        tab.settle(60)
