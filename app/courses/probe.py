"""Measures one media file: `python -m app.courses.probe FILE` prints JSON, alone and on a short leash.

Strange files come here, so this process limits its own memory and time before it opens anything, never
writes, and opens only demuxers that read one plain file (playlists, which could reach for other files and
for the network, are not among them). Lengths come from the packets; what a header claims is only reported.
"""

from __future__ import annotations

import json
import statistics
import sys
from array import array
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.base import leash
from app.courses import formats

# A stream that is a picture of the file, such as a cover.
ATTACHED = 0x400
MEMORY, CPU_SECONDS = 2 << 30, 240
# No picture or sound lasts longer than this by itself: beyond it the file is merely claiming.
ALONE_MS = 10_000
# Sound that runs on this much longer than the picture decides how long the file is; holes up to it are none.
TAIL_MS = 1_000

HEAD = 8192
# Of these many packets one must be a picture that can be decoded.
MOST_LOOKED_AT = 60


class Unusable(Exception):
    """The file cannot be used; `code` says why, `facts` fill the words for people."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def sniff(head: bytes) -> str:
    """The one demuxer that may open a file which begins so. `Unusable`: no media, or to be converted."""
    if (demuxer := formats.demuxer_of(head)) is not None:
        return demuxer
    for magic, what in formats.TO_CONVERT:
        if head.startswith(magic):
            raise Unusable("convert", what=what)
    raise Unusable("not_media", what=describe(head))


def describe(head: bytes) -> str:
    """What a file that is no media seems to be, as a media type; empty when nobody knows."""
    import puremagic

    try:
        plain = "\0" not in head.decode("utf-8", "strict" if len(head) < 8192 else "ignore")
    except UnicodeDecodeError:
        plain = False
    if head.startswith(b"PK\x03\x04"):
        return "application/zip"
    try:
        return str(puremagic.from_string(head, mime=True)) or ("text/plain" if plain else "")
    except (puremagic.PureError, ValueError):
        return "text/plain" if plain else ""


class Track:
    """One stream's packets: where each begins, and where the stream says that it ends. Milliseconds."""

    def __init__(self, stream: Any) -> None:
        self.kind, self.codec = stream.type, stream.codec_context.codec.canonical_name
        self.pixels = stream.codec_context.pix_fmt if self.kind == "video" else None
        self.starts = array("d")
        self.told_end, self.last_length = 0.0, 0.0
        self._decoding = [0.0, 0.0]

    def add(self, start: float, decoded: float, length: float) -> None:
        """Take one packet in; they come in the order of decoding, not of showing."""
        if not self.starts:
            self._decoding = [decoded, decoded]
        self.starts.append(start)
        # A length is the distance to the next packet to be *decoded*: added up it is the whole, but it
        # says nothing about the one picture that happens to carry it.
        self._decoding[1] = max(self._decoding[1], decoded + length)

    def finish(self) -> None:
        """Bring the packets in order; a last one without a length gets the usual one."""
        self.starts = array("d", sorted(self.starts))
        self.told_end = self.starts[0] + self._decoding[1] - self._decoding[0]
        self.last_length = self.told_end - self.starts[-1]
        if self.last_length <= 0 and len(self.starts) > 1:
            sample = self.starts[-200:]
            self.last_length = statistics.median(b - a for a, b in pairwise(sample))
            self.told_end = self.starts[-1] + self.last_length

    @property
    def rate_m(self) -> int:
        """How many packets a second, in the mean, in thousandths."""
        span = self.starts[-1] - self.starts[0]
        return round((len(self.starts) - 1) * 1_000_000 / span) if span > 0 else 1000

    def runs(self) -> list[tuple[float, float]]:
        """The stretches that really hold packets: none of them fills more than `ALONE_MS` by itself."""
        found: list[tuple[float, float]] = []
        first = before = self.starts[0]
        for start in self.starts[1:]:
            if start - before > ALONE_MS:
                found.append((first, before + ALONE_MS))
                first = start
            before = start
        found.append((first, before + min(self.last_length, ALONE_MS)))
        return found


