"""The stream file: what streams of a media version, as one small file in the store; and what is read out of it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from functools import lru_cache

from app.base.storage import Store, StoreError
from app.courses.measuring import LONGEST_MS
from app.courses.renditions.plan import SEGMENT_SECONDS
from app.courses.renditions.playlists import Variant, master

# Three lines for each segment of the longest lesson, at most a hundred bytes, in every rendition that streams.
MOST_BYTES = 3 * 100 * (LONGEST_MS // (1000 * SEGMENT_SECONDS) + 1) + (1 << 20)
# The middle one first: a player begins there and climbs.
_ORDER = ("360p", "720p", "audio")


@dataclass(frozen=True, slots=True)
class Part:
    """A ready rendition: its file in the store, its media playlist, what the master playlist says of it."""

    kind: str
    sha256: str
    playlist: str
    bandwidth: int
    codecs: str
    width: int
    height: int
    rate_m: int

    @property
    def variant(self) -> Variant:
        """Its line in a master playlist."""
        return Variant(self.kind, self.bandwidth, self.codecs, self.width, self.height, self.rate_m)


def write(store: Store, parts: list[Part]) -> str:
    """Store the stream file of these renditions; its SHA-256."""
    text = json.dumps({"duxue-stream": 1, "parts": [asdict(part) for part in parts]}, sort_keys=True)
    store.root.mkdir(parents=True, exist_ok=True)
    path = store.root / f".part-stream-{secrets.token_hex(8)}"
    try:
        path.write_text(text, encoding="utf-8")
        return store.put(path)
    finally:
        path.unlink(missing_ok=True)


@lru_cache(maxsize=256)
def read(store: Store, sha256: str) -> dict[str, Part]:
    """The parts of a stream file by kind; `StoreError` when it is missing or is none."""
    with store.open(sha256) as file:
        raw = file.read(MOST_BYTES)
    try:
        found = json.loads(raw)
        parts = [Part(**each) for each in found["parts"]] if found["duxue-stream"] == 1 else []
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{sha256} is not a stream") from error
    return {part.kind: part for part in parts}


def playlist(parts: dict[str, Part], name: str) -> str | None:
    """`master` (pictures in every size, else sound), `sound`, or a rendition's kind; None when there is none."""
    known = [parts[kind] for kind in _ORDER if kind in parts]
    if name == "master":
        chosen = [part for part in known if part.width] or known
    elif name == "sound":
        chosen = [part for part in known if not part.width]
    else:
        return parts[name].playlist if name in parts else None
    return master(part.variant for part in chosen) if chosen else None
