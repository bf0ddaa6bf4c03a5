"""A full disk under the database and under uploads: no 2xx without a commit, reading works, recovery without repair."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from bench.fairness.device import Device
from tests import services
from tests.proof.cluster import Ballast, NoPlace, cluster, come_back, small_disk
from tests.proof.drill import Drill, Found
from tests.proof.outcome import Outcome
from tests.services import DatabaseUrls

PROMISE = "no 2xx without a commit, reading works, recovers when there is space"
FULL_SECONDS = 6.0
Read = Callable[[], bool]


def full() -> list[Outcome]:
    """Each on a small disk of its own; one that cannot be drilled here says why."""
    found: list[Outcome] = []
    for name, drill in (("SQLite", _sqlite), ("PostgreSQL", _postgres), ("uploads", _uploads)):
        try:
            with tempfile.TemporaryDirectory(prefix="duxue-drill-") as folder:
                found.append(drill(Path(folder)))
        except NoPlace as reason:
            found.append(Outcome(f"disk full: {name}", PROMISE, str(reason), None))
    return found


def _sqlite(folder: Path) -> Outcome:
    with small_disk(folder, 64) as disk:
        url = f"sqlite:///{disk / 'duxue.sqlite'}"
        urls = DatabaseUrls(url, url, "")
        services.migrated(urls, folder)
        return _under_beats("disk full: SQLite", urls, folder, 1, Ballast(disk), lambda: "it went on by itself")


def _postgres(folder: Path) -> Outcome:
    with small_disk(folder, 256) as disk:
        disk.chmod(0o755)
        with cluster(disk) as (server, urls):

            def back() -> str:
                try:
                    server.connect().close()
                    return "it went on by itself"
                except Exception:
                    come_back(server)
                    return "PostgreSQL had stopped itself (it does when its log cannot be written), and was started"

            return _under_beats("disk full: PostgreSQL", urls, folder, 2, Ballast(disk), back)


def _under_beats(
    name: str, urls: DatabaseUrls, folder: Path, processes: int, ballast: Ballast, back: Callable[[], str]
) -> Outcome:
    """Fill the disk while twenty players report; then let go."""
    drill = Drill(urls, folder, processes)
    said: list[str] = []

    def fill(_number: int) -> None:
        reader = Device("l001", [process.port for process in drill.processes]).sign_in()
        ballast.fill()
        until = time.monotonic() + FULL_SECONDS
        before = sum(player.failures for player in drill.players)
        reads = [0, 0]
        while time.monotonic() < until:
            ballast.fill()  # what the database had let go
            status, _ = reader.ask("GET", "/")
            reads[status == 200] += 1
            time.sleep(0.3)
        refused = sum(player.failures for player in drill.players) - before
        ballast.drop()
        said.append(
            f"full for {FULL_SECONDS:.0f} s: {refused} beats refused, {reads[1]} of {sum(reads)} pages; {back()}"
        )
        reader.close()

    try:
        found = drill.suffer(2, fill)
    except BaseException:
        ballast.drop()
        drill.close()
        raise
    return _judged(name, found, said)


def _judged(name: str, found: Found, said: list[str]) -> Outcome:
    wrong = [*found.wrong[:2], *found.ledger[:2], *(f"trace of {each}" for each in found.replay_differs)]
    figures = (
        f"{' · '.join(said)}; {found.acknowledged:,} beats acknowledged, lost {found.lost_ms} ms, twice"
        f" {found.twice_ms} ms" + (f"; WRONG: {wrong}" if wrong else "")
    )
    kept = not wrong and found.lost_ms == found.twice_ms == 0 and found.failures > 0
    return Outcome(name, PROMISE, figures, kept)


def _uploads(folder: Path) -> Outcome:
    """A file sent piece by piece onto a disk that fills up in the middle; it goes on when there is room."""
    with small_disk(folder, 32) as disk:
        url = f"sqlite:///{folder / 'duxue.sqlite'}"
        urls = DatabaseUrls(url, url, "")
        services.migrated(urls, folder)
        drill = Drill(urls, disk, 1)
        try:
            return _sent(disk, Device("editor", [drill.processes[0].port]).sign_in())
        finally:
            drill.close()
            drill.db.engine.dispose()


def _sent(disk: Path, editor: Device) -> Outcome:
    size, piece, ballast = 12 << 20, 1 << 20, Ballast(disk)
    tus = {"Tus-Resumable": "1.0.0", "X-CSRFToken": editor.csrf}
    name = base64.b64encode(b"film.mp4").decode()
    begun = {**tus, "Upload-Length": str(size), "Upload-Metadata": f"filename {name},kind dmlkZW8="}
    status, told, _ = editor.line.send("POST", "/uploads", b"", {**begun, "Cookie": _cookies(editor)})
    assert status == 201, f"the upload did not begin: {status}"
    assert told is not None
    path, offset = urlsplit(told["Location"]).path, 0
    answers: list[int] = []
    while offset < size:
        if offset == 4 * piece and 507 not in answers:
            ballast.fill()
        head = {**tus, "Cookie": _cookies(editor), "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream"}  # fmt: skip
        status, _, _ = editor.line.send("PATCH", path, bytes(piece), head)
        answers.append(status)
        _, where, _ = editor.line.send("HEAD", path, None, {**tus, "Cookie": _cookies(editor)})
        assert where is not None, "the upload is not found"
        reached = int(where["Upload-Offset"])
        assert reached == offset + (piece if status == 204 else 0), f"{status}: the academy says {reached}"
        offset = reached
        if status != 204:
            assert len(answers) < 40, f"it did not go on: {answers}"
            ballast.drop()
    editor.close()
    figures = (
        f"{size >> 20} MiB in pieces: {answers.count(204)} taken, {answers.count(507)} answered 507; all of it arrived"
    )
    kept = answers.count(507) > 0 and set(answers) == {204, 507}
    return Outcome("disk full: uploads", "a clear error, nothing half-applied, goes on from there", figures, kept)


def _cookies(device: Device) -> str:
    return "; ".join(f"{name}={value}" for name, value in device.cookies.items())