def united(runs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The union of stretches; holes up to a second are closed."""
    whole: list[tuple[float, float]] = []
    for start, end in sorted(runs):
        if whole and start <= whole[-1][1] + TAIL_MS:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def read_tracks(container: Any, size: int) -> list[Track]:
    """Read every packet of the first picture and the first sound stream. `Unusable` when some are missing."""
    streams = [s for s in container.streams if s.type in ("video", "audio") and s.codec_context is not None]
    pictures = [s for s in streams if s.type == "video" and not int(s.disposition) & ATTACHED]
    chosen = pictures[:1] + [s for s in streams if s.type == "audio"][:1]
    if not chosen:
        raise Unusable("empty")
    for stream in chosen:
        if any(entry.pos + entry.size > size for entry in stream.index_entries):
            raise Unusable("incomplete")
    tracks = {stream.index: Track(stream) for stream in chosen}
    for packet in container.demux(chosen):
        if packet.is_corrupt:
            raise Unusable("incomplete")
        moment = packet.dts if packet.pts is None else packet.pts
        if moment is None or packet.size == 0 or packet.is_discard:
            continue
        unit = float(packet.time_base) * 1000
        decoded = moment if packet.dts is None else packet.dts
        tracks[packet.stream.index].add(moment * unit, decoded * unit, (packet.duration or 0) * unit)
    found = [track for track in tracks.values() if track.starts]
    if not found or (pictures and found[0].kind != "video"):
        raise Unusable("empty")
    for track in found:
        track.finish()
    return found


def length_of(tracks: list[Track]) -> int:
    """How long the file really is, in milliseconds. `Unusable` when parts of its time hold nothing."""
    main = max(tracks, key=lambda t: (t.kind == "video", t.told_end))
    others = [track for track in tracks if track.told_end > main.told_end + TAIL_MS]
    if others:
        main = others[0]
    whole = united([run for track in tracks for run in track.runs()])
    if whole[0][0] > TAIL_MS:
        raise Unusable("late", at_ms=round(whole[0][0]))
    if len(whole) > 1:
        raise Unusable("hole", at_ms=round(whole[0][1]), until_ms=round(whole[1][0]))
    if main.told_end > whole[0][1] + TAIL_MS:
        raise Unusable("claims", told_ms=round(main.told_end), real_ms=round(main.starts[-1]))
    return round(main.told_end)


def check_codecs(demuxer: str, tracks: list[Track]) -> tuple[str, str]:
    """(kind, mime) of a file: one that browsers play, or one to be prepared. `Unusable` names what is neither."""
    at = 0 if tracks[0].kind == "video" else 1
    if demuxer in formats.PLAYABLE and all(_plays(demuxer, track) for track in tracks):
        return tracks[0].kind, formats.PLAYABLE[demuxer][2:][at]
    for track in tracks:
        if track.codec not in (formats.VIDEO if track.kind == "video" else formats.SOUND):
            raise Unusable("convert", what=track.codec)
    return tracks[0].kind, formats.PREPARED[demuxer][at]


def _plays(demuxer: str, track: Track) -> bool:
    video, audio, _video_mime, _audio_mime = formats.PLAYABLE[demuxer]
    if track.kind == "video" and track.codec == "h264" and track.pixels not in formats.PIXELS:
        return False
    return track.codec in (video if track.kind == "video" else audio)


def from_zero(tracks: list[Track]) -> None:
    """Let the picture begin at 0, as it will when the file is prepared: what was cut out of a broadcast, or filmed
    with a phone, begins anywhere, and sound often a little before.
    """
    first = tracks[0].starts[0]
    for track in tracks:
        track.starts = array("d", (start - first for start in track.starts))
        track.told_end -= first


def look(path: Path, demuxer: str) -> tuple[int, int]:
    """Width and height as the first picture is shown: turned, with square pixels."""
    import av

    with av.open(f"file:{path}", format=demuxer, options={"protocol_whitelist": "file"}) as container:
        stream = next(s for s in container.streams.video if not int(s.disposition) & ATTACHED)
        for _number, packet in zip(range(MOST_LOOKED_AT), container.demux(stream), strict=False):
            try:
                pictures = packet.decode()
            except av.error.FFmpegError:
                continue  # a broken beginning: the next key picture may be whole
            for picture in pictures:
                ratio = stream.sample_aspect_ratio or 1
                width, height = round(picture.width * (ratio if 0.1 < ratio < 10 else 1)), picture.height
                return (height, width) if picture.rotation % 180 else (width, height)
        raise Unusable("unreadable")


def measure(path: Path) -> dict[str, Any]:
    """What the file is: kind, mime, length_ms, claimed_ms (what the header says, or null), sound, cover (does it
    bring a picture of itself), and of a film width and height as shown and rate_m (mean rate, thousandths a second).
    `Unusable` says why not.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise Unusable("empty")
    demuxer = sniff(head)
    import av  # late: limits hold before it is loaded, and what is no media never reaches it

    av.logging.set_level(av.logging.PANIC)
    try:
        with av.open(f"file:{path}", format=demuxer, options={"protocol_whitelist": "file"}) as container:
            claimed = None if container.duration is None else container.duration // 1000
            cover = any(int(s.disposition) & ATTACHED for s in container.streams if s.type == "video")
            tracks = read_tracks(container, path.stat().st_size)
        kind, mime = check_codecs(demuxer, tracks)
        if mime in formats.PREPARED.get(demuxer, ()):
            from_zero(tracks)
        length_ms = length_of(tracks)
        width, height = look(path, demuxer) if kind == "video" else (0, 0)
    except av.error.FFmpegError as error:
        raise Unusable(_why(head, error), detail=str(error)[:200]) from error
    return {
        "kind": kind, "mime": mime, "length_ms": length_ms, "claimed_ms": claimed, "width": width, "height": height,
        "rate_m": tracks[0].rate_m if kind == "video" else 0, "sound": tracks[-1].kind == "audio", "cover": cover,
    }  # fmt: skip


def _why(head: bytes, error: Exception) -> str:
    # A film without its index was cut before its end: that is where most cameras put it.
    return "incomplete" if b"ftyp" in head[:12] and "Invalid data" in str(error) else "unreadable"


def restrain() -> None:
    """Limit this process, before it opens anything."""
    leash.restrain(MEMORY, CPU_SECONDS, 0)


def main(arguments: list[str]) -> int:
    """Print what was measured, or `{"error": code, …}`; always 0 when the answer is on paper."""
    restrain()
    try:
        answer = measure(Path(arguments[0]))
    except Unusable as error:
        answer = {"error": error.code, **error.facts}
    except (MemoryError, OSError, ValueError) as error:
        answer = {"error": "unreadable", "detail": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
