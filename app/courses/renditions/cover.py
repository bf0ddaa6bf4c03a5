"""Takes the cover out of a sound file: `python -m app.courses.renditions.cover FILE` prints a JPEG, alone and on a
short leash. Nothing of the picture's own bytes comes out: it is decoded and drawn anew.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from app.courses import probe

LARGEST, MOST_PIXELS, MOST_BYTES = 1280, 40_000_000, 20_000_000
KINDS = ("mjpeg", "png", "webp", "bmp", "gif")


def cover(path: Path) -> bytes:
    """The cover as a JPEG of at most 1280 pixels a side; `Unusable` when there is none, or none that can be drawn."""
    with path.open("rb") as file:
        demuxer = probe.sniff(file.read(probe.HEAD))
    import av

    av.logging.set_level(av.logging.PANIC)
    with av.open(f"file:{path}", format=demuxer, options={"protocol_whitelist": "file"}) as container:
        for stream in container.streams.video:
            if not int(stream.disposition) & probe.ATTACHED or stream.codec_context.codec.canonical_name not in KINDS:
                continue
            if stream.codec_context.width * stream.codec_context.height > MOST_PIXELS:
                raise probe.Unusable("cover")
            for packet in container.demux(stream):
                if packet.size > MOST_BYTES:
                    raise probe.Unusable("cover")
                for picture in packet.decode():
                    return drawn(picture)
    raise probe.Unusable("cover")


def drawn(picture: object) -> bytes:
    """A picture as a JPEG, made smaller when it is large."""
    import av
    from av.video.frame import VideoFrame

    assert isinstance(picture, VideoFrame)
    if picture.width * picture.height > MOST_PIXELS:
        raise probe.Unusable("cover")
    scale = min(1.0, LARGEST / max(picture.width, picture.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (picture.width, picture.height))
    small = picture.reformat(width, height, "yuvj420p")
    out = io.BytesIO()
    with av.open(out, "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=1, options={"qmin": "3", "qmax": "5"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        small.pts = 0
        container.mux(stream.encode(small))
        container.mux(stream.encode())
    return out.getvalue()


def main(arguments: list[str]) -> int:
    """Print the cover; 1 and a reason when there is none."""
    probe.restrain()
    try:
        found = cover(Path(arguments[0]))
    except Exception as error:  # whatever a picture does to its decoder, the answer is that there is none
        print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
        return 1
    sys.stdout.buffer.write(found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
