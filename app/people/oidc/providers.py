"""The identity providers that the operator trusts: one TOML file, named by a setting, read once at the start."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.base.settings import LOOPBACK, SettingError

LINKS = ("", "staff_number", "email")
CLIENT_AUTH = ("", "client_secret_basic", "client_secret_post", "none")
_KEY = re.compile(r"[a-z][a-z0-9-]{0,29}")


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. `link` and `claim`: what of the academy a claim of the provider is compared with at the first
    sign-in; without them only a signed-in person links. `second_amr`, `second_acr`: what the provider says when it has
    asked for a second factor itself, and is believed."""

    key: str
    name: str
    name_en: str
    issuer: str
    client_id: str
    client_secret: str = ""
    client_auth: str = ""
    scope: str = "openid profile email"
    link: str = ""
    claim: str = ""
    second_amr: tuple[str, ...] = ()
    second_acr: tuple[str, ...] = ()
    ca_file: str = ""

    @property
    def here(self) -> bool:
        """Is it on this machine? Only there is it asked without TLS."""
        return urlsplit(self.issuer).hostname in LOOPBACK

    @property
    def metadata_url(self) -> str:
        """Where it describes itself (OpenID Connect Discovery)."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"

    def may_be_asked(self, address: object) -> bool:
        """Is this an address to which this provider may send us: https, or http between programs of this machine?"""
        try:
            parts = urlsplit(address) if isinstance(address, str) else None
        except ValueError:
            return False
        if parts is None or not parts.hostname or parts.username is not None:
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and self.here and parts.hostname in LOOPBACK)


def load(path: Path | None) -> dict[str, Provider]:
    """By key. `SettingError` says what of the file cannot be used; no file, no provider."""
    if path is None:
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"DUXUE_OIDC_FILE={str(path)!r}: {error}") from error
    tables = found.get("provider")
    if not isinstance(tables, list) or set(found) != {"provider"}:
        raise SettingError(f"DUXUE_OIDC_FILE={str(path)!r}: write one [[provider]] for each provider, nothing else")
    made = [_provider(table, path) for table in tables]
    if len({each.key for each in made}) < len(made) or len({each.issuer for each in made}) < len(made):
        raise SettingError(f"DUXUE_OIDC_FILE={str(path)!r}: each provider needs a key and an issuer of its own")
    return {each.key: each for each in made}


def _provider(table: dict[str, Any], path: Path) -> Provider:
    given: dict[str, Any] = {}
    kinds = {field.name: field.type for field in fields(Provider)}
    for name, value in table.items():
        many = "tuple" in str(kinds.get(name, ""))
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value) if many else type(value) is str
        if name not in kinds or not fits:
            raise SettingError(f"DUXUE_OIDC_FILE={str(path)!r}: {name} is unknown, or no {'list' if many else 'text'}")
        given[name] = tuple(value) if many else value
    try:
        made = Provider(**given)
    except TypeError as error:
        raise SettingError(
            f"DUXUE_OIDC_FILE={str(path)!r}: {error}".replace("Provider.__init__()", "provider")
        ) from error
    if wrong := _wrong(made):
        raise SettingError(f"DUXUE_OIDC_FILE={str(path)!r}: {wrong}")
    return made


def _wrong(made: Provider) -> str:
    if not _KEY.fullmatch(made.key):
        return f"key = {made.key!r}: write small letters, digits and -, at most 30"
    if not made.may_be_asked(made.issuer) or "?" in made.issuer or "#" in made.issuer or len(made.issuer) > 200:
        return f"issuer = {made.issuer!r}: write https://… (http only on this machine)"
    if "openid" not in made.scope.split():
        return f"scope = {made.scope!r}: openid has to be one of them"
    if made.link not in LINKS or made.client_auth not in CLIENT_AUTH:
        return f"link is one of {LINKS}, client_auth one of {CLIENT_AUTH}"
    if (made.link == "staff_number") != bool(made.claim):
        return (
            "claim names what is compared with the staff number: write both, link = 'staff_number' and claim, or none"
        )
    return "" if made.client_id and made.name and made.name_en else "client_id, name and name_en are needed"
