"""Looking at an older platform's file: all its sheets, and what applying them would change. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.roster.files import Table, read_sheets
from app.roster.looking import File, NoHeadings, Understood, stand_for
from app.roster.opening import queries
from app.rules.roster import headings, opening
from app.rules.roster.balances import Balances, compare
from app.rules.roster.model import Head, Row
from app.rules.roster.opening import BALANCE, TOTAL, WORDS, OpeningReading


def understand(file: File, columns: Mapping[str, str] | None = None) -> Understood:
    """Read a file: every sheet that is told by its headings, or the one that is named. The sheet that stands for all is
    that of the hours, else the first. `NoHeadings`, `BadInput` as for rosters."""
    sheets = read_sheets(file.raw, file.sheet)
    wanted = {file.sheet: sheets[file.sheet]} if file.sheet else sheets
    heads = {name: head for name, rows in wanted.items() if (head := headings.find(rows, columns, WORDS)) is not None}
    shaped = {name: opening.shape(head) for name, head in heads.items()}
    used = [name for name, kind in shaped.items() if kind is not None]
    main = next((name for name in used if shaped[name] == BALANCE), "")
    main = main or next((name for name in used if shaped[name] != TOTAL), "")
    if not main and main not in used:
        _ask(wanted, heads, columns, sheets)
    others = tuple(name for name in sheets if name not in used)
    remembered: dict[str, str] = {}
    for name in [each for each in used if each != main] + [main]:  # what the main sheet says goes before
        remembered |= stand_for(wanted[name][heads[name].row], heads[name], columns, WORDS)
    reading = opening.read([(name, wanted[name], heads[name]) for name in used])
    return Understood(Table(main, wanted[main], others), heads[main], remembered, reading)


def _ask(
    wanted: Mapping[str, list[Row]], heads: Mapping[str, Head], columns: Mapping[str, str] | None,
    sheets: Mapping[str, list[Row]],
) -> None:  # fmt: skip
    """Nobody can tell which column is what."""
    name = next(iter(heads), next(iter(wanted)))
    table = Table(name, wanted[name], tuple(each for each in sheets if each != name))
    head = heads.get(name)
    if head is None:
        row = headings.likely(table.rows)
        raise NoHeadings(table, row, headings.recognised(table.rows[row], columns, WORDS))
    raise NoHeadings(table, head.row, head.columns, opening.missing(head))


def difference(session: Session, understood: Understood, source: str) -> Balances:
    """What applying it for this source would change today."""
    assert isinstance(understood.reading, OpeningReading)
    return compare(understood.reading, queries.now(session, source))
