"""Draws the sample lectures: `python tools/make_lectures.py [course | course/lesson …]`.

A course has one script a lesson, `content/courses/<course>/<lesson>.toml` (every TOML file that has `scenes`).
Beside it are written `<lesson>.mp4` (H.264 and AAC), `<lesson>.zh.vtt` and `<lesson>.en.vtt`. One cue of the
script is one caption and one picture, so the captions match by construction. Nobody speaks: a soft chime marks
each new slide, and the words are in the captions. Without arguments only those are drawn that have no film yet:
a film that is drawn again is another file, and what was watched of the old one stays with the old one. Needs
Pillow, PyAV and the Noto CJK fonts (Debian: fonts-noto-cjk). The films are committed.
"""

from __future__ import annotations

import math
import sys
import tomllib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

COURSES = Path(__file__).resolve().parent.parent / "content" / "courses"
FONTS = Path("/usr/share/fonts/opentype/noto")
WIDTH, HEIGHT, FPS = 1280, 720, 5
RATE, AUDIO_BLOCK = 44_100, 1024
# A key picture weighs as much as ten seconds of the rest, and a browser decodes fifteen seconds of such still
# pictures in no time: so they stand far apart. A chime now and then needs few bits.
KEY_SECONDS, AUDIO_BITS = 15, 24_000
# A comfortable reading speed, and the time an eye needs to find a new caption.
MS_PER_HAN, MS_PER_CUE = 250, 1_700
GROUND, SHEET, INK, INK_2, LINE, AZURITE, CINNABAR = (
    "#f5f6f3", "#ffffff", "#18222b", "#5b6771", "#dfe3df", "#12608c", "#a63a2b",
)  # fmt: skip
# By the most lines that a slide comes to have: the size of its letters, and from line to line.
LINE_SIZES = {1: (44, 76), 2: (44, 76), 3: (42, 72), 4: (38, 66), 5: (34, 58), 6: (32, 50)}
COLUMNS = (560, 740, 920)  # right edges of what stands behind the first `|` of a line, and so on
Face = ImageFont.FreeTypeFont


class ScriptError(Exception):
    """A script that cannot be drawn; the message says which file, where, and what to write instead."""


@dataclass(frozen=True)
class Cue:
    """One caption and the picture under it. Times in milliseconds from the beginning."""

    begin_ms: int
    end_ms: int
    zh: str
    en: str
    heading_zh: str
    heading_en: str
    lines: tuple[str, ...]
    newest: bool
    scene: int
    most_lines: int


@dataclass(frozen=True)
class Lecture:
    """A script with its times settled."""

    title_zh: str
    title_en: str
    course_zh: str
    cues: tuple[Cue, ...]
    scenes: int

    @property
    def length_ms(self) -> int:
        """The whole length in milliseconds."""
        return self.cues[-1].end_ms


def cue_ms(zh: str) -> int:
    """How long a caption stays, in milliseconds: a whole number of pictures."""
    wanted = MS_PER_CUE + MS_PER_HAN * len(zh)
    picture = 1000 // FPS
    return -(-wanted // picture) * picture


def read_script(path: Path) -> Lecture:
    """Reads a script. Raises ScriptError naming the file and the scene."""
    try:
        script = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path}: cannot be read: {error}") from error
    cues: list[Cue] = []
    now = 0
    try:
        for number, scene in enumerate(script["scenes"]):
            heading = scene["heading"]
            lines: list[str] = []
            most = sum("show" in row for row in scene["cues"])
            for row in scene["cues"]:
                if "show" in row:
                    lines.append(row["show"])
                end = now + cue_ms(row["zh"])
                said = row["zh"], row["en"], heading["zh"], heading["en"]
                cues.append(Cue(now, end, *said, tuple(lines), "show" in row, number, most))
                now = end
        title, course = script["title"], script["course"]
        lecture = Lecture(title["zh"], title["en"], course["zh"], tuple(cues), len(script["scenes"]))
    except (KeyError, TypeError) as error:
        raise ScriptError(f"{path}: scene {len({cue.scene for cue in cues}) or 1}: lacks {error}") from error
    if not cues:
        raise ScriptError(f"{path}: has no cues; write at least one under [[scenes]]")
    return lecture


