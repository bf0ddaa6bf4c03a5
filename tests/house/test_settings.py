"""Settings: what cannot be used stops the start and says what would be right; secrets are made once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.base.settings import SettingError, load


def test_secrets_are_made_once_and_short_ones_refused(tmp_path: Path) -> None:
    env = {"DUXUE_DATA_DIR": str(tmp_path / "new")}
    with ThreadPoolExecutor(8) as pool:
        made = {found.secret for found in pool.map(lambda _n: load(env), range(16))}
    (secret,) = made
    assert len(secret) == 64
    path = tmp_path / "new" / "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret"]
    assert load({"DUXUE_DATA_DIR": str(tmp_path / "other")}).secret != secret
    with pytest.raises(SettingError, match="at least 32 characters"):
        load({**env, "DUXUE_SECRET": "short"})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "80000", "PORT='80000': write a whole number from 1 to 65534"),
        ("PORT", "٨٠٠٠", "write a whole number"),
        ("DUXUE_BEAT_SECONDS", "0", "write a whole number from 1 to 120"),
        ("DUXUE_BEAT_SECONDS", "1.5", "write a whole number"),
        ("DUXUE_SECURE_COOKIES", "yes", "write 1 or 0"),
        ("DUXUE_TIMEZONE", "Mars/Olympus", "no such time zone"),
        ("DUXUE_TIMEZONE", "../../etc/passwd", "no such time zone"),
        ("DUXUE_PUBLIC_URL", "academy.example", "write https://host, without a path"),
        ("DUXUE_PUBLIC_URL", "https://academy.example/x?y", "write https://host, without a path"),
        ("DUXUE_PUBLIC_URL", "javascript:alert(1)", "write https://host, without a path"),
        ("DUXUE_DATABASE_URL", "mysql://x", "begin with sqlite:/// or postgresql"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as wrong:
        load({"DUXUE_DATA_DIR": str(tmp_path), name: value})
    assert name in str(wrong.value)
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("env", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "8010", "DUXUE_HOST": "0.0.0.0"}, "http://127.0.0.1:8010"),
        ({"DUXUE_HOST": "::1"}, "http://[::1]:8000"),
        ({"DUXUE_PUBLIC_URL": "https://academy.example/"}, "https://academy.example"),
        ({"DUXUE_PUBLIC_URL": "http://10.0.0.7:8000"}, "http://10.0.0.7:8000"),
    ],
)
def test_the_address_on_paper_is_a_setting(tmp_path: Path, env: dict[str, str], address: str) -> None:
    assert load({"DUXUE_DATA_DIR": str(tmp_path), **env}).public_url == address
