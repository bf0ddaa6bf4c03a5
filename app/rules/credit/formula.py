"""Formulas: text → integer numerators with a denominator that is known at loading.

Every node is `coeff × value(numbers)`: `value` gives an integer, `coeff` is a positive constant.
So one piece of evidence costs a few integer products, and loading knows the denominator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm

from app.rules.credit.errors import Misread, say

Numbers = tuple[int, ...]
Value = Callable[[Numbers], int]
Predicate = Callable[[Numbers], bool]

MODES = ("floor", "ceil", "nearest", "nearest_down")
LOOSE = say("division by a field may stand only directly inside floor, ceil, nearest, nearest_down or in a comparison")


class FormulaError(Misread):
    """The text is not a formula of the language."""


@dataclass(frozen=True, slots=True)
class Expr:
    """`coeff × value(numbers)`. With more seen it `rises` / `falls` (not strictly); `positive`: not below 0.

    The last three are what is certain from the form alone: they keep the marks of watching exact.
    """

    coeff: Fraction
    value: Value
    constant: bool = False
    rises: bool = True
    falls: bool = True
    positive: bool = True

    @property
    def still(self) -> bool:
        """It does not depend on what was seen."""
        return self.rises and self.falls


@dataclass(frozen=True, slots=True)
class Ratio:
    """`top / bottom` where `bottom` reads a field; it counts as 0 where `bottom` is not above 0."""

    top: Expr
    bottom: Expr

    def pair(self, numbers: Numbers) -> tuple[int, int]:
        """Numerator and denominator (> 0), without the coefficients."""
        bottom = self.bottom.value(numbers)
        return (self.top.value(numbers), bottom) if bottom > 0 else (0, 1)

    @property
    def coeff(self) -> Fraction:
        return self.top.coeff / self.bottom.coeff

    @property
    def rises(self) -> bool:
        return self.top.rises and self.bottom.still

    @property
    def falls(self) -> bool:
        return self.top.falls and self.bottom.still

    @property
    def positive(self) -> bool:
        return self.top.positive

    @property
    def still(self) -> bool:
        """It does not depend on what was seen."""
        return self.top.still and self.bottom.still


def constant(number: Fraction) -> Expr:
    """A number as a node."""
    sign = (number > 0) - (number < 0)
    return Expr(abs(number) or Fraction(1), lambda _: sign, constant=True, positive=sign >= 0)


def divide(top: int, bottom: int, mode: str) -> int:
    """`top / bottom` (bottom > 0) to a whole number; ties go up with nearest."""
    if mode == "floor":
        return top // bottom
    if mode == "ceil":
        return -(-top // bottom)
    if mode == "nearest":
        return (2 * top + bottom) // (2 * bottom)
    return -((bottom - 2 * top) // (2 * bottom))


def common(*coeffs: Fraction) -> Fraction:
    """The largest coefficient of which all are whole multiples."""
    return Fraction(
        gcd(*(c.numerator * (lcm(*(d.denominator for d in coeffs)) // c.denominator) for c in coeffs)),
        lcm(*(c.denominator for c in coeffs)),
    )


def reaches(measure: Expr | Ratio, threshold: Fraction, strict: bool) -> Predicate:
    """Is the measure at least (strict: more than) the threshold? Exact, by cross-multiplying."""
    return compare(measure, ">" if strict else ">=", constant(threshold))


def unsteady(node: Expr) -> Expr:
    """The same, of which nothing is certain while more is seen."""
    return replace(node, rises=False, falls=False)


def never_less(more: Expr, less: Expr) -> bool:
    a, b = known(more), known(less)
    return b is not None and ((more.positive and b <= 0) or (a is not None and a >= b))


def plain(node: Expr | Ratio) -> Expr:
    if isinstance(node, Ratio):
        raise FormulaError(LOOSE)
    return node


def known(node: Expr) -> Fraction | None:
    return node.coeff * node.value(()) if node.constant else None


def _fold(node: Expr, *parts: Expr) -> Expr:
    """A node of constants is a constant."""
    if all(part.constant for part in parts):
        return constant(node.coeff * node.value(()))
    return node


def alike(left: Expr, right: Expr) -> tuple[Fraction, int, int]:
    """The common coefficient, and what each side's integers are multiplied with."""
    coeff = common(left.coeff, right.coeff)
    return coeff, int(left.coeff / coeff), int(right.coeff / coeff)


