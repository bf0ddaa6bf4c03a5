"""HLS playlists: reading ffmpeg's, writing ours; what a rendition's file says of its codecs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 1 << 16
_MAP = re.compile(r'#EXT-X-MAP:URI="[^"]*",BYTERANGE="(\d+)@(\d+)"')
_LENGTH = re.compile(r"#EXTINF:(\d+\.\d+),")
_RANGE = re.compile(r"#EXT-X-BYTERANGE:(\d+)@(\d+)")


@dataclass(frozen=True, slots=True)
class Segments:
    """A rendition's file in pieces: bytes of its head, and (seconds, bytes, first byte) of each segment."""

    head: int
    pieces: tuple[tuple[float, int, int], ...]

    @property
    def bandwidth(self) -> int:
        """The most bits a second of any segment."""
        return max(int(8 * size / seconds) for seconds, size, _at in self.pieces if seconds > 0.2)

    def text(self, name: str) -> str:
        """The media playlist for the file `name` beside it."""
        longest = max(seconds for seconds, _size, _at in self.pieces)
        lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{max(1, round(longest))}",
            "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS",
            f'#EXT-X-MAP:URI="{name}",BYTERANGE="{self.head}@0"',
        ]  # fmt: skip
        for seconds, size, at in self.pieces:
            lines += [f"#EXTINF:{seconds:.6f},", f"#EXT-X-BYTERANGE:{size}@{at}", name]
        return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def read(text: str, size: int) -> Segments:
    """Read ffmpeg's playlist of one file of `size` bytes; `ValueError` unless it covers the file without a hole."""
    head = _MAP.search(text)
    seconds = [float(found) for found in _LENGTH.findall(text)]
    ranges = [(int(length), int(at)) for length, at in _RANGE.findall(text)]
    if head is None or int(head[2]) != 0 or not seconds or len(seconds) != len(ranges) or "#EXT-X-ENDLIST" not in text:
        raise ValueError("the playlist is not whole")
    at = int(head[1])
    for length, start in ranges:
        if start != at:
            raise ValueError("the playlist has a hole")
        at += length
    if at > size:
        raise ValueError("the playlist goes beyond its file")
    return Segments(int(head[1]), tuple((s, *r) for s, r in zip(seconds, ranges, strict=True)))


def codecs(path: Path) -> str:
    """What a rendition's file holds, as the CODECS attribute writes it."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = []
    if (at := head.find(b"avcC")) >= 0:
        profile, compatible, level = head[at + 5 : at + 8]
        found.append(f"avc1.{profile:02x}{compatible:02x}{level:02x}")
    if b"mp4a" in head:
        found.append("mp4a.40.2")
    return ",".join(found)


@dataclass(frozen=True, slots=True)
class Variant:
    """A line of a master playlist. `rate_m` in thousandths a second; sound alone: size and rate are 0."""

    name: str
    bandwidth: int
    codecs: str
    width: int
    height: int
    rate_m: int


def master(variants: Iterable[Variant]) -> str:
    """The master playlist; the first variant is the one that players begin with."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for each in variants:
        shape = f",RESOLUTION={each.width}x{each.height},FRAME-RATE={each.rate_m / 1000:.3f}" if each.width else ""
        lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={each.bandwidth},CODECS="{each.codecs}"{shape}', f"{each.name}.m3u8"]
    return "\n".join([*lines, ""])
