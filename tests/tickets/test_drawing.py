"""A viewing's picture stays in its frame, says all that counted, and cannot be made to run anything."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rules.viewing import beat
from app.rules.viewing.beat import CoverageState, Terms
from app.rules.viewing.timeline import Seen, Told, tell
from app.rules.viewing.trace import NETWORK_AWAY, record
from app.tickets import drawing, telling
from app.tickets.forms import clock_ms

LENGTH, OPENED = 600_000, 1_700_000_000_000
RECT = ("x", "y", "width", "height")
piece = st.tuples(st.integers(0, LENGTH), st.integers(1, 90_000)).map(lambda p: (p[0], p[0] + p[1]))
played = st.lists(st.tuples(st.integers(0, 4_000_000), st.lists(piece, max_size=3)), max_size=8)


def told(beats: list[tuple[int, list[tuple[int, int]]]], tail_ms: int, ended: bool) -> Told:
    state, coverage, trace, now = beat.begin(OPENED), CoverageState([], [], 0), b"", OPENED
    for seq, (after, ranges) in enumerate(beats):
        now += after
        found = beat.decide(state, coverage, Terms(LENGTH, 2000), seq, ranges, now)
        state, coverage, trace = found.viewing, found.coverage, trace + found.trace
    end = now + tail_ms
    return tell(Seen(1, OPENED, OPENED + 10**9, end if ended else None, "closed", trace), end, 2000, 30_000)


@pytest.fixture(scope="module")
def words() -> Flask:
    app = Flask("drawing")
    Babel(app)
    return app


@settings(deadline=None)
@given(beats=played, tail=st.integers(0, 10**7), ended=st.booleans(), part=st.none() | piece)
def test_everything_stays_in_the_frame(
    words: Flask, beats: list[tuple[int, list[tuple[int, int]]]], tail: int, ended: bool, part: tuple[int, int] | None
) -> None:
    story = told(beats, tail, ended)
    with words.test_request_context():
        drawn = drawing.viewing_svg(story, story.last_ms + tail, LENGTH, part, "x")
    for svg in re.findall(r"<svg.*?</svg>", drawn, re.S):
        wide, high = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
        for path in re.findall(r'class="(?:run-\w+|ended)" d="M([\d. -]+)(?:L([\d. -]+)|V)', svg):
            for point in filter(None, path):
                x, y = map(float, point.split())
                assert 0 <= x <= wide, svg
                assert 0 <= y <= high, svg
        for x, y, width, height in re.findall(
            r'<rect [^>]*x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"', svg
        ):
            assert 0 <= float(x) <= float(x) + float(width) <= wide + 0.2
            assert 0 <= float(y) <= float(y) + float(height) <= high
        assert "nan" not in svg


@settings(deadline=None)
@given(beats=played)
def test_the_runs_are_all_that_counted_and_waited(beats: list[tuple[int, list[tuple[int, int]]]]) -> None:
    story = told(beats, 0, True)
    found = drawing.runs(story)
    assert sum(run.end - run.start for run in found if run.kind == "counted") == story.counted_ms
    assert sum(run.end - run.start for run in found) == sum(each.accepted_ms for each in story.beats)
    assert all(run.from_ms <= run.to_ms for run in found)


def test_steady_watching_is_one_line_and_a_grant_is_told_apart() -> None:
    trace = b"".join(record(1, 15_000, [(n * 15_000, (n + 1) * 15_000)], []) for n in range(4))
    trace += record(1, 15_000, [], [(60_000, 75_000, NETWORK_AWAY)]) + record(0, 900_000, [(60_000, 75_000)], [])
    story = tell(Seen(1, OPENED, OPENED + 10**9, None, None, trace), OPENED + 80_000, 2000, 30_000)
    assert [(run.kind, run.start, run.end, run.to_ms - OPENED) for run in drawing.runs(story)] == [
        ("counted", 0, 60_000, 60_000), ("pending", 60_000, 75_000, 75_000), ("granted", 60_000, 75_000, 975_000),
    ]  # fmt: skip


def test_a_label_cannot_break_out(words: Flask) -> None:
    with words.test_request_context():
        drawn = drawing.viewing_svg(told([(15_000, [(0, 9000)])], 0, True), OPENED, LENGTH, None, '"><script>')
    assert "<script" not in drawn


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("3:20", 200_000), (" 0:05 ", 5000), ("1:02:03", 3_723_000), ("3：20", 200_000), ("90:00", 5_400_000),
        ("", None), ("3", None), ("3:60", None), ("-1:00", None), ("a:bc", None), ("1:2:3:4", None),
    ],
)  # fmt: skip
def test_a_place_is_minutes_and_seconds(text: str, ms: int | None) -> None:
    assert clock_ms(text) == ms


def test_a_part_says_its_last_second_but_never_one_beyond_the_lesson() -> None:
    assert telling.range_text(200_000, 244_300) == "3:20–4:05"
    assert telling.range_text(200_000, 274_600, 274_600) == "3:20–4:34"
