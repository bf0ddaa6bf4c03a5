"""Settings, read once from the environment (`DUXUE_…`). Every one is described in docs/settings.md."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Cookies do not tell ports apart: beside an academy on one of these names, material lies on the other.
LOOPBACK = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
GRADED_IDLE = 30  # minutes, as the graded protection of information systems asks
_SENDER = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")


class SettingError(ValueError):
    """A setting cannot be used; the text names it, says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Where mail is handed over; without a host none is sent, and none is offered. `tls`: starttls, tls or off."""

    host: str
    port: int
    sender: str
    user: str
    password: str
    tls: str

    @property
    def offered(self) -> bool:
        """Is there a server that takes mail?"""
        return bool(self.host)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Times are in seconds, `*_ms` in milliseconds, sizes in bytes."""

    data_dir: Path
    database_url: str
    owner_database_url: str
    app_role: str
    secret: str
    timezone: ZoneInfo
    academy_name: str
    academy_name_en: str
    registration: str
    host: str
    port: int
    content_port: int
    content_host: str
    public_url: str
    beat_seconds: int
    batch_window_ms: int
    ceiling_seconds: int
    lease_hours: int
    backlog_days: int
    idle_minutes: int
    password_policy: str
    second_factor: str
    slip_days: int
    address_tries: int
    mail: Mail
    max_upload_bytes: int
    roster_leaving_percent: int
    rendition_hours: int
    rendition_memory_bytes: int
    rendition_threads: int
    secure_cookies: bool
    sample: bool
    styleguide: bool
    embedded: bool
    heads_dir: Path
    separated_admins: bool
    oidc_file: Path | None

    @property
    def sqlite(self) -> bool:
        """True when the embedded database serves."""
        return self.database_url.startswith("sqlite")

    @property
    def files_dir(self) -> Path:
        """Where uploaded material lies (content-addressed)."""
        return self.data_dir / "files"

    def content_origin(self, request_host: str) -> str:
        """`scheme://host[:port]` of the content origin for a reader who opened the academy as `request_host`.

        Another host name than the academy's: `content_host` where it is set, and on this machine `localhost`
        for `127.0.0.1` and the reverse. Without either only the port differs.
        """
        scheme = "https" if self.secure_cookies else "http"
        if self.content_host:
            given = self.content_host.rstrip("/")
            return given if "://" in given else f"{scheme}://{given}"
        host = urlsplit(f"//{request_host}").hostname or "localhost"
        host = LOOPBACK.get(host, f"[{host}]" if ":" in host else host)
        return f"{scheme}://{host}:{self.content_port}"


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingError(f"{name}={text!r}: write a whole number from {low} to {high}")
    return int(text)


def _line(env: Mapping[str, str], name: str, most: int) -> str:
    text = env.get(name, "").strip()
    if len(text) > most or not text.isprintable():
        raise SettingError(f"{name}: write one line of at most {most} characters")
    return text


def _flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    text = env.get(name, "").strip().lower()
    if text in ("", "0", "1"):
        return default if text == "" else text == "1"
    raise SettingError(f"{name}={text!r}: write 1 or 0")


