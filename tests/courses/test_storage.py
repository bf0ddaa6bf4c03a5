"""The file store: what it names is there, whole; what is no ordinary file never gets in or out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.base.storage import Store, StoreError

Put = Callable[[Store, Path], str]
WAYS: list[Put] = [Store.put, Store.adopt]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files")


@pytest.mark.parametrize("put", WAYS)
def test_what_goes_in_comes_out(store: Store, tmp_path: Path, put: Put) -> None:
    raw = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(raw)
    name = put(store, tmp_path / "a")
    assert name == hashlib.sha256(raw).hexdigest()
    with store.open(name) as found:
        assert found.read() == raw
    (tmp_path / "a").unlink()
    assert store.path(name).read_bytes() == raw
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == [name]
    assert store.path(name).stat().st_mode & 0o777 == 0o440, "stored once and for all"


@pytest.mark.parametrize("put", WAYS)
def test_the_same_twice_is_one_file(store: Store, tmp_path: Path, put: Put) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"the same")
    assert put(store, tmp_path / "a") == put(store, tmp_path / "b")


@pytest.mark.parametrize("put", WAYS)
def test_a_torn_file_is_healed(store: Store, tmp_path: Path, put: Put) -> None:
    (tmp_path / "a").write_bytes(b"whole and long")
    name = store.put(tmp_path / "a")
    store.path(name).chmod(0o640)
    store.path(name).write_bytes(b"who")
    put(store, tmp_path / "a")
    assert store.path(name).read_bytes() == b"whole and long"


def test_another_disk_is_copied(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_a: object, **_k: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_bytes(b"far away")
    assert store.path(store.adopt(tmp_path / "a")).read_bytes() == b"far away"


@pytest.mark.parametrize("put", WAYS)
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "nothing"])
def test_only_ordinary_files_get_in(store: Store, tmp_path: Path, put: Put, kind: str) -> None:
    path = tmp_path / "a"
    (tmp_path / "secret").write_bytes(b"not for you")
    if kind == "link":
        path.symlink_to(tmp_path / "secret")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(StoreError, match="ordinary"):
        put(store, path)
    assert not [found for found in store.root.rglob("*") if found.is_file()] if store.root.exists() else True


def test_a_link_in_the_store_does_not_open(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    name = store.put(tmp_path / "a")
    store.path(name).unlink()
    store.path(name).symlink_to(tmp_path / "a")
    with pytest.raises(StoreError):
        store.open(name)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "0" * 32 + "/" + "0" * 31])
def test_names_are_digests(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="not a file name"):
        store.path(name)


def test_a_failed_write_leaves_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_bytes(b"much")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(tmp_path / "a")
    assert not [path for path in store.root.rglob("*") if path.is_file()]
