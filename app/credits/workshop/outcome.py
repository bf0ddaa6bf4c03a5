"""A simulation's result as it is shown: the figures of a run, checked, with the words of its clauses."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.credits.changes import Clause
from app.credits.export import cell
from app.credits.shown import plain

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ClauseSum:
    """Whom one clause helps and costs, and by how much in all (thousandths, with its sign)."""

    id: str
    text: str
    gain: int
    lose: int
    amount: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A learner whose hours change (thousandths), and by which clauses."""

    key: str
    name: str
    group: str
    before: int
    after: int
    short_before: int
    short_after: int
    clauses: tuple[str, ...]

    @property
    def by(self) -> int:
        """How much is gained (or lost: below 0)."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation found. `shown`: the learners of the list after searching; `found`: how many there are."""

    data: dict[str, Any]
    clauses: list[ClauseSum]
    learners: list[Changed]
    shown: list[Changed]

    @property
    def bars(self) -> tuple[list[int], list[int], list[int]]:
        """Edges in thousandths, learners before, learners after."""
        drawn = self.data["histogram"]
        return drawn["edges_m"], drawn["before"], drawn["after"]


def outcome(data: dict[str, Any], clauses: Sequence[Clause], language: str, search: str) -> Outcome:
    """The result of a run; `clauses` of the simulated text give their words, `search` picks learners."""
    words = {each.id: each.text.get(language) or each.text.get("zh") or each.id for each in clauses}
    sums = [
        ClauseSum(each["clause"], words.get(each["clause"], each["clause"]), each["gain"], each["lose"],
                  each["amount_m"])
        for each in data["by_clause"]
    ]  # fmt: skip
    learners = [
        Changed(
            each["key"], each["name"], each["class"] or "", each["before_m"], each["after_m"],
            each["short_before_m"], each["short_after_m"], tuple(each["clauses"]),
        )
        for each in data["changed_learners"]
    ]  # fmt: skip
    wanted = search.strip().casefold()
    picked = [each for each in learners if wanted in f"{each.name} {each.group} {' '.join(each.clauses)}".casefold()]
    return Outcome(data, sums, learners, picked)


def as_csv(found: Outcome) -> bytes:
    """The list as a file: UTF-8 with a byte order mark; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([
        _("Name"), _("Class"), _("Hours before"), _("Hours after"), _("By how much"), _("Missing before"),
        _("Missing after"), _("Clauses"),
    ])  # fmt: skip
    for each in found.learners:
        numbers = (each.before, each.after, each.by, each.short_before, each.short_after)
        writer.writerow([cell(each.name), cell(each.group), *map(plain, numbers), cell(" ".join(each.clauses))])
    return out.getvalue().encode("utf-8-sig")
