"""The auditor's page: the audit log to search, how far its chain is, its files. Nothing here can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from app.auditing import export as files
from app.auditing import queries, service, words
from app.auditing.queries import PAGE, Asked, EntryRow
from app.base import audit, audit_chain, clock, labels, runs
from app.base.access import can, guard
from app.base.unit_of_work import database, session, settings

bp = Blueprint("audit", __name__, template_folder="templates", url_prefix="/desk/audit")
SEE = "audit.see"
FILTERS = ("who", "action", "subject", "outcome", "since", "until")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for, as it was written; what cannot be used is left out."""

    who: str
    action: str
    subject: str
    outcome: str
    since: str
    until: str
    after: tuple[datetime, int] | None

    @classmethod
    def read(cls, args: MultiDict[str, str]) -> Wanted:
        """From the address."""
        given = {name: args.get(name, "").strip()[:120] for name in FILTERS}
        given["action"] = given["action"] if given["action"] in words.ACTIONS else ""
        given["outcome"] = given["outcome"] if given["outcome"] in words.OUTCOMES else ""
        for name in ("since", "until"):
            given[name] = given[name] if _day(given[name]) else ""
        return cls(**given, after=_cursor(args.get("after", "")))

    def address(self, **more: str) -> dict[str, str]:
        """What of it stands in an address."""
        return {**{name: getattr(self, name) for name in FILTERS if getattr(self, name)}, **more}

    def asked(self) -> Asked:
        """As the queries take it: days are the academy's, the last one included."""
        since, until = _day(self.since), _day(self.until)
        return Asked(
            self.who, self.action, self.subject, self.outcome, _begins(since) if since else None,
            _begins(until + timedelta(days=1)) if until else None,
        )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 < found.year < 9000 else None


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), settings().timezone).astimezone(UTC)


def _cursor(text: str) -> tuple[datetime, int] | None:
    """`<microseconds since 1970>-<id>`: the last entry of the page before."""
    at, _dash, entry = text.partition("-")
    if not (at.isdecimal() and entry.isdecimal() and at.isascii() and entry.isascii()):
        return None
    if len(at) > 17 or len(entry) > 18:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(at)), int(entry)


def _cursor_text(row: EntryRow) -> str:
    since = row.at - datetime(1970, 1, 1, tzinfo=UTC)
    return f"{(since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds}-{row.id}"


@bp.app_context_processor
def _alarm() -> dict[str, Any]:
    """Asked by the staff frame: how many problems the newest proof of the chain found (0 for other readers)."""

    def audit_alarm() -> int:
        if not can(SEE):
            return 0
        run = runs.latest(session(), service.KIND, state=runs.DONE)
        return int(run.result["differences"]) if run is not None and run.result else 0

    return {"audit_alarm": audit_alarm}


@bp.get("")
@guard(SEE)
def page() -> str:
    """The newest entries that fit, fifty at a time, and the state of the chain."""
    wanted = Wanted.read(request.args)
    rows = queries.page(session(), wanted.asked(), words.KINDS, wanted.after, PAGE + 1)
    shown, more = rows[:PAGE], len(rows) > PAGE
    newest = runs.latest(session(), service.KIND)
    done = newest if newest is None or newest.state == runs.DONE else None
    return render_template(
        "auditing/log.html",
        wanted=wanted,
        rows=shown,
        people=queries.people_named(session(), shown),
        next_url=_url(wanted, after=_cursor_text(shown[-1])) if more else "",
        words=words,
        at_second=_at_second,
        head=audit_chain.head(session()),
        waiting=audit_chain.waiting(session()),
        run=newest if newest is not None and newest.state != runs.DONE else None,
        done=done or runs.latest(session(), service.KIND, state=runs.DONE),
        most=files.MOST,
    )


@bp.post("/proof")
@guard(SEE)
def prove() -> Answer:
    """Prove the whole chain now; the page shows how far it is."""
    service.request(session(), current_user.person_id)
    return redirect(url_for("audit.page", _anchor="chain"))


@bp.get("/head.json")
@guard(SEE)
def head_file() -> Response:
    """The end of the chain, to be kept elsewhere: with it a shortened or rewritten log shows."""
    audit_chain.seal(database())
    head = audit_chain.head(session())
    _noted("audit.head", "audit:chain", seq=head.seq)
    answer = Response(service.head_text(head), mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=f"audit-head-{head.seq}.json")
    return answer


@bp.get("/export.<form>")
@guard(SEE)
def export(form: str) -> Answer:
    """What fits, as a file that is written while it is sent. Who took it is in the log itself."""
    wanted, zone, db = Wanted.read(request.args), settings().timezone, database()
    if form not in ("csv", "jsonl"):
        return redirect(url_for("audit.page"))
    asked = wanted.asked()
    audit_chain.seal(db)
    _noted("audit.export", "audit:log", form=form, filter=wanted.address())

    def lines() -> Iterator[str]:
        with db.reading() as reader:
            rows = queries.everything(reader, asked, words.KINDS, files.MOST)
            yield from files.as_csv(rows, zone) if form == "csv" else files.as_json_lines(rows)

    kind = "text/csv" if form == "csv" else "application/x-ndjson"
    answer = Response(stream_with_context(lines()), mimetype=kind)
    day = clock.local_day(clock.now(), zone)
    answer.headers.set("Content-Disposition", "attachment", filename=f"audit-{day.isoformat()}.{form}")
    return answer


def _url(wanted: Wanted, **more: str) -> str:
    values: dict[str, Any] = wanted.address(**more)
    return url_for("audit.page", _anchor="log", **values)


def _noted(action: str, subject: str, **detail: Any) -> None:
    # A page that is only read commits nothing, so the look is written by a unit of work of its own.
    with database().writing() as writer:
        audit.record(writer, current_user.person_id, action, subject, **detail)


def _at_second(moment: datetime) -> tuple[str, str]:
    """Day and time of an entry: of two within one minute the order matters."""
    local = moment.astimezone(settings().timezone)
    return labels.full_day(local.date()), local.strftime("%H:%M:%S")
