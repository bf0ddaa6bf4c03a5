"""What a certificate says, frozen: canonical JSON and its SHA-256. Paper and check are made of it alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

from app.credits.folding import canonical

FORM = "duxue-hours-certificate-1"  # names this form of the JSON; another form needs another name


@dataclass(frozen=True, slots=True)
class Content:
    """Amounts are thousandths of an hour, days ISO dates, moments ISO times in UTC.

    `learner` is the opaque key. `buckets`: (code, hours, number of items). `items`: (day, title, kind of evidence,
    bucket, hours), empty where no annex was asked for; `count` is their number in either case. `head`: number and
    hash of the last transaction of the learner's chain that was read.
    """

    form: str
    code: str
    learner: str
    name: str
    unit: str
    academy: str
    sealed_by: str
    language: str
    since: str
    until: str
    issued: str
    known: str
    hours: int
    count: int
    buckets: tuple[tuple[str, int, int], ...]
    items: tuple[tuple[str, str, str, str, int], ...]
    ruleset: str
    versions: tuple[int, ...]
    head: tuple[int, str]
    check_at: str

    @property
    def span(self) -> tuple[date, date]:
        """First and last day."""
        return date.fromisoformat(self.since), date.fromisoformat(self.until)

    @property
    def issued_at(self) -> datetime:
        """The moment of issue, UTC."""
        return datetime.fromisoformat(self.issued)

    @property
    def sums(self) -> dict[str, int]:
        """Hours by bucket."""
        return {bucket: hours for bucket, hours, _count in self.buckets}


def text_of(content: Content) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return canonical(asdict(content))


def hash_of(text: str) -> str:
    """SHA-256 of the text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(text: str) -> Content:
    """The content of a kept text; ValueError where it is none of this form."""
    found = json.loads(text)
    if not isinstance(found, dict) or found.get("form") != FORM or set(found) != {f.name for f in fields(Content)}:
        raise ValueError("not the content of a certificate")
    found["buckets"] = tuple(tuple(row) for row in found["buckets"])
    found["items"] = tuple(tuple(row) for row in found["items"])
    found["versions"], found["head"] = tuple(found["versions"]), tuple(found["head"])
    return Content(**found)
