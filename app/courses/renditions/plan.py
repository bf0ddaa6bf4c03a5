"""What is made of a file: kinds, sizes, rates. Plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# In this order they are made: the small picture first, because with it a lesson can open.
KINDS = ("cover", "360p", "720p", "audio")
SHORT_SIDE = {"360p": 360, "720p": 720}
# What a picture and its sound may take, bits a second; x264 keeps the peaks within them.
VIDEO_BITS = {"360p": 700_000, "720p": 2_200_000}
AUDIO_BITS = {"360p": 64_000, "720p": 96_000, "audio": 96_000}
SEGMENT_SECONDS = 4
# Frame rates that every screen shows evenly, thousandths a second.
RATES_M = (10_000, 12_500, 15_000, 23_976, 24_000, 25_000, 29_970, 30_000)
LOSSLESS = frozenset({"audio/wav", "audio/flac"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One rendition to be made. Width and height in pixels and `rate_m` in thousandths a second (sound: 0)."""

    kind: str
    width: int = 0
    height: int = 0
    rate_m: int = 0


def fit(width: int, height: int, short: int) -> tuple[int, int]:
    """The size with that short side at most, same shape, even numbers; never larger than it was."""
    scale = min(1.0, short / max(1, min(width, height)))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def steady(rate_m: int) -> int:
    """The constant rate for a film of this mean rate: not fewer pictures than it has, at most thirty a second."""
    while rate_m > RATES_M[-1] + 50:
        rate_m //= 2
    near = min(RATES_M, key=lambda each: abs(each - rate_m))
    return near if abs(near - rate_m) <= 50 else next(each for each in RATES_M if each >= rate_m)


def planned(
    kind: str, mime: str, *, playable: bool, width: int, height: int, rate_m: int, sound: bool, cover: bool
) -> Iterator[Plan]:
    """What to make of a file. `kind`: video or audio; size as it is shown (turned); `rate_m`: its mean rate."""
    if kind == "audio":
        if cover:
            yield Plan("cover")
        if not playable or mime in LOSSLESS:
            yield Plan("audio")
        return
    for each, short in SHORT_SIDE.items():
        # Nothing is ever enlarged: a small picture gets one rendition, of its own size.
        if each == "360p" or min(width, height) > SHORT_SIDE["360p"]:
            yield Plan(each, *fit(width, height, short), steady(rate_m))
    if sound:
        yield Plan("audio")
