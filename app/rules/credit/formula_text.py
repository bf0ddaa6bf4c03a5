"""The text of a formula → nodes: own grammar, own parser, nothing that Python would evaluate."""

from __future__ import annotations

import re
from fractions import Fraction
from operator import itemgetter

from app.rules.credit.errors import say
from app.rules.credit.formula import (
    MODES,
    Expr,
    FormulaError,
    Ratio,
    add,
    alike,
    chosen,
    compare,
    constant,
    multiply,
    never_less,
    plain,
    quotient,
    rounded,
)
from app.rules.credit.kinds import FORMULA_FIELDS

_LONGEST = 400
_DEEPEST = 20
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([a-z_]+)|(<=|>=|[-+*/(),<>=]))")


def parse(text: str) -> Expr | Ratio:
    """The formula compiled; raises FormulaError."""
    if len(text) > _LONGEST:
        raise FormulaError(say("longer than %(most)s characters", most=_LONGEST))
    return _Parser(text).whole()


def parse_amount(text: str) -> Expr:
    """As `parse`, for a place where a bare division by a field may not stand."""
    return plain(parse(text))


class _Parser:
    """Recursive descent; one instance per text."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                raise FormulaError(say("cannot read %(found)r", found=text[position:].strip()[:12]))
            self._tokens.append(found.group().strip())
            position = found.end()
        self._tokens.append("")
        self._at = self._depth = 0

    def whole(self) -> Expr | Ratio:
        node = self._sum()
        if self._peek():
            raise FormulaError(say("unexpected %(found)r", found=self._peek()))
        return node

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        token = self._tokens[self._at]
        self._at += 1 if token else 0
        return token

    def _expect(self, token: str) -> None:
        found = self._next()
        if found != token:
            if not found:
                raise FormulaError(say("expected %(token)r, found 'the end'", token=token))
            raise FormulaError(say("expected %(token)r, found %(found)r", token=token, found=found))

    def _sum(self) -> Expr | Ratio:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaError(say("more than %(most)s parentheses in each other", most=_DEEPEST))
        node = self._term()
        while self._peek() in ("+", "-"):
            sign = 1 if self._next() == "+" else -1
            node = add(plain(node), plain(self._term()), sign)
        self._depth -= 1
        return node

    def _term(self) -> Expr | Ratio:
        node = self._atom()
        while self._peek() in ("*", "/"):
            join = multiply if self._next() == "*" else quotient
            node = join(plain(node), plain(self._atom()))
        return node

    def _atom(self) -> Expr | Ratio:
        token = self._next()
        if token == "(":
            node = self._sum()
            self._expect(")")
            return node
        if token[:1].isdigit():
            return constant(Fraction(token))
        if self._peek() == "(":
            return self._call(token)
        if token in FORMULA_FIELDS:
            place, coeff = FORMULA_FIELDS[token]
            return Expr(coeff, itemgetter(place), falls=token != "seen")
        if token.isidentifier():
            allowed = ", ".join(FORMULA_FIELDS)
            raise FormulaError(say("unknown field %(field)r; allowed: %(allowed)s", field=token, allowed=allowed))
        raise FormulaError(say("unexpected %(found)r", found=token) if token else say("unexpected 'end'"))

    def _call(self, name: str) -> Expr:
        self._expect("(")
        if name == "when":
            return self._when()
        if name not in MODES and name not in ("min", "max"):
            raise FormulaError(say("unknown function %(function)r", function=name))
        first = self._sum()
        self._expect(",")
        second = plain(self._sum())
        self._expect(")")
        if name in MODES:
            return rounded(first, second, name)
        return chosen(name, plain(first), second)

    def _when(self) -> Expr:
        left, operator = self._sum(), self._next()
        if operator not in ("<", "<=", "=", ">=", ">"):
            raise FormulaError(say("when() needs a comparison first: < <= = >= >"))
        right = self._sum()
        test = compare(left, operator, right)
        self._expect(",")
        yes = plain(self._sum())
        self._expect(",")
        no = plain(self._sum())
        self._expect(")")
        coeff, a, b = alike(yes, no)
        f, g = yes.value, no.value
        # Where seeing more turns the test on, it must not lead to less.
        gain = operator in (">", ">=") and left.rises and right.falls and never_less(yes, no)
        steady = (left.still and right.still) or gain
        return Expr(
            coeff,
            lambda n: a * f(n) if test(n) else b * g(n),
            False,
            steady and yes.rises and no.rises,
            left.still and right.still and yes.falls and no.falls,
            yes.positive and no.positive,
        )
