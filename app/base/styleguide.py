"""The style guide: every component in every state, for those who build the academy. Only where the setting says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask, render_template

from app.base.access import public
from app.base.dots import Dot
from app.base.forms import example
from app.base.settings import Settings
from app.base.year_chart import YearLine, draw

_START, _END, _TODAY = date(2025, 12, 1), date(2026, 11, 30), date(2026, 10, 12)


def init_app(app: Flask, chosen: Settings) -> None:
    """`/styleguide`; without the setting there is no such address."""
    if chosen.styleguide:
        app.add_url_rule("/styleguide", "base.styleguide", styleguide)


@public
def styleguide() -> str:
    """All of it on one page. Its words are Chinese and not translated."""
    return render_template(
        "styleguide.html", form=example(), dots=_class(), years=_years(), runs=_runs(), messages=_messages(),
        page_link=lambda number: f"#page-{number}",
    )  # fmt: skip


def _class() -> list[Dot]:
    """Four hundred learners, most of them where most of a class is in autumn."""
    found = []
    for number in range(400):
        hours = 500 * ((number * 37) % 60 + (number * number) % 47)
        status = (
            "done" if hours >= 47_000 else "on-course" if hours > 33_000 else "at-risk" if hours > 20_000 else "late"
        )
        found.append(Dot(hours, status, number % 9 != 0))
    return found


def _line(steps: list[tuple[int, int]], finish: date | None, today: date = _TODAY) -> YearLine:
    """`steps`: days after the beginning, and the total then (thousandths)."""
    return YearLine(
        _START, _END, today, tuple((_START + timedelta(days), total) for days, total in steps), 50_000, finish
    )


def _years() -> list[tuple[str, Any]]:
    """The year's chart in each of its states."""
    slow = [(day, 700 * place) for place, day in enumerate(range(8, 300, 17), 1)]
    states = {
        "快到了": (_line([(d, 2_600 * n) for n, d in enumerate(range(6, 300, 17), 1)], date(2026, 11, 3)), "会学完"),
        "赶不上": (_line(slow, date(2027, 9, 1)), "到期末约14.0"),
        "有一笔被冲正": (
            _line([(20, 9_000), (90, 21_000), (200, 33_000), (281, 41_000), (283, 37_000)], None),
            "减了4.0",
        ),
        "还没开始": (_line([], None, date(2025, 12, 9)), "还没有计入"),
        "早早学完": (_line([(12, 18_000), (45, 37_500), (101, 52_300)], None), "已完成"),
    }
    return [(name, draw(line, said)) for name, (line, said) in states.items()]


def _runs() -> list[Any]:
    """A long computation in each of its states."""
    return [
        SimpleNamespace(
            state=state, is_open=state in ("waiting", "running"), total=16_000, done=done, cancel_asked_at=None,
            error=error,
        )
        for state, done, error in (
            ("waiting", 0, ""), ("running", 9_600, ""), ("done", 16_000, ""), ("cancelled", 4_100, ""),
            ("failed", 0, "没有这个学年"),
        )
    ]  # fmt: skip


def _messages() -> list[Any]:
    """Messages, unread and read, from a person and from a desk."""
    at = datetime(2026, 10, 12, 0, 20, tzinfo=UTC)
    rows = (
        (True, "沈静宜", True, "bell", "你说的那一段已经补计，2分10秒。", "08:20"),
        (True, "学时账", False, "ledger", "2025学年重新打开的申请已经批准。", "昨天"),
        (False, "课程编辑", False, "video", "《抽样与口径》已经能播放。", "周五"),
    )
    return [
        SimpleNamespace(
            id=1, unread=unread, at=at, when=when, time=when,
            said=SimpleNamespace(source=source, person=person, icon=icon, text=text),
        )
        for unread, source, person, icon, text, when in rows
    ]  # fmt: skip
