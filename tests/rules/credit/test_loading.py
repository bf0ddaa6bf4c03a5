"""Loading refuses what could be judged in two ways, and says all of it with its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.credit.errors import RuleErrors
from tests.rules.credit.kit import HEADER, book, rules

HEAD = HEADER.format(version=1, effective="2020-01-01", ruleset="", start="01-01", period="")
MARK = '[[mark]]\nid = "m"\nwhen = {kind = "watched"}\nmeasure = "seen / length"\nat_least = 1\n'
EXAM = '[[convert]]\nid = "a"\nwhen = {kind = "exam"}\namount = 1\n'


def refused(text: str) -> list[str]:
    """What is printed, a line each."""
    with pytest.raises(RuleErrors) as caught:
        document.load(text)
    return str(caught.value).split("\n")


# Rows after the header; LINE stands for the line at which the rows begin.
TABLE = {
    "unknown table": (
        "[[bonus]]\nid = 'b'\n",
        ["0: [[bonus]]: unknown table; allowed: ruleset, period, convert"],
    ),
    "overlap with a key": (
        '[[duplicate]]\nid = "d"\noverlap = true\nkey = ["item"]\n',
        ["3: [[duplicate]] 'd': 'key' and 'overlap' cannot stand together"],
    ),
    "unknown key": (
        EXAM + "roundto = 1\n",
        ["4: [[convert]] 'a': unknown key 'roundto'; allowed: when, amount, steps, bucket, bucket_field"],
    ),
    "unknown selector": (
        '[[convert]]\nid = "a"\nwhen = {kind = "exam", colour = "red"}\namount = 1\n',
        ["2: [[convert]] 'a': 'when': unknown selector key 'colour'; allowed: kind, category"],
    ),
    "unknown kind": (
        '[[convert]]\nid = "a"\nwhen = {kind = "exams"}\namount = 1\n',
        ["2: [[convert]] 'a': 'when': unknown kind 'exams'; allowed: correction"],
    ),
    "unknown field": (
        '[[convert]]\nid = "a"\nwhen = {kind = "exam"}\namount = "marks * 2"\n',
        ["3: [[convert]] 'a': 'amount': unknown field 'marks'; allowed: seen, length"],
    ),
    "code": (
        '[[convert]]\nid = "a"\nwhen = {kind = "exam"}\namount = "__import__(1)"\n',
        ["3: [[convert]] 'a': 'amount': "],
    ),
    "deep parentheses": (
        EXAM.replace("= 1", '= "' + "(" * 390 + '"'),
        ["3: [[convert]] 'a': 'amount': more than 20 parentheses"],
    ),
    "many axes": (
        "".join(f'[[weight]]\nid = "w{n}"\nwhen = {{}}\ntimes = 2\naxis = "{n}"\n' for n in range(7)),
        ["30: [[weight]] 'w6': more than 6 axes"],
    ),
    "float": (
        '[[cap]]\nid = "c"\nlimit = 0.5\nper = "day"\n',
        ["2: [[cap]] 'c': 'limit': a float is not exact, write it as a text"],
    ),
    "float in a selector": (
        '[[cap]]\nid = "c"\nlimit = 1\nper = "day"\nwhen = {category = 1.5}\n',
        ["4: [[cap]] 'c': 'when': 'category': must be a text"],
    ),
    "wrong type": (
        '[[cap]]\nid = "c"\nlimit = true\nper = "week"\n',
        ["2: [[cap]] 'c': 'limit': must be a number", "3: [[cap]] 'c': 'per' must be one of item, day"],
    ),
    "an id used twice": (
        EXAM + '[[cap]]\nid = "a"\nlimit = 1\nper = "day"\n',
        ["5: [[cap]] 'a': the id is used twice (line 0)"],
    ),
    "two converts": (
        EXAM + '[[convert]]\nid = "b"\nwhen = {passed = true, kind = ["exam", "session"]}\namount = 2\n',
        ["4: [[convert]] 'b': overlaps [[convert]] 'a' (line 0): a piece must match at most one"],
    ),
    "two rounds": (
        '[[round]]\nid = "r"\nto = 1\nmode = "floor"\n[[round]]\nid = "s"\nto = 2\nmode = "ceil"\n',
        ["4: [[round]] 's': overlaps [[round]] 'r' (line 0)"],
    ),
    "two marks": (
        MARK + '[[mark]]\nid = "n"\nmeasure = "score"\nat_least = 60\n',
        ["5: [[mark]] 'n': overlaps [[mark]] 'm' (line 0)"],
    ),
    "two weights of one axis": (
        '[[weight]]\nid = "v"\nwhen = {kind = "exam"}\ntimes = 2\n'
        '[[weight]]\nid = "w"\nwhen = {passed = true}\ntimes = 3\n',
        ["4: [[weight]] 'w': overlaps [[weight]] 'v' (line 0)"],
    ),
    "steps that rise": (
        MARK + '[[convert]]\nid = "a"\nwhen = {kind = "watched"}\n'
        'steps = {of = "length", rows = [{at_least = 10, gives = 1}, {at_least = 30, gives = 2}]}\n',
        ["8: [[convert]] 'a': 'steps': rows must fall"],
    ),
    "a missing rounding": (
        '[[convert]]\nid = "class"\nwhen = {kind = "session"}\namount = "minutes / 45"\n',
        [
            "0: [[convert]] 'class': the result has denominator 2700000 and may not be a whole thousandth:"
            " a [[round]] must cover every piece this matches"
        ],
    ),
    "a rounding of half": (
        '[[convert]]\nid = "a"\nwhen = {kind = "session"}\namount = "minutes / 45"\n'
        '[[round]]\nid = "r"\nwhen = {category = "x"}\nto = 1\nmode = "floor"\n',
        ["0: [[convert]] 'a': the result has denominator 2700000"],
    ),
    "a weight that needs rounding": (
        '[[convert]]\nid = "a"\nwhen = {kind = "exam"}\namount = 1\n'
        '[[weight]]\nid = "w"\nwhen = {category = "x"}\ntimes = "1/3"\n',
        ["0: [[convert]] 'a': the result has denominator 3"],
    ),
    "division by a field": (
        '[[convert]]\nid = "a"\nwhen = {kind = "session"}\namount = "hours / days"\n',
        ["3: [[convert]] 'a': 'amount': division by a field may stand only directly inside"],
    ),
    "no such test": (
        '[[test]]\nid = "t"\nmeasure = "count"\nat_least = 1\n'
        '[[requirement]]\nid = "q"\nmeets = {all = ["t", {any = ["u"]}]}\n',
        ["4: [[requirement]] 'q': there is no [[test]] 'u'; tests: t"],
    ),
    "watching without a mark": (
        '[[convert]]\nid = "a"\nwhen = {kind = "watched"}\namount = 1\n',
        ["0: [[convert]] 'a': matches watched facts with neither a [[mark]] nor series"],
    ),
    "a constant for all kinds": (
        '[[convert]]\nid = "a"\namount = 1\n',
        ["0: [[convert]] 'a': matches watched facts with neither a [[mark]] nor series"],
    ),
    "an amount that falls with watching": (
        MARK + '[[convert]]\nid = "a"\nwhen = {kind = "watched"}\namount = "nearest(10 - seen, 0.1)"\n',
        ["5: [[convert]] 'a': the result may fall while more is watched"],
    ),
    "neither and both": (
        '[[convert]]\nid = "a"\nwhen = {kind = "exam"}\n'
        '[[test]]\nid = "t"\nmeasure = "count"\nat_least = 1\nat_most = 2\n',
        ["0: [[convert]] 'a': needs 'amount' or 'steps'", "6: [[test]] 't': needs only one of"],
    ),
    "no id": ("[[cap]]\nlimit = 1\nper = 'day'\n", ["0: [[cap]]: needs 'id'"]),
    "a share of a share": (
        '[[test]]\nid = "a"\nmeasure = "countable"\nat_least = 1\n'
        '[[test]]\nid = "b"\nmeasure = "countable"\nat_least = "2/3"\nshare_of = "a"\nbasis = "got"\n'
        '[[test]]\nid = "c"\nmeasure = "countable"\nat_least = "2/3"\nshare_of = "b"\nbasis = "got"\n',
        ["10: [[test]] 'c': 'share_of' must name a test with its own number"],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_refused(name: str) -> None:
    body, expected = TABLE[name]
    begin = HEAD.count("\n") + 1

    def here(message: str) -> str:
        line, _, text = message.partition(":")
        return f"line {int(line) + begin}:{text}".replace("(line 0)", f"(line {begin})")

    printed = refused(HEAD + body)
    assert len(printed) == len(expected), printed
    for line, wanted in zip(printed, expected, strict=True):
        assert line.startswith(here(wanted)), printed


def test_all_mistakes_are_listed_in_the_order_of_lines() -> None:
    printed = refused(HEAD + '[[cap]]\nid = "c"\nlimit = "x"\nper = "day"\n[[round]]\nid = "r"\nto = 0\n')
    begin = HEAD.count("\n") + 1
    assert [line.split(":")[0] for line in printed] == [f"line {begin + at}" for at in (2, 4, 6)]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        (
            'timezone = "Asia/Shanghai"',
            'timezone = "Asia/Nowhere"',
            6,
            "there is no time zone 'Asia/Nowhere'",
        ),
        ("version = 1", "version = 0", 4, "'version' must be a whole number"),
        ("effective = 2020-01-01", 'effective = "2020-01-01"', 5, "'effective' must be a date"),
        ('start = "01-01"', 'start = "02-30"', 11, "'start' must look like"),
        ("months = 12", 'months = 12\nreduce = "days"', 10, "'quota_round' = {to, mode} is needed"),
        ("months = 12", 'months = 12\nreduce = "months"', 10, "'quota_round' = {to, mode} is needed"),
        ("first = 2015", "", 10, "needs 'first'"),
    ],
)
def test_header(old: str, new: str, line: int, says: str) -> None:
    assert old in HEAD
    [printed] = refused(HEAD.replace(old, new))
    assert printed.startswith(f"line {line}: [")
    assert says in printed


def test_not_toml_names_the_line() -> None:
    [printed] = refused("[ruleset]\nid = \n")
    assert printed.startswith("line 2: not TOML: ")


@pytest.mark.parametrize(
    ("line", "says"),
    [(".".join("a" * 5000) + " = 1", "points in one line"), (f"limit = {'9' * 5000}", "not TOML"),
     ("x = " + "[" * 5000, "not TOML")],
    ids=["deep key", "long number", "deep list"],
)  # fmt: skip
def test_what_would_cost_too_much_is_refused_at_its_line(line: str, says: str) -> None:
    with pytest.raises(RuleErrors) as caught:
        document.load(f"[ruleset]\n{line}\n")
    assert says in caught.value.errors[0].message


def test_empty_names_both_tables() -> None:
    assert len(refused("")) == 2


def test_rows_in_one_line_form_know_their_lines() -> None:
    text = rules('convert = [{id = "a", when = {kind = "exam"}, amount = 1},\n {id = "b", amount = "x"}]\n')
    assert refused(text)[0].startswith("line 2: [[convert]] 'b': 'amount': unknown field 'x'")


def test_otherwise_takes_the_rest() -> None:
    document.load(
        rules(
            'convert = [{id = "a", when = {kind = "exam"}, amount = 1},'
            ' {id = "b", when = {kind = ["exam", "session"]}, amount = 2, otherwise = true}]\n'
        )
    )


def test_versions_share_id_zone_and_period() -> None:
    with pytest.raises(RuleErrors, match="version 2: all versions share start, months"):
        book(rules(""), rules("", version=2, effective="2021-01-01", start="12-01"))
    with pytest.raises(RuleErrors, match="must both rise"):
        book(rules(""), rules("", version=2))
    with pytest.raises(RuleErrors, match="at least one version"):
        RuleBook([])


def test_clauses_without_text_are_named() -> None:
    found = document.load(rules('cap = [{id = "a", limit = 1, per = "day", text = {zh = "一"}}]\n'))
    assert found.without_text() == ("a",)


def test_the_sample_academy_s_rules_are_printed_in_both_languages() -> None:
    folder = Path(__file__).parents[3] / "content" / "rules"
    paths = sorted(folder.glob("yunting-*.toml"))
    assert folder / "yunting-2026.toml" in paths
    found = [document.load(path.read_text(encoding="utf-8")) for path in paths]
    assert [ruleset.without_text() for ruleset in found] == [()] * len(found)
    RuleBook(found)
