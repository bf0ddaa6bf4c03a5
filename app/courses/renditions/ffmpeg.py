"""The one program that decodes whole films: its arguments, its limits, its progress. Files are hostile here."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from app.courses.renditions.plan import AUDIO_BITS, SEGMENT_SECONDS, VIDEO_BITS, Plan

log = logging.getLogger("duxue.renditions")
LAUNCH = Path(__file__).with_name("launch.py")
# How often a run is asked whether it may go on.
LOOK_EVERY = 0.5
_TAIL = 4000


class Failed(Exception):
    """The rendition cannot be made; `code` says why (words: `words.py`)."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Stopped(Exception):
    """The run was ended because whoever watched it said so."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take: seconds by the clock, bytes of memory, bytes of its largest file, threads."""

    seconds: int
    memory: int
    file_size: int
    threads: int


def arguments(source: Path, demuxer: str, plan: Plan, folder: Path, threads: int) -> list[str]:
    """ffmpeg's arguments: one fMP4 file `<kind>.mp4` and its HLS playlist `<kind>.m3u8` in the folder.

    The input is opened by one named demuxer through one protocol, so that no file can name another. Every
    rendition has a key picture at each four seconds, so that a player changes between them there.
    """
    return [
        "-hide_banner", "-nostdin", "-y", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.5",
        "-threads", str(threads), "-protocol_whitelist", "file", "-f", demuxer, "-i", f"file:{source}",
        "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1",
        *(_picture(plan, threads) if plan.width else ["-vn"]),
        "-map", "0:a:0?" if plan.width else "0:a:0",
        # Holes are filled with silence and the beginning is kept: sound stays with its picture. No loudness is changed.
        "-af", "aresample=async=1:first_pts=0,aformat=sample_rates=44100|48000:channel_layouts=mono|stereo",
        "-c:a", "aac", "-b:a", str(AUDIO_BITS[plan.kind]),
        "-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
        "-hls_flags", "single_file+independent_segments",
        "-hls_segment_filename", f"{folder / plan.kind}.mp4", f"{folder / plan.kind}.m3u8",
    ]  # fmt: skip


def _picture(plan: Plan, threads: int) -> list[str]:
    # No B pictures: they would have to be decoded before the first is shown, so the whole stream would begin two
    # pictures late, and every second that counts would lie beside the one of the uploaded file.
    bits = VIDEO_BITS[plan.kind]
    filters = (
        f"yadif=deint=interlaced,fps={plan.rate_m}/1000:start_time=0,"
        f"scale={plan.width}:{plan.height},format=yuv420p,setsar=1"
    )
    return [
        "-map", "0:v:0", "-vf", filters, "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main",
        "-crf", "23", "-bf", "0", "-maxrate", str(bits), "-bufsize", str(2 * bits), "-threads", str(threads),
        "-sc_threshold", "0", "-g", "100000", "-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})",
    ]  # fmt: skip


class _Tail(threading.Thread):
    """Reads what the program complains about, keeping the end of it: a hostile film complains for hours."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream, self._kept = stream, b""
        self.start()

    def run(self) -> None:
        while block := self._stream.read(1024):
            self._kept = (self._kept + block)[-_TAIL:]

    def text(self) -> str:
        """The end of it; the program has ended."""
        self.join(5)
        return self._kept.decode(errors="replace")


class _Progress(threading.Thread):
    """Reads `out_time_us=…` lines: how much of the film is done, in milliseconds."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream, self.done_ms = stream, 0
        self.start()

    def run(self) -> None:
        for line in self._stream:
            if found := re.match(rb"out_time_us=(\d{1,15})", line):
                self.done_ms = int(found[1]) // 1000


def run(options: list[str], limits: Limits, may_go_on: Callable[[int], bool]) -> None:
    """Run ffmpeg; `Failed` when it does not end well. `may_go_on(done_ms)` is asked twice a second: when it says no
    the program is killed and `Stopped` raised.
    """
    cpu = limits.seconds * limits.threads
    leash = [sys.executable, "-I", str(LAUNCH), str(cpu), str(limits.memory), str(limits.file_size)]
    process = subprocess.Popen(
        [*leash, imageio_ffmpeg.get_ffmpeg_exe(), *options],
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    progress, tail = _Progress(process.stdout), _Tail(process.stderr)
    until = time.monotonic() + limits.seconds
    try:
        while True:
            try:
                process.wait(LOOK_EVERY)
                break
            except subprocess.TimeoutExpired:
                if not may_go_on(progress.done_ms):
                    raise Stopped from None
                if time.monotonic() > until:
                    raise Failed("time") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        said = tail.text()
        progress.join(5)
        process.stdout.close()
        process.stderr.close()
    if process.returncode:
        log.warning("ffmpeg ended with %s: %s", process.returncode, said[-500:])
        raise Failed(_why(process.returncode, said), said[-500:])


def _why(status: int, said: str) -> str:
    import signal

    if status == -signal.SIGXCPU or status == -signal.SIGKILL:
        return "time"
    if status == -signal.SIGXFSZ or "File too large" in said:
        return "size"
    if "No space left" in said:
        return "space"
    return "memory" if "Cannot allocate memory" in said else "unreadable"