def _one_of(env: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> str:
    text = env.get(name, "").strip().lower() or default
    if text not in known:
        raise SettingError(f"{name}={text!r}: write one of {', '.join(known)}")
    return text


def _mail(env: Mapping[str, str]) -> Mail:
    """The mail server; a password is never sent where others could read it."""
    tls = _one_of(env, "DUXUE_SMTP_TLS", "starttls", ("starttls", "tls", "off"))
    host, sender = _line(env, "DUXUE_SMTP_HOST", 255), _line(env, "DUXUE_SMTP_FROM", 200)
    user = _line(env, "DUXUE_SMTP_USER", 200)
    if host and not _SENDER.fullmatch(sender):
        raise SettingError(f"DUXUE_SMTP_FROM={sender!r}: write the address that mail comes from, such as a@b.example")
    if host and user and tls == "off":
        raise SettingError("DUXUE_SMTP_TLS=off: with DUXUE_SMTP_USER the password would be readable on its way")
    port = _number(env, "DUXUE_SMTP_PORT", {"starttls": 587, "tls": 465, "off": 25}[tls], 1, 65535)
    return Mail(host, port, sender, user, env.get("DUXUE_SMTP_PASSWORD", ""), tls)


def _idle_minutes(env: Mapping[str, str], policy: str) -> int:
    minutes = _number(env, "DUXUE_IDLE_MINUTES", 30, 5, 1440)
    if policy == "graded" and minutes > GRADED_IDLE:
        raise SettingError(f"DUXUE_IDLE_MINUTES={minutes}: with DUXUE_PASSWORD_POLICY=graded at most {GRADED_IDLE}")
    return minutes


def _public_url(env: Mapping[str, str], port: int, secure: bool) -> str:
    """`scheme://host[:port]` under which the world reaches the academy: printed on paper, so no request decides it."""
    given = env.get("DUXUE_PUBLIC_URL", "").strip().rstrip("/")
    if not given:
        host = env.get("DUXUE_HOST") or "127.0.0.1"
        host = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        return f"{'https' if secure else 'http'}://{host}:{port}"
    if not _ADDRESS.fullmatch(given):
        raise SettingError(f"DUXUE_PUBLIC_URL={given!r}: write https://host, without a path")
    return given


def _secret(env: Mapping[str, str], data_dir: Path) -> str:
    """The academy's secret: from the environment, else made once and kept in the data folder (0600)."""
    given = env.get("DUXUE_SECRET", "")
    if given:
        if len(given) < 32:
            raise SettingError("DUXUE_SECRET: at least 32 characters are needed")
        return given
    path = data_dir / "secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            os.link(fresh, path)  # atomic: of two processes that start at once, one wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; `SettingError` names the first that is wrong."""
    env = os.environ if env is None else env
    data_dir = Path(env.get("DUXUE_DATA_DIR") or "var").absolute()
    url = env.get("DUXUE_DATABASE_URL") or f"sqlite:///{data_dir / 'duxue.sqlite'}"
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingError("DUXUE_DATABASE_URL: begin with sqlite:/// or postgresql+psycopg://")
    zone = env.get("DUXUE_TIMEZONE") or "Asia/Shanghai"
    try:
        timezone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingError(f"DUXUE_TIMEZONE={zone!r}: no such time zone") from error
    port = _number(env, "PORT", 8000, 1, 65534)
    secure = _flag(env, "DUXUE_SECURE_COOKIES", False)
    sample = _flag(env, "DUXUE_SAMPLE", False)
    policy = _one_of(env, "DUXUE_PASSWORD_POLICY", "modern", ("modern", "graded"))
    return Settings(
        data_dir=data_dir,
        database_url=url,
        owner_database_url=env.get("DUXUE_OWNER_DATABASE_URL") or url,
        app_role=env.get("DUXUE_APP_ROLE", ""),
        secret=_secret(env, data_dir),
        timezone=timezone,
        academy_name=env.get("DUXUE_ACADEMY_NAME") or "云汀网络学院",
        academy_name_en=env.get("DUXUE_ACADEMY_NAME_EN") or "Yunting Network Academy",
        registration=_line(env, "DUXUE_REGISTRATION", 60),
        host=env.get("DUXUE_HOST") or "127.0.0.1",
        port=port,
        content_port=_number(env, "CONTENT_PORT", port + 1, 1, 65535),
        content_host=env.get("DUXUE_CONTENT_HOST", ""),
        public_url=_public_url(env, port, secure),
        beat_seconds=_number(env, "DUXUE_BEAT_SECONDS", 15, 1, 120),
        batch_window_ms=_number(env, "DUXUE_BATCH_WINDOW_MS", 5, 0, 100),
        ceiling_seconds=_number(env, "DUXUE_CEILING_SECONDS", 120, 1, 3600),
        lease_hours=_number(env, "DUXUE_LEASE_HOURS", 12, 1, 48),
        backlog_days=_number(env, "DUXUE_BACKLOG_DAYS", 7, 0, 60),
        idle_minutes=_idle_minutes(env, policy),
        password_policy=policy,
        # Whoever tries the sample out signs in in one step.
        second_factor=_one_of(
            env, "DUXUE_SECOND_FACTOR", "offered" if sample else "required", ("required", "offered", "off")
        ),
        slip_days=_number(env, "DUXUE_SLIP_DAYS", 14, 1, 90),
        address_tries=_number(env, "DUXUE_ADDRESS_TRIES", 120, 5, 100_000),
        mail=_mail(env),
        max_upload_bytes=_number(env, "DUXUE_MAX_UPLOAD_MB", 20_480, 1, 1_000_000) * 1_000_000,
        roster_leaving_percent=_number(env, "DUXUE_ROSTER_LEAVING_PERCENT", 5, 0, 100),
        rendition_hours=_number(env, "DUXUE_RENDITION_HOURS", 12, 1, 96),
        rendition_memory_bytes=_number(env, "DUXUE_RENDITION_MEMORY_MB", 2048, 512, 65_536) << 20,
        rendition_threads=_number(env, "DUXUE_RENDITION_THREADS", 1, 1, 64),
        secure_cookies=secure,
        sample=sample,
        styleguide=_flag(env, "DUXUE_STYLEGUIDE", False),
        embedded=_flag(env, "DUXUE_EMBEDDED", url.startswith("sqlite")),
        heads_dir=Path(env.get("DUXUE_HEADS_DIR") or data_dir / "heads").absolute(),
        separated_admins=_flag(env, "DUXUE_SEPARATED_ADMINS", True),
        oidc_file=Path(env["DUXUE_OIDC_FILE"]).absolute() if env.get("DUXUE_OIDC_FILE") else None,
    )
