"""Small real media files, made on the spot, and ways of spoiling them."""

from __future__ import annotations

import math
import subprocess
from array import array
from pathlib import Path

import av
import imageio_ffmpeg
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

RATE = 48_000


def make_video(
    path: Path,
    seconds: float = 2,
    *,
    fps: int = 10,
    sound: float | None = None,
    codec: str = "libx264",
    audio_codec: str = "aac",
    hole: tuple[float, float] | None = None,
    turn: int = 0,
    size: tuple[int, int] = (64, 36),
    options: dict[str, str] | None = None,
) -> Path:
    """A clip of grey pictures (and `sound` seconds of a tone). `hole`: at a second, so many seconds are left out.

    `turn`: degrees by which it is shown turned; `size`: width and height as coded.
    `options` go to the container, such as {"movflags": "faststart"}.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        video = container.add_stream(codec, rate=fps)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        if turn:
            video.set_display_rotation(turn)
        video.gop_size = fps
        audio = _voice(container, audio_codec) if sound else None
        for number in range(round(seconds * fps)):
            frame = VideoFrame(*size, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number % 256]) * plane.buffer_size)
            frame.pts = number + (round(hole[1] * fps) if hole and number >= hole[0] * fps else 0)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio is not None and sound:
            _sing(container, audio, sound)
    return path


def make_audio(path: Path, seconds: float = 2, codec: str = "libmp3lame") -> Path:
    """A tone."""
    with av.open(str(path), "w") as container:
        _sing(container, _voice(container, codec), seconds)
    return path


def _voice(container: av.container.OutputContainer, codec: str) -> av.AudioStream:
    stream = container.add_stream(codec, rate=RATE, layout="mono")
    assert isinstance(stream, av.AudioStream)
    return stream


def _sing(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    total, size, done = round(seconds * RATE), 1024, 0
    form = stream.codec_context.format.name
    while done < total:
        count = min(size, total - done)
        wave = [math.sin((done + i) / 20) * 0.2 for i in range(count)]
        frame = AudioFrame(format="flt", layout="mono", samples=count)
        frame.planes[0].update(array("f", wave).tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts = RATE, done
        for ready in av.AudioResampler(format=form, layout="mono", rate=RATE).resample(frame):
            ready.pts = done
            container.mux(stream.encode(ready))
        done += count
    container.mux(stream.encode())


def remade(source: Path, target: Path, *options: str) -> Path:
    """A file made of another by the ffmpeg that the academy itself runs, for formats that PyAV does not write."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-i",
        str(source),
        *options,
        str(target),
    ]
    subprocess.run(command, check=True)
    return target


def claim(path: Path, seconds: int) -> Path:
    """Let the headers (mvhd, tkhd, mdhd) of an MP4 claim another length; the sample tables stay true."""
    raw = bytearray(path.read_bytes())
    scale = int.from_bytes(raw[(at := raw.index(b"mvhd")) + 16 : at + 20], "big")
    raw[at + 20 : at + 24] = (seconds * scale).to_bytes(4, "big")
    at = -1
    while (at := raw.find(b"tkhd", at + 1)) >= 0:
        raw[at + 24 : at + 28] = (seconds * scale).to_bytes(4, "big")
    at = -1
    while (at := raw.find(b"mdhd", at + 1)) >= 0:
        own = int.from_bytes(raw[at + 16 : at + 20], "big")
        raw[at + 20 : at + 24] = min(seconds * own, 2**32 - 1).to_bytes(4, "big")
    path.write_bytes(raw)
    return path


def stretch_last(path: Path, seconds: int) -> Path:
    """Let the last picture of an MP4's only track last so long, in its sample table as well."""
    raw = bytearray(path.read_bytes())
    at = raw.index(b"stts") + 4
    scale_at = raw.index(b"mdhd") + 16
    scale = int.from_bytes(raw[scale_at : scale_at + 4], "big")
    count = int.from_bytes(raw[at + 4 : at + 8], "big")
    assert count == 1, "the clip has one run of equal pictures"
    pictures = int.from_bytes(raw[at + 8 : at + 12], "big")
    # A second run of one picture needs eight bytes more: every box around it grows by as many.
    raw[at + 4 : at + 8] = (2).to_bytes(4, "big")
    raw[at + 8 : at + 12] = (pictures - 1).to_bytes(4, "big")
    raw[at + 16 : at + 16] = (1).to_bytes(4, "big") + (seconds * scale).to_bytes(4, "big")
    for name in (b"stts", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        box = raw.index(name) - 4
        raw[box : box + 4] = (int.from_bytes(raw[box : box + 4], "big") + 8).to_bytes(4, "big")
    path.write_bytes(raw)
    return claim(path, seconds)
