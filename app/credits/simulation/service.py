"""Simulate a draft over everybody: for the page of a draft (a run), for `duxue rules simulate`."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from app.base import clock, runs, tasks
from app.base.db import Database
from app.base.errors import BadInput
from app.base.settings import Settings
from app.credits import reach
from app.credits.models import ChainHead, Evidence, RuleVersion
from app.credits.seals import seals_of
from app.credits.simulation import share, stands
from app.credits.simulation.drafts import Books, books
from app.credits.simulation.models import EvidencePack, PresentStand
from app.credits.simulation.packs import FORM, Packs
from app.credits.simulation.processes import Job, everybody
from app.credits.simulation.share import Found
from app.credits.simulation.weighing import Scale, Stand
from app.people.models import Person
from app.rules.credit.book import RuleBook
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors

KIND = "rules.simulate"
PACK = "credits.pack"
BARS = 20  # of the histogram, at most
_WIDTHS = [first * 10**zeros * 1000 for zeros in range(15) for first in (1, 2, 5)]
_TEXTS = select(RuleVersion.text).order_by(RuleVersion.effective)
_EVERYBODY = select(ChainHead.learner_id).order_by(ChainHead.learner_id)
_ANY = exists().where(Evidence.learner_id == ChainHead.learner_id)
_PACKED = exists().where(EvidencePack.learner_id == ChainHead.learner_id, EvidencePack.form == FORM)
_STOOD = exists().where(PresentStand.learner_id == ChainHead.learner_id, PresentStand.scale == bindparam("scale"))
_NEWER = exists().where(
    PresentStand.learner_id == ChainHead.learner_id,
    Evidence.learner_id == ChainHead.learner_id,
    Evidence.id > PresentStand.newest,
)
_STALE = _EVERYBODY.where((_ANY & ~_PACKED) | ~_STOOD | _NEWER)


def simulate(
    db: Database,
    text: str,
    progress: runs.Progress,
    *,
    as_if: date | None = None,
    processes: int | None = None,
) -> dict[str, Any]:
    """What a draft, published as it is, makes of the present period of everybody who has evidence.

    `as_if`: the draft holds from that day instead of its own. Gives (thousandths where a name ends in `_m`):
    `ruleset`, `unit`, `version`, `effective` (its own day), `as_if` (or None), `period` (first day) and `period_end`;
    `learners`, `changed`, `gain`, `lose`, `unreadable`; `bound_before`, `bound_after` (who has a duty), `met_before`,
    `met_after` (of these), `short_before`, `short_after` (who misses it, or does so far), `short_before_m`,
    `short_after_m` (all their missing hours); `histogram` {unit, edges_m, before, after}: how many have from one edge
    to the next; `by_clause` [{clause, gain, lose, amount_m}]; `changed_learners` [{key, name, class, before_m,
    after_m, short_before_m, short_after_m, clauses}], the largest changes first, at most 500; `seconds`.

    Nothing is written but packs of evidence and where everybody stands. RuleErrors: the text cannot be published, with
    all mistakes.
    """
    begun = time.perf_counter()
    with db.reading() as session:
        published = list(session.scalars(_TEXTS))
        found = books(published, text, as_if)
        today = clock.local_day(clock.now(), found.after.zone)
        seals, learners = dict(seals_of(session)), list(session.scalars(_EVERYBODY))
    rule = found.after.period
    start, end = rule.start(rule.index(today)), rule.end(rule.index(today))
    url = db.engine.url.render_as_string(hide_password=False)
    name = stands.scale_of(published, start, today, seals)
    job = Job(url, published, text, as_if, start, today, seals, name, learners)
    sums = everybody(db, job, progress, processes)
    with db.reading() as session:
        named = _named(session, sums, today)
    own = books([], text, None).draft
    return {
        "ruleset": own.id, "unit": found.after.unit, "version": own.version, "effective": own.effective.isoformat(),
        "as_if": as_if and as_if.isoformat(), "period": start.isoformat(), "period_end": end.isoformat(),
        **_counts(sums), "histogram": _histogram(sums, found), "by_clause": _by_clause(sums),
        "changed_learners": named, "seconds": round(time.perf_counter() - begun, 2),
    }  # fmt: skip


def _counts(found: Found) -> dict[str, int]:
    counts = {
        "learners": found.learners, "changed": found.gain + found.lose, "gain": found.gain, "lose": found.lose,
        "unreadable": found.unreadable,
    }  # fmt: skip
    for place, when in enumerate(("before", "after")):
        counts[f"bound_{when}"] = found.bound[place]
        counts[f"met_{when}"] = found.bound[place] - found.short[place]
        counts[f"short_{when}"] = found.short[place]
        counts[f"short_{when}_m"] = found.short_m[place]
    return counts


def _histogram(sums: Found, found: Books) -> dict[str, Any]:
    """Bars of one width, from 0 or below up to the most that anybody has; a round number of units each."""
    most = max((max(pair) for pair in sums.pairs), default=0)
    least = min((min(pair) for pair in sums.pairs), default=0)
    width = next(each for each in _WIDTHS if _bars(most, least, each) <= BARS)
    first = least // width if least < 0 else 0
    count = most // width - first + 1
    bars = [[0] * count, [0] * count]
    for pair in sums.pairs:
        for place, amount in enumerate(pair):
            bars[place][amount // width - first] += 1
    edges = [(first + n) * width for n in range(count + 1)]
    return {"unit": found.after.unit, "edges_m": edges, "before": bars[0], "after": bars[1]}


def _bars(most: int, least: int, width: int) -> int:
    return most // width - min(least, 0) // width + 1


def _by_clause(sums: Found) -> list[dict[str, Any]]:
    ranked = sorted(sums.clauses.items(), key=lambda each: (-abs(each[1][2]), -each[1][0] - each[1][1], each[0]))
    return [{"clause": name, "gain": gain, "lose": lose, "amount_m": amount} for name, (gain, lose, amount) in ranked]


def _named(session: Session, sums: Found, today: date) -> list[dict[str, Any]]:
    """The changed learners as they are told, the largest change first."""
    ranked = sorted(sums.changed, key=lambda each: (each[0], each[1]), reverse=True)
    ids = [-minus_id for _size, minus_id, *_rest in ranked]
    people = {
        row.id: row for row in session.execute(select(Person.id, Person.key, Person.name).where(Person.id.in_(ids)))
    }
    told = []
    for _size, minus_id, old, new, clauses in ranked:
        person, before, after = people[-minus_id], Stand(*old), Stand(*new)
        told.append(
            {
                "key": person.key, "name": person.name, "class": reach.class_name(session, person.id, today),
                "before_m": before.countable_m, "after_m": after.countable_m,
                "short_before_m": before.short_m, "short_after_m": after.short_m, "clauses": list(clauses),
            }
        )  # fmt: skip
    return told


@runs.work(KIND)
def run(
    db: Database, settings: Settings, progress: runs.Progress, text: str, as_if: str | None = None
) -> dict[str, Any]:
    """The same as a run. `as_if` is an ISO day."""
    try:
        return simulate(db, text, progress, as_if=date.fromisoformat(as_if) if as_if else None)
    except RuleErrors as error:
        raise BadInput(_("The draft cannot be read: %(errors)s", errors=str(error))) from error


def _present(session: Session) -> Scale | None:
    """What simulations of today weigh on before their drafts; None while nothing is published."""
    published = list(session.scalars(_TEXTS))
    if not published:
        return None
    book, seals = RuleBook([load(text) for text in published]), dict(seals_of(session))
    today = clock.local_day(clock.now(), book.zone)
    start = book.period.start(book.period.index(today))
    return Scale(book, book, start, today, seals, stands.scale_of(published, start, today, seals))


@tasks.task(PACK, long=True, queue=tasks.RUNS)
def pack_everybody(db: Database) -> None:
    """Bring packs of evidence and stands up to date, a chunk at a time: a simulation then finds them."""
    with db.reading() as session:
        scale = _present(session)
        if scale is None:
            return
        stale = list(session.scalars(_STALE, {"scale": scale.name}))
    read = Packs()
    for chunk in share.chunks(stale):
        if tasks.stopping():
            raise tasks.Again
        share.prepare(db, scale, read, chunk)
