"""Small charts drawn by the server as SVG: ruler, ring, coverage bar. Everything is escaped.

Credits are integer thousandths of an hour, media times integer milliseconds. Numbers that come from outside
are clamped to the drawing, never trusted. Each chart says its message in words (`label`).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Flask
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.base.numbers import clock, duty, fixed, grouped, hours, tenths, tenths_up

TONES = frozenset(("counted", "action", "pending", "refused", "on-course", "at-risk", "late", "done", "1", "2", "3"))
WIDE, NARROW = 700, 328
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RingPart:
    """One bucket of the ring: its seal (one character), earned and quota in thousandths, colour slot 1–3."""

    seal: str
    earned: int
    quota: int
    slot: int


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def svg(kind: str, width: float, height: float, label: str, body: str, more: str = "") -> Markup:
    """A drawing that says `label` ("" hides it from screen readers). `body` and `more` are safe already."""
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="{}" viewBox="0 0 {} {}" {}{}>{}</svg>').format(
        kind, _n(width), _n(height), said, Markup(more), Markup(body)
    )


def ruler(value: int, target: int, *, label: str = "", tone: str = "counted", ticks: int = 5) -> Markup:
    """A ruler filled from 0 to `value` of `target` (same unit); ticks divide the target into `ticks` parts.

    `label` "" hides it from screen readers: then the numbers must stand beside it.
    """
    share = min(1.0, max(0.0, value / target)) if target > 0 else 0.0
    tone = tone if tone in TONES else "counted"
    ticks = min(20, max(1, ticks))
    marks = "".join(f"M{_n(1 + 998 * i / ticks)} 10v4" for i in range(ticks + 1))
    body = (
        '<rect class="track" width="1000" height="8"/>'
        f'<rect class="fill fill-{tone}" width="{_n(1000 * share)}" height="8"/>'
        f'<path class="tick" d="{marks}"/>'
    )
    return svg("ruler", 1000, 14, label, body, ' preserveAspectRatio="none"')


def _point(angle: float, radius: float) -> str:
    turned = 2 * math.pi * angle - math.pi / 2
    return f"{120 + radius * math.cos(turned):.2f} {120 + radius * math.sin(turned):.2f}"


def _arc(start: float, end: float, radius: float, kind: str) -> str:
    """An arc from `start` to `end` (shares of a turn, clockwise from the top)."""
    end = min(end, start + 0.9999)
    large = 1 if end - start > 0.5 else 0
    path = f"M{_point(start, radius)}A{radius} {radius} 0 {large} 1 {_point(end, radius)}"
    return f'<path class="{kind}" d="{path}"/>'


def ring(parts: Sequence[RingPart], total: int, target: int, label: str = "") -> Markup:
    """The year's ring. Arc lengths are the quotas, so the gap can be seen; the number in it is `total`.

    Parts without a quota are left out. Without parts the whole ring is one arc of `total` in `target`.
    """
    shown = [part for part in parts if part.quota > 0] or [RingPart("", total, max(target, 1), 1)]
    whole, start, body = sum(part.quota for part in shown), 0.0, ""
    gap = 0.012 if len(shown) > 1 else 0.0
    for part in shown:
        length = part.quota / whole
        low, high = start + gap / 2, start + length - gap / 2
        if high > low:
            filled = low + (high - low) * min(1.0, max(0.0, part.earned / part.quota))
            body += _arc(low, high, 92, "track")
            body += _arc(low, high, 99.5, "edge") + _arc(low, high, 84.5, "edge")
            if filled > low:
                body += _arc(low, filled, 92, f"b{part.slot if part.slot in (1, 2, 3) else 1}")
            x, y = _point(start + length / 2, 110).split()
            body += f'<text x="{x}" y="{y}" dy="5" text-anchor="middle">{escape(part.seal[:1])}</text>'
        start += length
    said = label or _("Counted %(got)s of %(duty)s hours.", got=hours(total), duty=duty(target))
    aim = escape(_("of %(duty)s hours", duty=duty(target)))
    big = hours(total) if 0 < total < 100 else fixed(total, 1)
    body += f'<text class="big" x="120" y="128" text-anchor="middle">{big}</text>'
    body += f'<text x="120" y="153" text-anchor="middle">{aim}</text>'
    return svg("ring-svg", 240, 240, said, body)


def clean_spans(spans: Iterable[Sequence[int]], length_ms: int) -> list[Span]:
    """Half-open [start, end) milliseconds cut to the lesson, empty ones dropped, in order."""
    cut = ((max(0, int(span[0])), min(length_ms, int(span[1]))) for span in spans if len(span) == 2)
    return sorted(span for span in cut if span[0] < span[1])


def _tick_step(length_ms: int, labels: int) -> int:
    """The smallest round step (ms) that needs at most `labels` labels."""
    for seconds in (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200):
        if length_ms <= seconds * 1000 * labels:
            return seconds * 1000
    return math.ceil(length_ms / labels / 3_600_000) * 3_600_000


def _scale(length_ms: int, width: int, labels: int) -> str:
    step, body = _tick_step(length_ms, labels), ""
    minor = step // 5
    for ms in range(0, length_ms + 1, minor):
        x = min(width - 0.5, max(0.5, ms / length_ms * width))
        body += f'<path class="tick" d="M{_n(x)} 28v{6 if ms % step == 0 else 3}"/>'
        if ms % step == 0 and (ms == 0 or x < width - 56):  # the end has its own label
            at = 'x="0"' if ms == 0 else f'x="{_n(x)}" text-anchor="middle"'
            body += f'<text {at} y="46">{clock(ms)}</text>'
    return (
        body
        + f'<path class="tick" d="M{width - 0.5} 28v6"/>'
        + (f'<text x="{width}" y="46" text-anchor="end">{clock(length_ms)}</text>')
    )


def _marks(length_ms: int, width: int, spans: dict[str, list[Span]], top: int, height: int) -> str:
    body = f'<rect class="unseen" x="0.5" y="{top}" width="{width - 1}" height="{height}" rx="1.5"/>'
    for kind in ("counted", "pending", "refused"):
        for low, high in spans[kind]:
            x, wide = low / length_ms * width, max(1.5, (high - low) / length_ms * width)
            paint = ' fill="url(#hatch)"' if kind == "pending" else ""
            rect = f'x="{_n(x)}" y="{top}" width="{_n(wide)}" height="{height}"'
            body += f'<rect class="{kind}"{paint} {rect}/>'
            if kind == "refused":  # crossed, and a flag above: never by colour alone
                cross = f"M{_n(x)} {top + height}l{_n(wide)} -{height}M{_n(x)} {top}l{_n(wide)} {height}"
                body += f'<path class="refused-x" d="{cross}M{_n(x + wide / 2)} {top - 1}v-5"/>'
    return body


def coverage(
    length_ms: int,
    counted: Iterable[Sequence[int]],
    pending: Iterable[Sequence[int]] = (),
    refused: Iterable[Sequence[int]] = (),
    *,
    head_ms: int | None = None,
    compact: bool = False,
    label: str = "",
) -> Markup:
    """The coverage bar: counted solid, pending hatched, refused crossed with a flag, unseen outlined.

    Spans are half-open pairs of ms. `head_ms` marks the play head. Compact: one low bar without a scale.
    Otherwise a wide and a narrow drawing; the style sheet shows one. Page needs the sprite (hatch pattern).
    """
    length_ms = max(1, length_ms)
    spans = {
        "counted": clean_spans(counted, length_ms),
        "pending": clean_spans(pending, length_ms),
        "refused": clean_spans(refused, length_ms),
    }
    sums = {kind: sum(high - low for low, high in found) for kind, found in spans.items()}
    said = label or _(
        "Counted %(counted)s of %(length)s, %(pending)s waits for an answer, %(refused)s not counted.",
        counted=clock(sums["counted"]), length=clock(length_ms),
        pending=clock(sums["pending"]), refused=clock(sums["refused"]),
    )  # fmt: skip
    if compact:
        bar = svg("coverage-bar", 420, 18, said, _marks(length_ms, 420, spans, 4, 12))
        return Markup('<div class="coverage coverage-sm">{}</div>').format(bar)
    drawn = Markup("")
    for width, kind, labels in ((WIDE, "wide-only", 7), (NARROW, "narrow-only", 4)):
        body = _marks(length_ms, width, spans, 6, 20) + _scale(length_ms, width, labels)
        if head_ms is not None:
            x = _n(min(length_ms, max(0, head_ms)) / length_ms * width)
            body += f'<path class="head" d="M{x} 6l-4 -6h8zM{x} 6v20" stroke="currentColor"/>'
        drawn += svg(f"coverage-bar {kind}", width, 50, said, body)
    return Markup('<div class="coverage" data-length="{}">{}</div>').format(length_ms, drawn)


def cover_look(title: str) -> tuple[int, int]:
    """(pigment 0–4, motif 0–6) of a course's drawn cover, where it says none: the same title has the same book."""
    number = zlib.crc32(title.encode("utf-8", "surrogatepass"))
    return number % 5, number // 5 % 7


def init_app(app: Flask) -> None:
    """Template filters for hours and times, and the drawing functions for the component macros."""
    filters = (
        ("hours", hours), ("grouped", grouped), ("fixed", fixed), ("tenths", tenths), ("tenths_up", tenths_up),
        ("duty", duty), ("clock", clock),
    )  # fmt: skip
    for name, function in filters:
        app.jinja_env.filters.setdefault(name, function)
    app.jinja_env.globals.update(
        ruler_svg=ruler,
        ring_svg=ring,
        coverage_svg=coverage,
        RingPart=RingPart,
        cover_look=cover_look,
    )