def add(left: Expr, right: Expr, sign: int) -> Expr:
    coeff, a, b = alike(left, right)
    f, g, b = left.value, right.value, b * sign
    up, down = (right.rises, right.falls) if sign > 0 else (right.falls, right.rises)
    node = Expr(
        coeff,
        lambda n: a * f(n) + b * g(n),
        rises=left.rises and up,
        falls=left.falls and down,
        positive=sign > 0 and left.positive and right.positive,
    )
    return _fold(node, left, right)


def multiply(left: Expr, right: Expr) -> Expr:
    for number, other in ((known(left), right), (known(right), left)):
        if number is not None and number > 0:
            return replace(other, coeff=other.coeff * number)
    f, g = left.value, right.value
    positive, still = left.positive and right.positive, left.still and right.still
    node = Expr(
        left.coeff * right.coeff,
        lambda n: f(n) * g(n),
        positive=positive,
        rises=still or (positive and left.rises and right.rises),
        falls=still or (positive and left.falls and right.falls),
    )
    return _fold(node, left, right)


def quotient(left: Expr, right: Expr) -> Expr | Ratio:
    number = known(right)
    if number is None:
        return Ratio(left, right)
    if number == 0:
        raise FormulaError(say("division by 0"))
    return multiply(left, constant(1 / number))


def rounded(node: Expr | Ratio, increment: Expr, mode: str) -> Expr:
    step = known(increment)
    if step is None or step <= 0:
        raise FormulaError(say("the increment of %(function)s must be a number above 0", function=mode))
    scale = node.coeff / step
    up, down = scale.numerator, scale.denominator
    if isinstance(node, Ratio):
        pair = node.pair

        def of_ratio(numbers: Numbers) -> int:
            top, bottom = pair(numbers)
            return divide(top * up, bottom * down, mode)

        return Expr(step, of_ratio, False, node.rises, node.falls, node.positive)
    value = node.value
    result = Expr(step, lambda n: divide(value(n) * up, down, mode), False, node.rises, node.falls, node.positive)
    return _fold(result, node)


def chosen(name: str, left: Expr, right: Expr) -> Expr:
    coeff, a, b = alike(left, right)
    f, g = left.value, right.value
    rises, falls = left.rises and right.rises, left.falls and right.falls
    if name == "min":
        least: Value = lambda n: min(a * f(n), b * g(n))  # noqa: E731
        return _fold(Expr(coeff, least, False, rises, falls, left.positive and right.positive), left, right)
    most: Value = lambda n: max(a * f(n), b * g(n))  # noqa: E731
    return _fold(Expr(coeff, most, False, rises, falls, left.positive or right.positive), left, right)


def _side(node: Expr | Ratio) -> Callable[[Numbers], tuple[int, int]]:
    if isinstance(node, Ratio):
        return node.pair
    value = node.value
    return lambda numbers: (value(numbers), 1)


def _difference(left: Expr | Ratio, right: Expr | Ratio) -> Callable[[Numbers], int]:
    """A number with the sign of `left - right`."""
    scale = left.coeff / right.coeff
    a, b = scale.numerator, scale.denominator
    if isinstance(right, Expr) and right.constant:  # as every mark is: the shortest way
        value = right.value(()) * b
        if isinstance(left, Expr):
            only = left.value
            return lambda numbers: only(numbers) * a - value
        top_of, bottom_of = left.top.value, left.bottom.value

        def of_ratio(numbers: Numbers) -> int:
            bottom = bottom_of(numbers)
            return top_of(numbers) * a - value * bottom if bottom > 0 else -value

        return of_ratio
    first, second = _side(left), _side(right)

    def difference(numbers: Numbers) -> int:
        top, bottom = first(numbers)
        other_top, other_bottom = second(numbers)
        return top * other_bottom * a - other_top * bottom * b

    return difference


def compare(left: Expr | Ratio, operator: str, right: Expr | Ratio) -> Predicate:
    difference = _difference(left, right)
    return {
        "<": lambda n: difference(n) < 0,
        "<=": lambda n: difference(n) <= 0,
        "=": lambda n: difference(n) == 0,
        ">=": lambda n: difference(n) >= 0,
        ">": lambda n: difference(n) > 0,
    }[operator]
