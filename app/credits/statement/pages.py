"""What the page of a statement shows beyond the statement itself: texts, links, the block of the period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.base import labels
from app.base.labels import label, month, seal
from app.credits import shown
from app.credits.reckoning import clause_text
from app.credits.shown import Links
from app.credits.statement import duties
from app.credits.statement.asof import AsOf
from app.credits.statement.lines import Line, Piece
from app.credits.statement.making import Statement
from app.credits.statement.printed import numbered, reference

PAGE = 40  # lines of the ledger on one page


@dataclass(frozen=True, slots=True)
class Address:
    """Where a statement stands: `learner` is the key of the person whom staff look at, "" for one's own."""

    learner: str
    as_of: AsOf | None

    def url(self, **more: Any) -> str:
        """The page of the same learner, as of the same days."""
        return self._url("credits.statement", "credits.statement_for", more)

    def file(self, **more: Any) -> str:
        """The same as a file."""
        return self._url("credits.statement_file", "credits.statement_file_for", more)

    def plain(self, **more: Any) -> str:
        """The page as of now."""
        return Address(self.learner, None).url(**more)

    def _url(self, own: str, staff: str, more: Mapping[str, Any]) -> str:
        asked = {**(self.as_of.address() if self.as_of else {}), **more}
        return url_for(staff, person_key=self.learner, **asked) if self.learner else url_for(own, **asked)

    def links(self) -> Links:
        """Where the words of a line lead."""
        return Links(
            lambda version, name: url_for(
                "credits.clauses", number=version, _anchor=f"clause-{name}" if name else None
            ),
            lambda seq: self.url(open=seq, _anchor=f"entry-{seq}"),
            lambda start: self.url(period=start.isoformat()),
            self._trace,
        )

    def _trace(self, piece: Piece) -> str:
        version, seen = piece.facts.get("media_version"), piece.facts.get("seen_ms")
        if piece.kind != "watched" or not isinstance(version, int) or not isinstance(seen, int):
            return ""
        if self.learner:
            return url_for("traces.learner", person_key=self.learner, media_version_id=version, mark=seen)
        return url_for("traces.own", media_version_id=version, mark=seen)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a statement is on the page."""

    open: int | None
    page: int
    whole: bool


def page_of(found: Statement, at: Address, chosen: Chosen) -> dict[str, Any]:
    """For the template."""
    here = {"period": found.period.start.isoformat()}
    place = next((n for n, line in enumerate(found.lines) if line.seq == chosen.open), None)
    size = len(found.lines) or 1 if chosen.whole else PAGE
    pages = max(1, -(-len(found.lines) // size))
    page = place // size + 1 if place is not None else min(max(1, chosen.page), pages)
    part = found.lines[(page - 1) * size : page * size]
    opened = found.lines[place] if place is not None else None
    links = at.links()
    return {
        "shown": shown,
        "seal": seal,
        "label": label,
        "full_time": labels.full_time,
        "months": months(part),
        "open": chosen.open,
        "told": shown.told(opened, found, links) if opened is not None else None,
        "opened": opened,
        "referred": referrer(found, links),
        "clause_link": lambda version, name: _numbered(found, links, version, name),
        "clause_of": lambda version, name: _text(found, version, name),
        "decimals": shown.decimals_of(found),
        "periods": [
            (shown.period_name(found, start), at.url(period=start.isoformat()), start == found.period.start)
            for start in found.periods
        ],
        "line_url": lambda line: at.url(
            **here, **({"page": page} if line.seq == chosen.open else {"open": line.seq}), _anchor=f"entry-{line.seq}"
        ),
        "links": links,
        "page": page,
        "pages": pages,
        "page_url": lambda number: at.url(**here, page=number),
        "all_url": at.url(**here, all=1) if pages > 1 else "",
        "first": (page - 1) * size + 1,
        "last": (page - 1) * size + len(part),
        "block": duties.period_of(found),
        "period_name": lambda start: shown.period_name(found, start),
        "print_url": at.url(**here, all=1, _anchor="print"),
        "now_url": at.plain(**here),
        "export_url": at.file(**here),
        "sealed_url": sealed_url(found, at),
    }


def sealed_url(found: Statement, at: Address) -> str:
    """The address of a sealed period as it was sealed: what is printed from it is the same for ever."""
    if found.seal is None:
        return ""
    return at.plain(
        period=found.period.start.isoformat(), happened=found.period.end.isoformat(),
        known=found.seal.at.isoformat(), all=1,
    )  # fmt: skip


def referrer(found: Statement, links: Links) -> Callable[[int, str, str], str]:
    """(version, clause's id, its text) → the text with its number, as a link to the printed clauses."""

    def refer(version: int, name: str, text: str) -> str:
        rules = found.holding(name, version)
        return reference(rules, name, links.clause(rules.version, name), text) if rules is not None else text

    return refer


def _numbered(found: Statement, links: Links, version: int, name: str) -> str:
    rules = found.holding(name, version)
    return numbered(rules, name, links.clause(rules.version, name)) if rules is not None else ""


def _text(found: Statement, version: int, name: str) -> str:
    rules = found.holding(name, version)
    return clause_text(rules, name) if rules is not None else ""


def as_of_text(found: Statement | None, as_of: AsOf) -> str:
    """The two days in words."""
    happened, known = labels.full_day(as_of.happened), labels.full_day(as_of.known)
    if as_of.exact and found is not None and found.seal is not None and found.seal.at == as_of.until:
        return str(_("As sealed on %(when)s", when=labels.full_time(as_of.until)))
    if as_of.exact:
        known = labels.full_time(as_of.until)
    elif not as_of.apart:
        return str(_("As of %(day)s", day=known))
    return str(_("What had happened by %(happened)s, as known on %(known)s", happened=happened, known=known))


def months(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """The lines in runs of one month each."""
    found: list[tuple[str, list[Line]]] = []
    for line in lines:
        text = month(line.day)
        if not found or found[-1][0] != text:
            found.append((text, []))
        found[-1][1].append(line)
    return found