def font(name: str, size: int) -> Face:
    """A Noto CJK face in its simplified Chinese form (the third of the collection)."""
    try:
        return ImageFont.truetype(str(FONTS / f"Noto{name}.ttc"), size, index=2)
    except OSError as error:
        raise ScriptError(f"{FONTS}/Noto{name}.ttc is missing; apt-get install fonts-noto-cjk") from error


def fitted(draw: ImageDraw.ImageDraw, text: str, name: str, size: int, width: int) -> Face:
    """The largest size at most `size` in which the text fits into `width` pixels."""
    while draw.textlength(text, font=font(name, size)) > width:
        size -= 2
    return font(name, size)


def draw_slide(lecture: Lecture, cue: Cue) -> Image.Image:
    """The picture of one cue, without the running mark at its foot. The foot is left free for captions."""
    image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((48, 40, WIDTH - 48, 572), fill=SHEET, outline=LINE)
    draw.rectangle((48, 40, 56, 572), fill=AZURITE)
    small = font("SansCJK-Regular", 22)
    draw.text((96, 68), f"{lecture.course_zh}  ·  {lecture.title_zh}", font=small, fill=INK_2)
    count = f"{cue.scene + 1} / {lecture.scenes}"
    draw.text((WIDTH - 96 - draw.textlength(count, font=small), 68), count, font=small, fill=INK_2)
    face = fitted(draw, cue.heading_zh, "SerifCJK-Bold", 50, 1080)
    draw.text((96, 112), cue.heading_zh, font=face, fill=INK)
    draw.text((96, 190), cue.heading_en, font=font("SansCJK-Regular", 24), fill=INK_2)
    draw.line((96, 240, WIDTH - 96, 240), fill=LINE, width=2)
    size, step = LINE_SIZES[min(6, max(1, cue.most_lines))]
    for number, line in enumerate(cue.lines):
        newest = cue.newest and number == len(cue.lines) - 1
        draw_line(draw, 262 + number * step, line, size, newest=newest)
    return image


