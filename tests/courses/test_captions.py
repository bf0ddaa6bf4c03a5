"""Captions: what is understood, what comes out, and which line is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import BadInput
from app.courses.captions import MOST_CUES, check_fits, parse, to_vtt

SRT = "1\r\n00:00:01,000 --> 00:00:02,500\r\n第一句\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n第二句\r\n接着说\r\n"
VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE nobody reads this

intro
00:01.000 --> 00:02.500 align:start position:0%
<v 韩知远>第一句</v>

01:02:03.004 --> 01:02:05.000
A &amp; B &lt;3
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_srt_in_any_usual_encoding(encoding: str) -> None:
    cues = parse(SRT.encode(encoding))
    assert [(c.start_ms, c.end_ms, c.text) for c in cues] == [
        (1000, 2500, "第一句"),
        (3000, 4000, "第二句\n接着说"),
    ]


def test_vtt_loses_its_styles_and_tags() -> None:
    assert to_vtt(parse(VTT.encode())) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n第一句\n\n01:02:03.004 --> 01:02:05.000\nA &amp; B &lt;3\n"
    )


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>hm", "<img src=x onerror=alert(1)>hm", "hm<c.x><00:01.000>", "{\\an8}hm"]
)
def test_markup_is_gone(text: str) -> None:
    out = to_vtt(parse(f"00:01.000 --> 00:02.000\n{text}\n".encode()))
    assert "<" not in out
    assert "{" not in out
    assert "hm" in out


def test_cues_are_ordered() -> None:
    raw = b"00:05.000 --> 00:06.000\nb\n\n00:01.000 --> 00:02.000\na\n"
    assert [cue.text for cue in parse(raw)] == ["a", "b"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"WEBVTT\n\n00:01.000 -> 00:02.000\nhm\n", "Line 3: a time like"),
        (b"WEBVTT\n\n00:01.000 --> 00:02\nhm\n", "Line 3: write the time"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nok\n\n2\n00:00:05,000 --> 00:00:04,000\nno\n", "Line 6: the caption ends"),
        (b"00:01.000 --> 00:02.000\n" + b"x" * 1001, "Line 1: .* longer than 1000"),
        (b"WEBVTT\n\nNOTE only\n", "no caption"),
        (b"", "no caption"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not a text file"),
        (b"\xff\xfe\x00", "not a text file"),
        (b" " * 2_000_001, "at most 2 MB"),
    ],
)
def test_what_is_wrong_is_said(raw: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse(raw)


def test_too_many() -> None:
    with pytest.raises(BadInput, match=f"at most {MOST_CUES}"):
        parse(b"00:01.000 --> 00:02.000\nx\n\n" * (MOST_CUES + 1))


def test_captions_of_another_file() -> None:
    cues = parse(SRT.encode())
    check_fits(cues, 2500)
    with pytest.raises(BadInput, match="Line 6"):
        check_fits(cues, 1900)


@given(st.binary(max_size=400) | st.text(max_size=300).map(str.encode))
def test_anything_is_captions_or_a_refusal(raw: bytes) -> None:
    try:
        out = to_vtt(parse(raw))
    except BadInput:
        return
    assert out.startswith("WEBVTT\n\n")
    assert "<" not in out


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=60))
def test_what_we_write_we_read(text: str) -> None:
    first = parse(f"00:01.000 --> 00:02.000\n.{text}\n".encode())
    again = parse(to_vtt(first).encode())
    assert to_vtt(again) == to_vtt(first)


@pytest.mark.samples
@pytest.mark.parametrize("name", ["lecture-6min.zh.vtt", "lecture-6min.en.srt"])
def test_samples(samples: Path, name: str) -> None:
    cues = parse((samples / "video" / name).read_bytes())
    assert (len(cues), cues[0].start_ms, cues[-1].end_ms) == (69, 1000, 363_528)
    check_fits(cues, 364_600)
