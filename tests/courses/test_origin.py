"""The content origin: signed, short-lived, capped, and nothing that it gives out can run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import time_machine
from werkzeug.test import Client, TestResponse

from app.base.settings import Settings, load
from app.base.storage import Store
from app.courses.models import MediaVersion
from app.courses.origin import ENDINGS, MOST_RANGE, content_url, make_origin, signed_path
from tests.factories import NOON

SIZE = 5_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DUXUE_DATA_DIR": str(tmp_path / "data"), "PORT": "8123"})


@pytest.fixture
def raw() -> bytes:
    return os.urandom(SIZE)


@pytest.fixture
def version(settings: Settings, tmp_path: Path, raw: bytes) -> MediaVersion:
    (tmp_path / "clip").write_bytes(raw)
    return MediaVersion(sha256=Store(settings.files_dir).put(tmp_path / "clip"), mime="video/mp4")


@pytest.fixture
def now() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def path(settings: Settings, version: MediaVersion, now: time_machine.Traveller) -> str:
    return signed_path(settings.secret, version, int(NOON.timestamp() * 1000))


@pytest.fixture
def client(settings: Settings) -> Client:
    return Client(make_origin(settings))


def get(client: Client, path: str, method: str = "GET", **headers: str) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(path, method=method, headers=sent, base_url="http://localhost:8124")


def test_the_whole_file(client: Client, path: str, raw: bytes, version: MediaVersion) -> None:
    answer = get(client, path)
    assert (answer.status_code, answer.data == raw) == (200, True)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["ETag"] == f'"{version.sha256}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, MOST_RANGE - 1),
        ("bytes=0-1", 0, 1),
        ("bytes=100-", 100, 100 + MOST_RANGE - 1),
        (f"bytes={SIZE - 10}-", SIZE - 10, SIZE - 1),
        (f"bytes={SIZE - 10}-{SIZE + 90}", SIZE - 10, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=-{SIZE * 9}", 0, MOST_RANGE - 1),
        ("bytes=5-9,20-30", 5, 9),
    ],
)
def test_ranges(client: Client, path: str, raw: bytes, asked: str, first: int, last: int) -> None:
    answer = get(client, path, Range=asked)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.data == raw[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0"])
def test_beyond_the_end(client: Client, path: str, asked: str) -> None:
    answer = get(client, path, Range=asked)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=" + "9" * 30 + "-"])
def test_ranges_that_are_none(client: Client, path: str, asked: str) -> None:
    assert get(client, path, "HEAD", Range=asked).status_code == 200


def test_conditions(client: Client, path: str, version: MediaVersion) -> None:
    tag = f'"{version.sha256}"'
    assert get(client, path, If_None_Match=f'"x", {tag}').status_code == 304
    assert get(client, path, "HEAD", If_None_Match='"x"').status_code == 200
    assert get(client, path, "HEAD", Range="bytes=0-1", If_Range=tag).status_code == 206
    assert get(client, path, "HEAD", Range="bytes=0-1", If_Range='"x"').status_code == 200


def test_head(client: Client, path: str) -> None:
    answer = get(client, path, "HEAD")
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", str(SIZE))


def test_valid_for_twelve_hours(client: Client, path: str, now: time_machine.Traveller) -> None:
    now.shift(12 * 3600)
    assert get(client, path, "HEAD").status_code == 200
    now.shift(15 * 60)
    assert get(client, path, "HEAD").status_code == 410


def test_every_part_is_signed(client: Client, path: str, settings: Settings, version: MediaVersion) -> None:
    _empty, m, ticket, sha256, name = path.split("/")
    expires, signature = ticket.split(".")
    forged = [
        f"/{m}/{int(expires) + 1}.{signature}/{sha256}/{name}",
        f"/{m}/{expires}.{'A' * 43}/{sha256}/{name}",
        f"/{m}/{ticket}/{'0' * 64}/{name}",
        f"/{m}/{ticket}/{sha256}/media.webm",
    ]
    assert [get(client, wrong).status_code for wrong in forged] == [403] * 4
    other = signed_path("another secret of thirty-two letters", version, int(NOON.timestamp() * 1000))
    assert get(client, other).status_code == 403


@pytest.mark.parametrize(
    "wrong", ["/", "/m/", "/m/1.a/b/c", "/files/x", "/m/../../etc/passwd", "/favicon.ico", "/healthz/"]
)
def test_there_is_nothing_else(client: Client, wrong: str) -> None:
    answer = get(client, wrong)
    assert answer.status_code == 404
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_only_reading(client: Client, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert get(client, path, method).status_code == 405


def test_a_missing_file(client: Client, settings: Settings, path: str, version: MediaVersion) -> None:
    Store(settings.files_dir).path(version.sha256).unlink()
    assert get(client, path).status_code == 404


def test_health(client: Client) -> None:
    assert get(client, "/healthz").status_code == 200


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:8123", True),
        ("http://localhost:8123", True),
        ("http://127.0.0.1:9999", False),
        ("http://evil.example:8123", False),
        ("http://127.0.0.1:x", False),
        ("null", False),
    ],
)
def test_only_the_academy_may_read_by_script(client: Client, path: str, origin: str, allowed: bool) -> None:
    found = get(client, path, "HEAD", Origin=origin).headers.get("Access-Control-Allow-Origin")
    assert found == (origin if allowed else None)


@pytest.mark.parametrize(
    ("env", "host", "found"),
    [
        ({}, "127.0.0.1:8123", "http://localhost:8124"),
        ({}, "localhost:8123", "http://127.0.0.1:8124"),
        ({}, "10.1.2.3:8123", "http://10.1.2.3:8124"),
        ({}, "[fd00::1]:8123", "http://[fd00::1]:8124"),
        ({"DUXUE_CONTENT_HOST": "media.example"}, "127.0.0.1:8123", "http://media.example"),
        ({"DUXUE_CONTENT_HOST": "m.example", "DUXUE_SECURE_COOKIES": "1"}, "a.example", "https://m.example"),
        ({"DUXUE_CONTENT_HOST": "https://m.example:444/"}, "a.example", "https://m.example:444"),
    ],
)
def test_another_host_name(tmp_path: Path, env: dict[str, str], host: str, found: str) -> None:
    settings = load({"DUXUE_DATA_DIR": str(tmp_path), "PORT": "8123", **env})
    assert settings.content_origin(host) == found
    assert content_url(settings, host, MediaVersion(sha256="0" * 64, mime="audio/mp4")).startswith(f"{found}/m/")


def test_every_playable_kind_has_an_ending() -> None:
    from app.courses.formats import PLAYABLE

    assert {mime for entry in PLAYABLE.values() for mime in entry[2:] if mime} | {"image/webp"} == set(ENDINGS)
