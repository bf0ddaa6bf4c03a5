"""Loading refuses what the language does not have, every mistake with its line, all of them at once."""

from __future__ import annotations

import pytest

from app.rules.credit import document
from app.rules.credit.errors import RuleErrors
from tests.rules.credit.kit import HEADER

HEAD = HEADER.format(version=1, effective="2020-01-01", ruleset="", start="01-01", period="")
BEGIN = HEAD.count("\n")
SESSION = '[[convert]]\nid = "c"\nwhen = {kind = "session"}\namount = "hours"\n'
TEST = '[[test]]\nid = "t"\nmeasure = "countable"\nat_least = 50\n'
DAYS = '[[test]]\nid = "d"\nmeasure = "days"\nat_least = 12\n'


def row(table: str, *keys: str, name: str = "x") -> str:
    return f'[[{table}]]\nid = "{name}"\n' + "".join(key + "\n" for key in keys)


NEEDS = ('evidence = {kind = "exam"}', 'same = "item"')
SHARE = ('when = {category = "a"}', 'at_most = "1/2"', 'of = "t"')
CARRY = ('surplus_of = "t"', 'measure = "countable"', "as = {}")

# Rows after the header → for each mistake the line (of the rows, from 1), the head, and words that must be said.
TABLE: dict[str, tuple[str, list[tuple[int, str, str]]]] = {
    "unknown table": ("[[bonus]]\nid = 'b'\n", [(1, "[[bonus]]", "unknown table")]),
    "unknown key": (SESSION + "roundto = 1\n", [(5, "[[convert]] 'c'", "unknown key 'roundto'")]),
    "unknown key of needs": (row("needs", *NEEDS, "until = 3"), [(5, "[[needs]] 'x'", "unknown key 'until'")]),
    "unknown key of share": (TEST + row("share", *SHARE, "per = 'day'"), [(10, "[[share]] 'x'", "unknown key 'per'")]),
    "unknown key of attendance": (row("attendance", "limit = 8", "per = 'run'"),
                                  [(4, "[[attendance]] 'x'", "unknown key 'per'")]),
    "unknown key of revoke": (row("revoke", 'cancels = "item"', "same = 'item'"),
                              [(4, "[[revoke]] 'x'", "unknown key 'same'")]),
    "unknown key of carry": (TEST + row("carry", *CARRY, "into = 'x'"), [(10, "[[carry]] 'x'", "unknown key 'into'")]),
    "unknown key of make_up": (TEST + row("make_up", 'tests = ["t"]', "months = 6", "days = 3"),
                               [(9, "[[make_up]] 'x'", "unknown key 'days'")]),
    "needs without evidence": (row("needs", 'same = "item"'), [(1, "[[needs]] 'x'", "evidence")]),
    "needs without same": (row("needs", 'evidence = {kind = "exam"}'), [(1, "[[needs]] 'x'", "same")]),
    "needs, same of another kind": (row("needs", NEEDS[0], 'same = "edition"'), [(4, "[[needs]] 'x'", "'same'")]),
    "needs, valid_years a text": (row("needs", *NEEDS, 'valid_years = "3"'), [(5, "[[needs]] 'x'", "'valid_years'")]),
    "needs, valid_years 0": (row("needs", *NEEDS, "valid_years = 0"), [(5, "[[needs]] 'x'", "'valid_years'")]),
    "needs, an unknown selector": (row("needs", 'evidence = {colour = "red"}', NEEDS[1]),
                                   [(3, "[[needs]] 'x'", "unknown selector key 'colour'")]),
    "key and overlap": (row("duplicate", 'key = ["item"]', "overlap = true"),
                        [(3, "[[duplicate]] 'x'", "'key' and 'overlap'")]),
    "neither key nor overlap": (row("duplicate", 'keep = "first"'), [(1, "[[duplicate]] 'x'", "'key' or 'overlap'")]),
    "overlap within": (row("duplicate", "overlap = true", 'within = "day"'), [(4, "[[duplicate]] 'x'", "'within'")]),
    "overlap is no text": (row("duplicate", 'overlap = "yes"'), [(3, "[[duplicate]] 'x'", "'overlap'")]),
    "overlap = false": (row("duplicate", "overlap = false"), [(3, "[[duplicate]] 'x'", "'overlap'")]),
    "a key of no field": (row("duplicate", 'key = ["itm"]'), [(3, "[[duplicate]] 'x'", "unknown field 'itm'")]),
    "share without its test": (row("share", *SHARE), [(1, "[[share]] 'x'", "no [[test]] 't'")]),
    "share without when": (TEST + row("share", *SHARE[1:]), [(5, "[[share]] 'x'", "'when'")]),
    "share without at_most": (TEST + row("share", SHARE[0], SHARE[2]), [(5, "[[share]] 'x'", "'at_most'")]),
    "share of days": (DAYS + row("share", SHARE[0], SHARE[1], 'of = "d"'), [(5, "[[share]] 'x'", "hours")]),
    "share, another basis": (TEST + row("share", *SHARE, 'basis = "all"'), [(10, "[[share]] 'x'", "'basis'")]),
    "share, a float": (TEST + row("share", SHARE[0], "at_most = 0.5", SHARE[2]),
                       [(8, "[[share]] 'x'", "a float is not exact")]),
    "attendance without limit": (row("attendance", 'boundary = "more"'), [(1, "[[attendance]] 'x'", "'limit'")]),
    "attendance, no such boundary": (row("attendance", "limit = 8", 'boundary = "less"'),
                                     [(4, "[[attendance]] 'x'", "'boundary'")]),
    "attendance, an unknown field": (row("attendance", 'limit = "run_days / 7"'),
                                     [(3, "[[attendance]] 'x'", "unknown field 'run_days'")]),
    "attendance, a float": (row("attendance", "limit = 9.1"), [(3, "[[attendance]] 'x'", "9.1")]),
    "revoke without cancels": (row("revoke"), [(1, "[[revoke]] 'x'", "'cancels'")]),
    "revoke, cancels what is not": (row("revoke", 'cancels = "all"'), [(3, "[[revoke]] 'x'", "'cancels'")]),
    "ban without years": (row("revoke", 'cancels = "item"', 'ban_kinds = ["exam"]'),
                          [(1, "[[revoke]] 'x'", "'ban_years'")]),
    "ban without kinds": (row("revoke", 'cancels = "item"', "ban_years = 2"), [(1, "[[revoke]] 'x'", "'ban_kinds'")]),
    "ban of a kind that is not": (row("revoke", 'cancels = "item"', 'ban_kinds = ["exams"]', "ban_years = 2"),
                                  [(4, "[[revoke]] 'x'", "exams")]),
    "carry without its test": (row("carry", *CARRY), [(1, "[[carry]] 'x'", "no [[test]] 't'")]),
    "carry without as": (TEST + row("carry", *CARRY[:2]), [(5, "[[carry]] 'x'", "'as'")]),
    "carry of days": (DAYS + row("carry", 'surplus_of = "d"', *CARRY[1:]), [(5, "[[carry]] 'x'", "hours")]),
    "carry, a field that is not": (TEST + row("carry", *CARRY[:2], 'as = {colour = "red"}'),
                                   [(9, "[[carry]] 'x'", "colour")]),
    "carry unless a test that is not": (TEST + row("carry", *CARRY, 'unless_short = ["t", "u"]'),
                                        [(5, "[[carry]] 'x'", "no [[test]] 'u'")]),
    "carry, another measure": (TEST + row("carry", CARRY[0], 'measure = "days"', CARRY[2]),
                               [(8, "[[carry]] 'x'", "'measure'")]),
    "make_up of a test that is not": (TEST + row("make_up", 'tests = ["t", "u"]', "months = 6"),
                                      [(5, "[[make_up]] 'x'", "no [[test]] 'u'")]),
    "make_up of days": (DAYS + row("make_up", 'tests = ["d"]', "months = 6"), [(5, "[[make_up]] 'x'", "countable")]),
    "make_up without months": (TEST + row("make_up", 'tests = ["t"]'), [(5, "[[make_up]] 'x'", "'months'")]),
    "make_up, no months": (TEST + row("make_up", 'tests = ["t"]', "months = 0"), [(8, "[[make_up]] 'x'", "'months'")]),
    "carry of a cycle's test": (TEST + 'over = "cycle"\n' + row("carry", *CARRY), [(6, "[[carry]] 'x'", "period")]),
    "carry of an upper limit": (TEST.replace("at_least", "at_most") + row("carry", *CARRY),
                                [(5, "[[carry]] 'x'", "at least")]),
    "make_up of an upper limit": (TEST.replace("at_least", "at_most") + row("make_up", 'tests = ["t"]', "months = 6"),
                                  [(5, "[[make_up]] 'x'", "at least")]),
    "make_up of a window": (TEST + 'over = {since = {band = "b"}, months = 9}\n'
                            + row("make_up", 'tests = ["t"]', "months = 6"), [(6, "[[make_up]] 'x'", "'t'")]),
    "make_up, a test named twice": (TEST + row("make_up", 'tests = ["t", "t"]', "months = 6"),
                                    [(7, "[[make_up]] 'x'", "twice")]),
    "needs, within no days": (row("needs", *NEEDS, "within_days = 0"), [(5, "[[needs]] 'x'", "'within_days'")]),
    "needs, within_days a text": (row("needs", *NEEDS, 'within_days = "3"'), [(5, "[[needs]] 'x'", "'within_days'")]),
    "a quota that is no whole thousandth": (row("test", 'measure = "countable"', 'at_least = "1/3"'),
                                            [(4, "[[test]] 'x'", "thousandth")]),
    "an upper limit that is none": (row("test", 'measure = "countable"', 'at_most = "0.0005"'),
                                    [(4, "[[test]] 'x'", "thousandth")]),
    "a quota by band that is none": (
        row("test", 'measure = "days"', 'at_least = {by = "band", value = {low = 1, high = "2/3"}, otherwise = 1}'),
        [(4, "[[test]] 'x'", "thousandth")],
    ),
    "what holds otherwise is none": (
        row("test", 'measure = "days"', 'at_least = {by = "band", value = {low = 1}, otherwise = "2/3"}'),
        [(4, "[[test]] 'x'", "thousandth")],
    ),
    "share, more than all": (TEST + row("share", SHARE[0], 'at_most = "3/2"', SHARE[2]),
                             [(8, "[[share]] 'x'", "at most 1")]),
    "carry, an empty maximum": (TEST + row("carry", *CARRY, 'max = ""'), [(10, "[[carry]] 'x'", "'max'")]),
    "carry unless neither a test nor true": (TEST + row("carry", *CARRY, "unless_short = 3"),
                                             [(10, "[[carry]] 'x'", "'unless_short'")]),
    "a window without months": (
        row("test", 'measure = "countable"', "at_least = 1", 'over = {since = {band = "upper"}}'),
        [(5, "[[test]] 'x'", "'over'")],
    ),
    "a window since something of a piece": (
        row("test", 'measure = "countable"', "at_least = 1", 'over = {since = {category = "a"}, months = 12}'),
        [(5, "[[test]] 'x'", "category")],
    ),
    "over what is not": (row("test", 'measure = "countable"', "at_least = 1", 'over = "week"'),
                         [(5, "[[test]] 'x'", "'over'")]),
    "kind carried may not be converted": (row("convert", 'when = {kind = "carried"}', "amount = 1"),
                                          [(3, "[[convert]] 'x'", "carried")]),
    "no such test": (TEST + row("requirement", 'meets = {any = ["t", {all = ["u", "v"]}]}'),
                     [(5, "[[requirement]] 'x'", "no [[test]] 'u'"), (5, "[[requirement]] 'x'", "no [[test]] 'v'")]),
    "an id used in two tables": (SESSION + row("cap", "limit = 1", 'per = "day"', name="c"),
                                 [(6, "[[cap]] 'c'", "the id is used twice (line")]),
    "division by a field": (row("convert", 'when = {kind = "session"}', 'amount = "hours / days"'),
                            [(4, "[[convert]] 'x'", "division by a field")]),
    "a fall broken": (
        row("convert", 'when = {kind = "session"}',
            'steps = {of = "minutes", rows = [{at_least = 10, gives = 1}, {at_least = 30, gives = 2}]}'),
        [(4, "[[convert]] 'x'", "rows must fall")],
    ),
    "more_than above at_least of one number": (
        row("convert", 'when = {kind = "session"}',
            'steps = {of = "minutes", rows = [{at_least = 30, gives = 1}, {more_than = 30, gives = 2}]}'),
        [(4, "[[convert]] 'x'", "rows must fall")],
    ),
    "two weights of one axis": (
        row("weight", 'when = {kind = "session"}', "times = 2", name="a")
        + row("weight", 'when = {category = {not = "x"}}', "times = 3", name="b"),
        [(5, "[[weight]] 'b'", "overlaps [[weight]] 'a'")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_refused(name: str) -> None:
    body, expected = TABLE[name]
    with pytest.raises(RuleErrors) as caught:
        document.load(HEAD + body)
    errors = caught.value.errors
    said = [(error.line - BEGIN, f"[[{error.table}]]" + (f" {error.id!r}" if error.id else "")) for error in errors]
    words = [(error.line - BEGIN, str(error.message)) for error in errors]
    rows = {line for line, _, _ in expected}
    # What is missing, and what only shows when rows are seen together, stands at the row.
    wanted = [(line, head) for line, head, _ in expected]
    assert len(errors) == len(expected), words
    assert [head for _, head in said] == [head for _, head in wanted]
    assert {line for line, _ in said} == rows, words
    for error, (_, _, text) in zip(errors, expected, strict=True):
        assert text in error.message, words


def test_all_mistakes_of_all_tables_at_once() -> None:
    body = "".join(
        (
            row("needs", NEEDS[0], name="n"),
            row("share", *SHARE, name="s"),
            row("attendance", "limit = 9.1", name="a"),
            row("revoke", 'cancels = "all"', name="r"),
            row("carry", *CARRY, name="k"),
            row("make_up", 'tests = ["u"]', "months = 6", name="m"),
            row("convert", 'when = {kind = "session"}', 'amount = "minutes / 45"', name="c"),
            "[[bonus]]\n",
        )
    )
    with pytest.raises(RuleErrors) as caught:
        document.load(HEAD + body)
    printed = str(caught.value).split("\n")
    assert [error.table for error in caught.value.errors] == [
        "needs", "share", "attendance", "revoke", "carry", "make_up", "convert", "bonus",
    ], printed  # fmt: skip
    lines = [error.line for error in caught.value.errors]
    assert lines == sorted(lines)
    assert all(line.startswith(f"line {number}: [[") for line, number in zip(printed, lines, strict=True))


def carries(*pairs: tuple[str, str], again: str = "again = true") -> str:
    tests = "".join(
        row("test", f'when = {{bucket = "{name}"}}', 'measure = "countable"', "at_least = 1", name=name)
        for name in ("p", "q", "r")
    )
    return tests + "".join(
        row("carry", f'surplus_of = "{one}"', 'measure = "countable"', f'as = {{bucket = "{other}"}}', again,
            name=f"{one}-{other}")
        for one, other in pairs
    )  # fmt: skip


def test_a_cycle_in_carry_over_is_refused() -> None:
    with pytest.raises(RuleErrors, match=r"line \d+: \[\[carry\]\] .*cycle in carry-over"):
        document.load(HEAD + carries(("p", "q"), ("q", "p")))
    with pytest.raises(RuleErrors, match="cycle in carry-over"):
        document.load(HEAD + carries(("p", "q"), ("q", "r"), ("r", "p")))


def test_a_chain_and_a_broken_cycle_of_carry_over_are_not() -> None:
    document.load(HEAD + carries(("p", "q"), ("q", "r")))
    document.load(HEAD + carries(("p", "q"), ("q", "p"), again="again = false"))


@pytest.mark.parametrize("at_least", ['"2/3"', '"1/7"'])
def test_a_part_of_another_test_may_be_any_fraction(at_least: str) -> None:
    document.load(
        HEAD + TEST + row("test", 'measure = "countable"', 'share_of = "t"', 'basis = "got"', f"at_least = {at_least}")
    )


@pytest.mark.parametrize(
    ("verify_by", "fine"),
    [('"01-31"', True), ('"02-29"', True), ("2026-01-31", True), ('"02-30"', False), ('"04-31"', False),
     ('"13-01"', False), ('"00-10"', False), ('"1-31"', False), ('"31 January"', False), ("131", False)],
)  # fmt: skip
def test_verify_by_is_a_day_that_there_is(verify_by: str, fine: bool) -> None:
    text = HEADER.format(
        version=1, effective="2020-01-01", ruleset=f"verify_by = {verify_by}", start="01-01", period=""
    )
    if fine:
        document.load(text + SESSION)
        return
    with pytest.raises(RuleErrors, match="'verify_by'"):
        document.load(text + SESSION)
