"""Authlib's Flask client for one provider: what it is asked, and what has to be right before anything is believed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from joserfc.errors import JoseError
from requests import RequestException
from urllib3.exceptions import HTTPError

from app.people.oidc.fetching import CarefulSession, Untrusted
from app.people.oidc.providers import Provider

# Signatures by a key that only the provider has; never `none`, never one by a secret that both know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
FRESH = 600.0  # seconds that its description and its keys are kept
REST = 15.0  # seconds that a provider which did not answer is left alone
LEEWAY = 30  # seconds that clocks may differ
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Client(FlaskOAuth2App):  # type: ignore[misc]
    """One provider. Its metadata is read anew now and then, and only what is checked here is kept of it."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.server_metadata: dict[str, Any]
        kept: dict[str, Any] = {"scope": provider.scope, "code_challenge_method": "S256"}
        if provider.ca_file:
            kept["verify"] = provider.ca_file
        super().__init__(
            FlaskIntegration(provider.key), name=provider.key, client_id=provider.client_id,
            client_secret=provider.client_secret or None, client_kwargs=kept, user_agent="Duxue",
        )  # fmt: skip
        self.client_cls = partial(_session, provider)
        self._lock, self._loaded, self._failed = threading.Lock(), -FRESH, -REST

    def load_server_metadata(self) -> dict[str, Any]:
        """How the provider describes itself; `Untrusted` where that cannot be."""
        with self._lock:
            now = time.monotonic()
            if 0 <= now - self._loaded < FRESH:
                return dict(self.server_metadata)
            if 0 <= now - self._failed < REST:
                raise Untrusted("unreachable")
            try:
                with _distrusting():
                    self.server_metadata = self._described()
            except Untrusted:
                self._failed = now
                raise
            self._loaded = now
            return dict(self.server_metadata)

    def _described(self) -> dict[str, Any]:
        with self._get_session() as session:
            answer = session.request("GET", self.provider.metadata_url, withhold_token=True)
        found = answer.json() if answer.status_code == 200 else None
        if not isinstance(found, dict) or found.get("issuer") != self.provider.issuer:
            raise Untrusted("issuer")
        kept: dict[str, Any] = {"issuer": self.provider.issuer}
        for name in (*_ADDRESSES, "userinfo_endpoint"):
            if name in found or name in _ADDRESSES:
                if not self.provider.may_be_asked(found.get(name)):
                    raise Untrusted("address")
                kept[name] = found[name]
        offered = found.get("id_token_signing_alg_values_supported", ["RS256"])
        known = [each for each in ALGORITHMS if each in offered]
        if not known:
            raise Untrusted("alg")
        kept["id_token_signing_alg_values_supported"] = known
        kept["token_endpoint_auth_method"] = self._client_auth(found)
        return kept

    def _client_auth(self, found: Mapping[str, Any]) -> str:
        if self.provider.client_auth:
            return self.provider.client_auth
        if not self.provider.client_secret:
            return "none"
        offered = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        only_post = "client_secret_basic" not in offered and "client_secret_post" in offered
        return "client_secret_post" if only_post else "client_secret_basic"

    def ask(self, back: str, *, again: bool) -> dict[str, str]:
        """Where the browser goes, with what has to come back: `url`, `state`, `nonce`, `code_verifier`. `again`: who is
        signed in there is asked once more."""
        more = {"prompt": "login"} if again else {}
        with _distrusting():
            asked: dict[str, str] = self.create_authorization_url(back, **more)
        return asked

    def claims(self, code: str, back: str, verifier: str, nonce: str) -> dict[str, Any]:
        """What the provider says of who comes with this code; `Untrusted` unless all of it is right."""
        with _distrusting():
            token = self.fetch_access_token(redirect_uri=back, code=code, code_verifier=verifier)
            meant = {
                "iss": {"essential": True, "value": self.provider.issuer},
                "aud": {"essential": True, "value": self.client_id},
                "exp": {"essential": True}, "nonce": {"essential": True, "value": nonce},
            }  # fmt: skip
            found = self.parse_id_token(token, nonce, claims_options=meant, leeway=LEEWAY)
            if found is None or not _is_subject(found.get("sub")):
                raise Untrusted("no id_token")
            told = dict(found)
            claim = self.provider.claim or "email"
            if self.provider.link and claim not in told and "userinfo_endpoint" in self.server_metadata:
                more = self.userinfo(token=token)
                if more.get("sub") != told["sub"]:
                    raise Untrusted("userinfo")
                told = {**more, **told}
            return told


def _session(provider: Provider, *given: Any, **more: Any) -> CarefulSession:
    made = CarefulSession(*given, **more)
    made.provider = provider
    return made


def _is_subject(told: object) -> bool:
    return isinstance(told, str) and 0 < len(told) <= 255 and told.isprintable()


@contextmanager
def _distrusting() -> Iterator[None]:
    """Whatever goes wrong with an answer is one thing to us: it is not believed."""
    try:
        yield
    except OAuthError as error:
        raise Untrusted(f"refused {error.error}"[:60]) from error
    except JoseError as error:
        claim = getattr(error, "claim", "")
        raise Untrusted(f"{error.error} {claim}".strip()[:60]) from error
    except RequestException as error:
        raise Untrusted("unreachable") from error
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise Untrusted(f"answer {type(error).__name__}") from error
    except (OSError, HTTPError) as error:  # while the answer is read
        raise Untrusted("unreachable") from error
