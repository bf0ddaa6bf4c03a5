"""Tickets and time lines in words: states, why a part does not count, what a viewing was like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from app.base.clock import from_ms
from app.base.labels import clock_time, list_time, short_time
from app.base.numbers import clock
from app.rules.viewing import timeline
from app.rules.viewing.spans import Piece
from app.rules.viewing.timeline import Gap, Told
from app.rules.viewing.trace import NETWORK_AWAY, PRESENCE_CHECK
from app.tickets.attachment import Story
from app.tickets.drawing import Run, runs, viewing_svg

SHOWN_GAPS, SHOWN_VIEWINGS, SHOWN_RUNS = 24, 6, 60
# Parts shorter than this are told in one line together: players stop and start between two seconds.
SLIVER_MS = 1000


def state_text(state: str) -> str:
    """The word for a ticket's state."""
    words = {
        "open": _("Not answered yet"),
        "answered": _("Answered"),
        "granted": _("Time granted"),
        "declined": _("The time stays as it is"),
        "withdrawn": _("Ticket withdrawn"),
    }
    return str(words.get(state, state))


def state_kind(state: str) -> str:
    """The look of its tag."""
    return {"open": "pending", "granted": "counted"}.get(state, "line")


def range_text(start: int, end: int, whole: int | None = None) -> str:
    """`3:20–4:05`; one that ends within the second says so to the next one, but not beyond `whole`, a lesson's
    length as pages show it."""
    until = -(-end // 1000) * 1000
    return f"{clock(start)}–{clock(until if whole is None else min(until, whole))}"


def ranges_text(pieces: Sequence[Piece]) -> str:
    """Several of them."""
    return (", " if len(pieces) else "").join(range_text(*piece) for piece in pieces)


def gap_text(gap: Gap) -> str:
    """Why a part does not count, in a sentence."""
    at, then = clock_time(from_ms(gap.from_ms)), clock_time(from_ms(gap.to_ms))
    words = {
        NETWORK_AWAY: _("The network was away for long. This time is kept and waits to be confirmed."),
        PRESENCE_CHECK: _("A question stands before this part. Answer it and the part counts."),
        timeline.LAPSED: _("It waited for an answer, and the right one did not come."),
        timeline.FASTER: _(
            "By %(at)s as much was reported as the time that had passed allows. What goes beyond that is refused.",
            at=at,
        ),
        timeline.SILENT: _(
            "No report came from %(at)s to %(then)s: paused, asleep, or the network was away.", at=at, then=then
        ),
        timeline.NOTHING_NEW: _(
            "Reports came until %(then)s, but nothing of this part was in them or could count.", then=then
        ),
        timeline.JUMPED: _("At %(at)s the player went on elsewhere: this part was jumped over.", at=then),
        timeline.STILL_OPEN: _("Up to here the lesson was played; the player was still open."),
        timeline.NEVER_REACHED: _("No player came to this part."),
        timeline.UNTRACED: _("No record of a viewing tells of this part."),
    }
    return str(words.get(gap.why) or end_text(gap.why, then))


def end_text(reason: str, then: str) -> str:
    """Why a viewing ended, with the time."""
    words = {
        "taken_over": _(
            "At %(then)s the lesson was opened on another device. Only the one opened last counts.", then=then
        ),
        "closed": _("At %(then)s the player was closed.", then=then),
        "lease_ended": _("At %(then)s the viewing had lasted its full time.", then=then),
        "disabled": _("At %(then)s the account was disabled.", then=then),
        "left_class": _("At %(then)s the learner left the class.", then=then),
        "withdrawn": _("At %(then)s the lesson was withdrawn.", then=then),
    }
    return str(words.get(reason) or _("At %(then)s the viewing ended.", then=then))


@dataclass(frozen=True, slots=True)
class GapLine:
    """A missing part as a page shows it. `waits`: it is pending, not lost."""

    gap: Gap
    place: str
    size: str
    text: str
    when: str
    waits: bool


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run as the table says it."""

    kind: str
    when: str
    place: str
    size: str


@dataclass(frozen=True, slots=True)
class ViewingLine:
    """A viewing as a page shows it; `picture` is its drawing."""

    id: int
    when: str
    counted: str
    end: str
    picture: Markup
    runs: list[RunLine]


@dataclass(frozen=True, slots=True)
class Page:
    """A story ready to be shown. `slivers`: parts under a second that are left out of `gaps`; `more` are too."""

    story: Story
    gaps: list[GapLine]
    more: int
    slivers: int
    viewings: list[ViewingLine]
    earlier: int


def page_of(story: Story, part: Piece | None = None) -> Page:
    """Everything in words and pictures, the newest viewing first."""
    told = [gap for gap in story.gaps if gap.end - gap.start >= SLIVER_MS]
    shown = sorted(nlargest(SHOWN_GAPS, told, key=lambda gap: gap.end - gap.start), key=lambda gap: gap.start)
    newest = [each for each in reversed(story.viewings) if each.beats] or list(reversed(story.viewings))
    return Page(
        story,
        [_gap_line(gap, story.length_ms) for gap in shown],
        len(told) - len(shown),
        len(story.gaps) - len(told),
        [_viewing_line(each, story, part) for each in newest[:SHOWN_VIEWINGS]],
        len(newest) - len(newest[:SHOWN_VIEWINGS]) + story.left_out,
    )


def _gap_line(gap: Gap, whole: int) -> GapLine:
    when = list_time(from_ms(gap.from_ms)) if gap.from_ms else ""
    waits = gap.why in (NETWORK_AWAY, PRESENCE_CHECK)
    place = range_text(gap.start, gap.end, whole)
    return GapLine(gap, place, clock(gap.end - gap.start), gap_text(gap), when, waits)


def _viewing_line(told: Told, story: Story, part: Piece | None) -> ViewingLine:
    when = short_time(from_ms(told.opened_ms))
    end = _("The player was still open.")
    if told.ended_ms is not None:
        end = end_text(told.reason or "", clock_time(from_ms(told.ended_ms)))
    label = _("Viewing of %(when)s: %(counted)s counted. %(end)s", when=when, counted=clock(told.counted_ms), end=end)
    return ViewingLine(
        told.id,
        when,
        clock(told.counted_ms),
        str(end),
        viewing_svg(told, story.at_ms, story.length_ms, part, str(label)),
        _lines(told, story.length_ms),
    )


def _run_line(run: Run, whole: int) -> RunLine:
    first, last = clock_time(from_ms(run.from_ms)), clock_time(from_ms(run.to_ms))
    kinds = {"counted": _("Counted"), "pending": _("Waits for an answer"), "granted": _("Counts since then")}
    when = first if first == last else f"{first}–{last}"
    if run.kind == "granted":
        when = list_time(from_ms(run.from_ms))
    return RunLine(str(kinds[run.kind]), when, range_text(run.start, run.end, whole), clock(run.end - run.start))


def _lines(told: Told, whole: int) -> list[RunLine]:
    """Runs and silences in the order of the clock."""
    found: list[tuple[int, Run | Piece]] = [(run.from_ms, run) for run in runs(told)]
    found += [(silence[0], silence) for silence in told.silences]
    return [_line(each, whole) for _at, each in sorted(found, key=lambda each: each[0])[:SHOWN_RUNS]]


def _line(each: Run | Piece, whole: int) -> RunLine:
    if isinstance(each, Run):
        return _run_line(each, whole)
    low, high = each
    when = f"{clock_time(from_ms(low))}–{clock_time(from_ms(high))}"
    return RunLine(str(_("No report")), when, "", clock(high - low))


def count_text(count: int) -> str:
    """How many tickets wait, for the class page."""
    return str(ngettext("%(num)d ticket waits", "%(num)d tickets wait", count))
