"""A learner's statement of one period: the ledger's lines with running balances, each with its reasons.

Made by the same fold as settlement, so the page also says whether account and evidence agree. It can be made as of
any day: what had happened by then, as the ledger and the evidence knew it then.
"""

from app.credits.statement.asof import AsOf
from app.credits.statement.lines import Judged, Line, Missing, Other, Piece
from app.credits.statement.making import Statement, statement_of

__all__ = ["AsOf", "Judged", "Line", "Missing", "Other", "Piece", "Statement", "statement_of"]
