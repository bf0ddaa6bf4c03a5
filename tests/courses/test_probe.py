"""What the probe measures, and what it refuses. The packets decide, never a header."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import BadInput
from app.courses import formats, measuring, probe
from app.courses.measuring import measure
from tests.factories.media import claim, make_audio, make_video, remade, stretch_last


def refusal(path: Path) -> tuple[str, dict[str, Any]]:
    with pytest.raises(probe.Unusable) as caught:
        probe.measure(path)
    return caught.value.code, caught.value.facts


def test_video_with_sound(tmp_path: Path) -> None:
    found = measure(make_video(tmp_path / "clip.mp4", 3, sound=3))
    assert (found.kind, found.mime, found.length_ms) == ("video", "video/mp4", 3000)


def test_silent_video(tmp_path: Path) -> None:
    assert measure(make_video(tmp_path / "clip.mp4", 2)).length_ms == 2000


def test_webm(tmp_path: Path) -> None:
    path = make_video(tmp_path / "c.webm", 2, codec="libvpx", sound=2, audio_codec="libopus")
    found = measure(path)
    assert (found.kind, found.mime) == ("video", "video/webm")
    assert found.length_ms == pytest.approx(2000, abs=100)


@pytest.mark.parametrize(
    ("name", "codec", "mime"), [("t.mp3", "libmp3lame", "audio/mpeg"), ("t.m4a", "aac", "audio/mp4")]
)
def test_sound_alone(tmp_path: Path, name: str, codec: str, mime: str) -> None:
    found = measure(make_audio(tmp_path / name, 4, codec))
    assert (found.kind, found.mime) == ("audio", mime)
    assert found.length_ms == pytest.approx(4000, abs=100)


def test_sound_that_runs_on_decides(tmp_path: Path) -> None:
    assert measure(make_video(tmp_path / "c.mp4", 2, sound=6)).length_ms == pytest.approx(6000, abs=50)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    assert measure(make_video(tmp_path / "c.mp4", 2).rename(tmp_path / "c.txt")).length_ms == 2000


def test_a_header_that_claims_ten_hours_is_not_believed(tmp_path: Path) -> None:
    path = claim(make_video(tmp_path / "c.mp4", 2), 36_000)
    assert measure(path).length_ms == 2000


def test_overclaiming_is_told() -> None:
    assert measuring.Measured("video", "video/mp4", 20_000, 36_000_000).overclaims
    assert not measuring.Measured("video", "video/mp4", 364_600, 364_700).overclaims
    assert not measuring.Measured("video", "video/mp4", 364_600, None).overclaims


def test_a_last_picture_of_ten_hours_is_refused(tmp_path: Path) -> None:
    code, facts = refusal(stretch_last(make_video(tmp_path / "c.mp4", 2), 36_000))
    assert code == "claims"
    assert facts["real_ms"] < 2000 < 35_000_000 < facts["told_ms"]


def test_a_hole_in_the_middle_is_refused(tmp_path: Path) -> None:
    code, facts = refusal(make_video(tmp_path / "c.mp4", 4, hole=(2, 3600)))
    assert code == "hole"
    assert 1900 <= facts["at_ms"] <= 13_000
    assert facts["until_ms"] == pytest.approx(3_602_000, abs=500)


def test_a_hole_in_the_picture_under_which_sound_runs_is_none(tmp_path: Path) -> None:
    found = probe.measure(make_video(tmp_path / "c.mp4", 2, hole=(1, 15), sound=17))
    assert found["length_ms"] == pytest.approx(17_000, abs=200)


def test_a_file_that_begins_late_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "c.webm", 2, codec="libvpx", hole=(0, 60))
    assert refusal(path)[0] == "late"


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("options", [{}, {"movflags": "faststart"}], ids=["index last", "index first"])
def test_a_cut_file_is_incomplete(tmp_path: Path, share: float, options: dict[str, str]) -> None:
    path = make_video(tmp_path / "c.mp4", 6, sound=6, options=options)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    assert refusal(path)[0] == "incomplete"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"This is a lecture, honestly.\n" * 40, "text/plain"),
        (b"<!doctype html><html><script>1</script></html>", "text/html"),
        (b"%PDF-1.7\n1 0 obj\n", "application/pdf"),
        (b"PK\x03\x04" + bytes(60), "application/zip"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n", None),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", None),
    ],
)
def test_what_is_no_media_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes, what: str | None
) -> None:
    path = tmp_path / "lecture.mp4"
    path.write_bytes(head)
    monkeypatch.setattr("av.open", lambda *_a, **_k: pytest.fail("a demuxer saw it"))
    code, facts = refusal(path)
    assert code == "not_media"
    assert what is None or facts["what"] == what


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "c.mp4"
    path.touch()
    assert refusal(path)[0] == "empty"


@pytest.mark.parametrize("magic", [magic for magic, _what in formats.TO_CONVERT])
def test_kinds_that_cannot_be_measured_are_to_be_converted(magic: bytes) -> None:
    with pytest.raises(probe.Unusable, match="convert"):
        probe.sniff(magic + bytes(400))


def test_a_codec_outside_the_list_is_to_be_converted(tmp_path: Path) -> None:
    code, facts = refusal(make_video(tmp_path / "c.mkv", 1, codec="ffv1"))
    assert (code, facts["what"]) == ("convert", "ffv1")


OLD = [
    ("c.avi", "mpeg4", "libmp3lame", "video/x-msvideo"),
    ("c.flv", "flv", "libmp3lame", "video/x-flv"),
    ("c.mpg", "mpeg2video", "mp2", "video/mpeg"),
    ("c.ts", "libx264", "aac", "video/mp2t"),
    ("c.mov", "libx265", "aac", "video/quicktime"),
    ("c.mkv", "libx264", "aac", "video/x-matroska"),
]


@pytest.mark.parametrize(("name", "codec", "sound", "mime"), OLD)
def test_old_and_odd_films_are_taken_to_be_prepared(
    tmp_path: Path, name: str, codec: str, sound: str, mime: str
) -> None:
    """Their length is that of the picture, within two of them; broadcast formats begin anywhere."""
    path = make_video(tmp_path / name, 3, fps=25, sound=3, codec=codec, audio_codec=sound)
    found = probe.measure(path)
    assert (found["kind"], found["mime"], found["width"], found["height"]) == ("video", mime, 64, 36)
    assert not measuring.playable(found["mime"])
    assert found["length_ms"] == pytest.approx(3000, abs=80)
    assert found["rate_m"] == pytest.approx(25_000, rel=0.02)


@pytest.mark.parametrize(
    ("name", "options", "mime"),
    [
        ("c.wmv", ("-c:v", "wmv2", "-c:a", "wmav2"), "video/x-ms-wmv"),
        ("c.ogv", ("-c:v", "libtheora", "-c:a", "libvorbis"), "video/ogg"),
        ("c.ogg", ("-vn", "-c:a", "libvorbis"), "audio/ogg"),
        ("c.wma", ("-vn", "-c:a", "wmav2"), "audio/x-ms-wma"),
    ],
)
def test_old_kinds_that_other_programs_write(tmp_path: Path, name: str, options: tuple[str, ...], mime: str) -> None:
    source = make_video(tmp_path / "source.mp4", 3, fps=25, sound=3)
    found = probe.measure(remade(source, tmp_path / name, *options))
    assert found["mime"] == mime
    assert found["length_ms"] == pytest.approx(3000, abs=100)


@pytest.mark.parametrize(("turn", "shown"), [(0, (64, 36)), (90, (36, 64)), (180, (64, 36)), (-90, (36, 64))])
def test_a_film_is_as_wide_as_it_is_shown(tmp_path: Path, turn: int, shown: tuple[int, int]) -> None:
    found = probe.measure(make_video(tmp_path / "c.mov", 1, turn=turn))
    assert (found["width"], found["height"]) == shown


def test_refusals_are_words(tmp_path: Path) -> None:
    path = tmp_path / "lecture.mp4"
    path.write_bytes(b"plain text\n" * 50)
    with pytest.raises(BadInput, match=r"not video or audio.*text/plain") as caught:
        measure(path)
    assert caught.value.field == "file"


def test_too_short(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="shorter than one second"):
        measure(make_video(tmp_path / "c.mp4", 0.5))


def test_a_probe_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MOST_SECONDS", 0.01)
    with pytest.raises(BadInput, match="too long"):
        measure(make_video(tmp_path / "c.mp4", 1))


def test_a_probe_that_dies_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(BadInput, match="cannot be read"):
        measure(make_video(tmp_path / "c.mp4", 1))


def test_the_probe_limits_itself() -> None:
    script = (
        "from app.courses import probe; probe.restrain()\n"
        "try: bytearray(probe.MEMORY)\n"
        "except MemoryError: print('memory')\n"
        "import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["memory", str(probe.CPU_SECONDS)]


VERDICTS = {
    "video/lecture-6min.mp4": 364_600,
    "video/mountains_31175.mp4": 8000,
    "audio/talk-3min.m4a": 183_119,
    "audio/talk-3min.mp3": 183_171,
    "hostile/claims-10-hours.mp4": 20_000,
    "hostile/claims-10-hours-last-picture.mp4": "claims",
    "hostile/truncated-moov-first.mp4": "incomplete",
    "hostile/truncated-moov-missing.mp4": "incomplete",
    "hostile/text-renamed.mp4": "not_media",
    "hostile/script.svg": "not_media",
    "hostile/page-named.pdf": "not_media",
    "hostile/bomb-10mb.zip": "not_media",
    "video/old-lecture-2min.wmv": 119_999,
    "video/phone-vfr-90s.mov": 90_005,
}


@pytest.mark.samples
@pytest.mark.parametrize("name", VERDICTS)
def test_samples(samples: Path, name: str) -> None:
    verdict = VERDICTS[name]
    if isinstance(verdict, int):
        assert probe.measure(samples / name)["length_ms"] == verdict
    else:
        assert refusal(samples / name)[0] == verdict
