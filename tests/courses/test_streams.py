"""What streams on the content origin: playlists and pieces under one signature, for the academy's pages only."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client, TestResponse

from app.base.settings import Settings, load
from app.base.storage import Store
from app.courses.measuring import LONGEST_MS
from app.courses.origin import MOST_SEGMENT, make_origin, stream_urls
from app.courses.renditions import playlists, streams
from app.courses.renditions.queries import StreamRow

ACADEMY = "http://127.0.0.1:8000"
FFMPEG = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MAP:URI="360p.mp4",BYTERANGE="100@0"
#EXTINF:4.000000,
#EXT-X-BYTERANGE:1000@100
360p.mp4
#EXTINF:2.500000,
#EXT-X-BYTERANGE:400@1100
360p.mp4
#EXT-X-ENDLIST
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DUXUE_DATA_DIR": str(tmp_path), "PORT": "8000", "CONTENT_PORT": "8001"})


@pytest.fixture
def client(settings: Settings) -> Client:
    return Client(make_origin(settings))


@pytest.fixture
def stream(settings: Settings, tmp_path: Path) -> str:
    """The stream file of a small picture and of sound alone; the files hold 1500 bytes each."""
    store = Store(settings.files_dir)
    parts = []
    for kind, size in (("360p", (640, 360)), ("audio", (0, 0))):
        path = tmp_path / kind
        path.write_bytes(kind.encode() * (1500 // len(kind)) if kind == "360p" else b"s" * 1500)
        text = playlists.read(FFMPEG, 1500).text(f"{kind}.mp4")
        parts.append(streams.Part(kind, store.put(path), text, 2000, "avc1.4d401e,mp4a.40.2", *size, 25_000))
    return streams.write(store, parts)


@pytest.fixture
def base(settings: Settings, stream: str) -> str:
    hls, sound = stream_urls(settings, "127.0.0.1:8000", StreamRow(stream, frozenset({"360p", "audio"})))
    assert hls is not None
    assert sound is not None
    parts = urlsplit(hls)
    assert (parts.hostname, parts.port) == ("localhost", 8001), "another host name than the academy's"
    assert sound.rsplit("/", 1)[0] == hls.rsplit("/", 1)[0], "one signature for all"
    return parts.path.rsplit("/", 1)[0]


def get(client: Client, path: str, method: str = "GET", **headers: str) -> TestResponse:
    answer = client.open(path, method=method, base_url="http://localhost:8001", headers=headers)
    answer.get_data()
    answer.close()
    return answer


def test_playlists_name_what_lies_beside_them(client: Client, base: str) -> None:
    master = get(client, f"{base}/master.m3u8", Origin=ACADEMY)
    assert master.status_code == 200
    assert master.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert master.headers["Access-Control-Allow-Origin"] == ACADEMY
    assert [line for line in master.text.splitlines() if not line.startswith("#")] == ["360p.m3u8"]
    assert "RESOLUTION=640x360,FRAME-RATE=25.000" in master.text
    sound = get(client, f"{base}/sound.m3u8").text
    assert [line for line in sound.splitlines() if not line.startswith("#")] == ["audio.m3u8"]
    media = get(client, f"{base}/360p.m3u8").text.splitlines()
    assert [line for line in media if not line.startswith("#")] == ["360p.mp4", "360p.mp4"]
    assert '#EXT-X-MAP:URI="360p.mp4",BYTERANGE="100@0"' in media
    assert media[-1] == "#EXT-X-ENDLIST"


def test_a_piece_is_a_range_of_one_file(client: Client, base: str) -> None:
    found = get(client, f"{base}/360p.mp4", Range="bytes=100-1099", Origin=ACADEMY)
    assert found.status_code == 206
    assert found.headers["Content-Range"] == "bytes 100-1099/1500"
    assert found.headers["Content-Type"] == "video/mp4"
    assert "Content-Range" in found.headers["Access-Control-Expose-Headers"]
    assert found.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert get(client, f"{base}/audio.mp4").headers["Content-Type"] == "audio/mp4"
    assert MOST_SEGMENT >= 4 << 20


def test_other_origins_are_told_nothing(client: Client, base: str) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:8002"):
        assert "Access-Control-Allow-Origin" not in get(client, f"{base}/master.m3u8", Origin=origin).headers
        assert "Access-Control-Allow-Origin" not in get(client, f"{base}/360p.mp4", "OPTIONS", Origin=origin).headers


def test_an_older_browser_asks_before_it_asks_for_a_range(client: Client, base: str) -> None:
    asked = {"Origin": ACADEMY, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    found = get(client, f"{base}/360p.mp4", "OPTIONS", **asked)
    assert found.status_code == 204
    assert found.headers["Access-Control-Allow-Origin"] == ACADEMY
    assert found.headers["Access-Control-Allow-Headers"] == "Range"


@pytest.mark.parametrize("path", ["720p.m3u8", "720p.mp4", "master.mp4", "audio.m3u8.mp4", "..", "x.html", "cover.mp4"])
def test_what_is_not_there(client: Client, base: str, path: str) -> None:
    assert get(client, f"{base}/{path}").status_code == 404


def test_a_signature_is_for_one_stream_and_for_a_time(
    client: Client, base: str, stream: str, settings: Settings
) -> None:
    other = streams.write(Store(settings.files_dir), [])
    assert get(client, f"{base.replace(stream, other)}/master.m3u8").status_code == 403
    expires, _dot, signature = base.split("/")[2].partition(".")
    later = f"/m/{int(expires) + 1}.{signature}/{stream}/hls/master.m3u8"
    assert get(client, later).status_code == 403
    # A signature for a stream opens no file as a medium, nor the other way round.
    assert get(client, f"/m/{expires}.{signature}/{stream}/media.mp4").status_code == 403


def test_the_longest_lesson_streams_in_every_size(settings: Settings) -> None:
    """48 hours in three renditions, with the largest numbers that their files can have."""
    count = LONGEST_MS // 4000
    size = 10_000_000_000 // count  # 720p at its full rate takes some fifty gigabytes; the places have as many digits
    pieces = tuple((4.0, size * 5, 1000 + at * size * 5) for at in range(count))
    text = {kind: playlists.Segments(1000, pieces).text(f"{kind}.mp4") for kind in ("360p", "720p", "audio")}
    parts = [streams.Part(kind, "a" * 64, text[kind], 2000, "mp4a.40.2", 0, 0, 0) for kind in text]
    store = Store(settings.files_dir)
    found = streams.read(store, streams.write(store, parts))
    assert {kind: part.playlist for kind, part in found.items()} == text


@pytest.mark.parametrize(("origin", "host"), [("http://[::1", ""), ("http://]", ""), (ACADEMY, "["), (ACADEMY, "a]:1")])
def test_an_origin_or_host_that_is_no_address_is_passed_over(client: Client, base: str, origin: str, host: str) -> None:
    sent = {"HTTP_ORIGIN": origin, **({"HTTP_HOST": host} if host else {})}
    answer = client.open(f"{base}/master.m3u8", base_url="http://localhost:8001", environ_overrides=sent)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer.close()


def test_a_stored_file_that_is_no_stream_is_none(client: Client, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"duxue-stream": 1, "parts": [{"kind": "360p"}]}')
    sha256 = Store(settings.files_dir).put(tmp_path / "x")
    hls, _sound = stream_urls(settings, "127.0.0.1:8000", StreamRow(sha256, frozenset({"360p"})))
    assert get(client, urlsplit(hls or "").path).status_code == 404


@pytest.mark.parametrize(
    "spoilt",
    [
        FFMPEG.replace("#EXT-X-ENDLIST", ""),
        FFMPEG.replace("400@1100", "400@1101"),
        FFMPEG.replace("400@1100", "500@1100"),
        FFMPEG.replace('BYTERANGE="100@0"', 'BYTERANGE="100@5"'),
        "#EXTM3U\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_with_a_hole_is_not_taken(spoilt: str) -> None:
    with pytest.raises(ValueError, match="playlist"):
        playlists.read(spoilt, 1500)


def test_the_peak_decides_the_bandwidth() -> None:
    assert playlists.read(FFMPEG, 1500).bandwidth == 2000