def draw_line(draw: ImageDraw.ImageDraw, top: int, line: str, size: int, *, newest: bool) -> None:
    """One line of a slide with its mark; what stands behind a `|` is set in columns, right-aligned."""
    first, *cells = line.split("|")
    draw.rectangle((96, top + size * 5 // 8, 106, top + size * 5 // 8 + 10), fill=CINNABAR if newest else LINE)
    face = fitted(draw, first, "SansCJK-Bold" if newest else "SansCJK-Regular", size, 1030)
    ink = AZURITE if newest else INK
    draw.text((128, top), first, font=face, fill=ink)
    for edge, cell in zip(COLUMNS, cells, strict=False):
        draw.text((edge - draw.textlength(cell, font=face), top), cell, font=face, fill=ink)


def with_ruler(slide: Image.Image, lecture: Lecture, now_ms: int) -> Image.Image:
    """The slide with its position on a ruler of one tick a slide, so that a jump can be seen."""
    image = slide.copy()
    draw = ImageDraw.Draw(image)
    left, right, top = 48, WIDTH - 48, 694
    draw.line((left, top, right, top), fill=LINE, width=4)
    begun = -1
    for cue in lecture.cues:
        if cue.scene != begun:
            begun = cue.scene
            tick = left + (right - left) * cue.begin_ms // lecture.length_ms
            draw.line((tick, top - 8, tick, top), fill=INK_2, width=2)
    draw.line((left, top, left + (right - left) * now_ms // lecture.length_ms, top), fill=AZURITE, width=4)
    return image


def chimes(lecture: Lecture) -> array[int]:
    """The sound: one quiet, slowly fading fifth at the start of each scene, else silence. 16-bit, mono."""
    sound = array("h", bytes(2 * (lecture.length_ms * RATE // 1000)))
    begun = -1
    for cue in lecture.cues:
        if cue.scene == begun:
            continue
        begun, first = cue.scene, cue.begin_ms * RATE // 1000
        for offset in range(min(int(RATE * 1.6), len(sound) - first)):
            time = offset / RATE
            loud = 1_700 * min(1.0, time / 0.02) * math.exp(-3.2 * time)
            wave = math.sin(2 * math.pi * 523.25 * time) + 0.5 * math.sin(2 * math.pi * 783.99 * time)
            sound[first + offset] = int(loud * wave)
    return sound


def picture_frame(image: Image.Image) -> av.VideoFrame:
    """The picture as a frame of packed RGB; PyAV may pad each of its rows."""
    frame = av.VideoFrame(image.width, image.height, "rgb24")
    plane, row = frame.planes[0], 3 * image.width
    data = image.tobytes()
    if plane.line_size != row:
        rows = (data[first : first + row] for first in range(0, len(data), row))
        data = b"".join(one.ljust(plane.line_size, b"\0") for one in rows)
    plane.update(data)
    return frame


def encode(lecture: Lecture, path: Path) -> None:
    """Writes the MP4 with its index in front."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = Fraction(1, FPS)
        video.codec_context.gop_size = KEY_SECONDS * FPS
        video.options = {"crf": "24", "preset": "slow", "tune": "stillimage"}
        audio = out.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = AUDIO_BITS
        number = 0
        for cue in lecture.cues:
            slide = draw_slide(lecture, cue)
            for now_ms in range(cue.begin_ms, cue.end_ms, 1000 // FPS):
                frame = picture_frame(with_ruler(slide, lecture, now_ms))
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                number += 1
                out.mux(video.encode(frame))
        out.mux(video.encode(None))
        sound = chimes(lecture)
        for first in range(0, len(sound), AUDIO_BLOCK):
            block = sound[first : first + AUDIO_BLOCK]
            piece = av.AudioFrame(format="s16", layout="mono", samples=len(block))
            piece.planes[0].update(block.tobytes().ljust(piece.planes[0].buffer_size, b"\0"))
            piece.sample_rate, piece.pts, piece.time_base = RATE, first, Fraction(1, RATE)
            out.mux(audio.encode(piece))
        out.mux(audio.encode(None))


def clock(ms: int) -> str:
    """A WebVTT time."""
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def captions(lecture: Lecture, language: str) -> str:
    """A WebVTT file, one cue a caption; 40 ms free between two so that the change is seen."""
    rows = ["WEBVTT", ""]
    for number, cue in enumerate(lecture.cues, 1):
        text = cue.zh if language == "zh" else cue.en
        rows += [str(number), f"{clock(cue.begin_ms)} --> {clock(cue.end_ms - 40)}", text, ""]
    return "\n".join(rows)


def make(script: Path) -> str:
    """Writes the three files of one lesson and says how long and how large it is."""
    lecture = read_script(script)
    target = script.with_suffix(".mp4")
    partial = script.with_suffix(".part")
    encode(lecture, partial)
    partial.replace(target)
    for language in ("zh", "en"):
        script.with_suffix(f".{language}.vtt").write_text(captions(lecture, language), encoding="utf-8")
    size = target.stat().st_size
    name = f"{script.parent.name}/{script.stem}"
    return f"{name}: {clock(lecture.length_ms)}, {len(lecture.cues)} captions, {size:,} bytes"


def scripts(folder: Path) -> list[Path]:
    """The scripts of one course, by name. ScriptError where it has none."""
    found = [path for path in sorted(folder.glob("*.toml")) if "[[scenes]]" in path.read_text(encoding="utf-8")]
    if not found:
        raise ScriptError(f"{folder}: no script is there; a script is a TOML file with [[scenes]]")
    return found


def wanted(names: Sequence[str]) -> Iterator[Path]:
    """The named scripts (`course` for all of a course, `course/lesson` for one); without names those without film."""
    for name in names:
        course, _, lesson = name.partition("/")
        yield from [COURSES / course / f"{lesson}.toml"] if lesson else scripts(COURSES / course)
    if not names:
        for path in sorted(COURSES.glob("*/*.toml")):
            if "[[scenes]]" in path.read_text(encoding="utf-8") and not path.with_suffix(".mp4").exists():
                yield path


def main(names: Sequence[str]) -> int:
    """Makes the lessons. Returns the exit status: 2 when a script cannot be drawn."""
    try:
        for script in wanted(names):
            print(make(script), flush=True)
    except ScriptError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
