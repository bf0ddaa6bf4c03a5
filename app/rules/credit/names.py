"""Names of tests that other rows use, and what may be asked of the test that is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.rules.credit.checks import Wrong
from app.rules.credit.clauses import Carry, MakeUp, Requirement, Share, Test
from app.rules.credit.errors import Said, say
from app.rules.credit.kinds import CARRIED, FLAG_FIELDS, TEXT_FIELDS

_HOURS = ("countable", "earned")


class Names:
    """The tests of one document, and where mistakes about their names go."""

    def __init__(self, tests: Sequence[Test], wrong: Wrong) -> None:
        self._tests: Mapping[str, Test] = {test.id: test for test in tests}
        self._wrong = wrong

    def _gone(self, name: str) -> Said:
        listed = ", ".join(self._tests) or say("none")
        return say("there is no [[test]] %(id)r; tests: %(tests)s", id=name, tests=listed)

    def _find(self, table: str, row: str, key: str, name: str) -> Test | None:
        found = self._tests.get(name)
        if found is None and name:
            self._wrong(table, row, say("%(key)r: %(message)s", key=key, message=self._gone(name)))
        return found

    def tests(self) -> None:
        """Shares of other tests."""
        for test in self._tests.values():
            if not test.share_of:
                continue
            target = self._find("test", test.id, "share_of", test.share_of)
            if target is not None and (
                target.share_of
                or (target.measure, target.cycle, target.window) != (test.measure, test.cycle, test.window)
            ):
                self._wrong(
                    "test",
                    test.id,
                    say("'share_of' must name a test with its own number, of the same measure and 'over'"),
                )

    def requirements(self, requirements: Sequence[Requirement]) -> None:
        """Alternatives and groups."""
        for requirement in requirements:
            for name in sorted(requirement.meets.names() - set(self._tests)):
                self._wrong("requirement", requirement.id, self._gone(name))

    def shares(self, shares: Sequence[Share]) -> None:
        """The whole that a share is part of: countable hours of a period or cycle."""
        for share in shares:
            test = self._find("share", share.id, "of", share.of)
            if test is not None and (test.measure not in _HOURS or test.window or test.share_of or test.at_most):
                self._wrong(
                    "share",
                    share.id,
                    say("'of' must name a test that asks for at least a number of hours"),
                )

    def make_ups(self, make_ups: Sequence[MakeUp]) -> None:
        """Shortfalls in countable hours."""
        for make_up in make_ups:
            for name in make_up.tests:
                test = self._find("make_up", make_up.id, "tests", name)
                if test is not None and (test.measure != "countable" or test.at_most or test.window):
                    self._wrong(
                        "make_up",
                        make_up.id,
                        say(
                            "only a test that asks for at least so many countable hours can be made up, not %(id)r",
                            id=name,
                        ),
                    )

    def carries(self, carries: Sequence[Carry]) -> None:
        """Surpluses of a period's hours; none that would go round for ever."""
        for carry in carries:
            test = self._find("carry", carry.id, "surplus_of", carry.surplus_of)
            if test is not None and (test.measure not in _HOURS or test.at_most or test.cycle or test.window):
                self._wrong(
                    "carry",
                    carry.id,
                    say("'surplus_of' must name a test that asks for at least so many hours of a period"),
                )
            for name in carry.unless_short:
                self._find("carry", carry.id, "unless_short", name)
        self._circles([carry for carry in carries if carry.again and carry.surplus_of in self._tests])

    def _circles(self, again: Sequence[Carry]) -> None:
        """Two or more rows that pass on carried hours to each other would do so for ever."""
        follows = {a.id: [b for b in again if b is not a and self._feeds(a, b)] for a in again}
        told: set[frozenset[str]] = set()
        for first in again:
            paths: list[list[Carry]] = [[first]]
            while paths:
                path = paths.pop()
                for after in follows[path[-1].id]:
                    if after is first and frozenset(each.id for each in path) not in told:
                        told.add(frozenset(each.id for each in path))
                        self._circle([*path, first])
                    elif after not in path and len(path) < 6:
                        paths.append([*path, after])

    def _circle(self, path: Sequence[Carry]) -> None:
        self._wrong(
            "carry",
            path[0].id,
            say(
                "cycle in carry-over: %(path)s; carried hours would be carried for ever"
                " (again = false on one of them, or another target)",
                path=" → ".join(carry.id for carry in path),
            ),
        )

    def _feeds(self, giver: Carry, taker: Carry) -> bool:
        """Does the test whose surplus `taker` passes on count what `giver` brings?"""
        seen: dict[str, object] = dict.fromkeys((*TEXT_FIELDS, *FLAG_FIELDS))
        seen |= giver.fields
        sets = self._tests[taker.surplus_of].when.sets
        if "clock" in sets:
            return False
        bucket = bucket_of(giver, self._tests[giver.surplus_of])
        return all(
            (bucket is None or allowed.has(bucket))
            if field == "bucket"
            else allowed.has(CARRIED if field == "kind" else seen.get(field))
            for field, allowed in sets.items()
        )


def bucket_of(carry: Carry, test: Test) -> str | None:
    """The bucket of a carried entry: the row's own, else the one that its test is about; None: the unit's name."""
    if carry.bucket is not None:
        return carry.bucket
    named = test.when.sets.get("bucket")
    if named is not None and not named.negated and len(named.values) == 1:
        return str(next(iter(named.values)))
    return None
