"""Amounts and times as people read them: thousandths of an hour, milliseconds."""

from __future__ import annotations

from markupsafe import Markup

MINUS = "\u2212"


def hours(thousandths: int) -> str:
    """Thousandths of an hour as people read them: at least one decimal, up to three, a true minus."""
    whole, rest = divmod(abs(thousandths), 1000)
    decimals = f"{rest:03d}".rstrip("0") or "0"
    return f"{MINUS if thousandths < 0 else ''}{whole}.{decimals}"


def grouped(thousandths: int) -> str:
    """As `hours`, with the thousands set apart: sums over many people."""
    whole, _point, decimals = hours(abs(thousandths)).partition(".")
    return f"{MINUS if thousandths < 0 else ''}{int(whole):,}.{decimals}"


def fixed(thousandths: int, decimals: int) -> str:
    """With so many decimals (1 to 3), what lies beyond them cut off: for numbers that stand in a column."""
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{MINUS if thousandths < 0 else ''}{whole}.{f'{rest:03d}'[:decimals]}"


def tenths(thousandths: int, up: bool = False) -> Markup:
    """One decimal for overviews: what one has never looks more than it is, and (`up`) what is missing never less.

    Below a tenth the number is shown whole; the exact one is the tooltip of what was cut.
    """
    size = abs(thousandths)
    cut = (size + 99 if up else size) // 100 * 100
    if cut == size or size < 100:
        return Markup(hours(thousandths))
    shown = fixed(-cut if thousandths < 0 else cut, 1)
    return Markup('<span class="num" title="{}">{}</span>').format(hours(thousandths), shown)


def tenths_up(thousandths: int) -> Markup:
    """What is missing or needed, as `tenths`."""
    return tenths(thousandths, up=True)


def duty(thousandths: int) -> str:
    """A quota or target: whole hours without the decimal (50, not 50.0), else as `hours`."""
    return hours(thousandths).removesuffix(".0")


def clock(ms: int) -> str:
    """Milliseconds as m:ss, or h:mm:ss from one hour; part seconds are dropped."""
    seconds = max(0, ms) // 1000
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{second:02d}" if hour else f"{minute}:{second:02d}"
