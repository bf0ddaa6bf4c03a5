"""The pages about the rule language: every example loads, gives what stands beside it, and no table is missing."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.rules.credit import rows
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors
from app.rules.credit.evaluate import evaluate
from app.rules.credit.evidence import FIELDS
from app.rules.credit.kinds import FORMULA_FIELDS, KINDS
from tests.house.test_docs_code import table_rows

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("rules.en.md", "rules.zh.md")
EXAMPLE = re.compile(r"```toml\n((?:(?!```).)*)```\n```json\n((?:(?!```).)*)```\n→ ([^\n]*)", re.S)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def blocks(text: str) -> list[str]:
    """The TOML blocks of a page."""
    return re.findall(r"(?s)```toml\n(.*?)```", text)


def examples(name: str) -> Iterator[tuple[str, str, str]]:
    """(whole rule set, evidence, what the page says comes of it) of every example of a page."""
    text = page(name)
    head = blocks(text)[0].split("[[", 1)[0]
    for rules, evidence, told in EXAMPLE.findall(text):
        yield head + rules, evidence, told


@pytest.mark.parametrize("name", PAGES)
def test_the_first_rules_load_and_the_tables_are_those_of_the_language(name: str) -> None:
    text = page(name)
    assert load(blocks(text)[0]).without_text() == ()
    told = {
        cells[0].strip("`"): set(re.findall(r"`(\w+)`", cells[1]))
        for cells in table_rows(text)
        if len(cells) == 3 and cells[2].startswith("[")
    }
    for table, keys in rows.KEYS.items():
        assert told[table] == set(keys), table
    assert set(told) == {*rows.KEYS, "ruleset", "period"}
    for word in (*KINDS, *FIELDS, *FORMULA_FIELDS):
        assert f"`{word}`" in text, word


@pytest.mark.parametrize("name", PAGES)
def test_every_example_gives_what_stands_beside_it(name: str) -> None:
    tables: set[str] = set()
    for rules, evidence, told in examples(name):
        tables |= set(tomllib.loads(rules))
        pieces = json.loads(evidence)
        report = json.loads(evaluate([rules], json.dumps({"learner": "l", "evidence": pieces})))
        got: dict[str, int] = {}
        for posting in report["postings"]:
            got[posting["evidence"]] = got.get(posting["evidence"], 0) + posting["countable"]
        said = {piece: int(amount) for piece, amount in re.findall(r"`([a-z0-9:-]+)` (\d+)", told)}
        assert said, told
        assert {piece: got.get(piece, 0) for piece in said} == said, rules
        assert set(got) <= set(said), rules
    assert tables == {*rows.KEYS, "ruleset", "period"}


def test_the_first_evidence_file_says_what_the_page_says() -> None:
    text = page(PAGES[0])
    evidence = next(re.finditer(r"```json\n(\{.*?)```", text, re.S))[1]
    report = json.loads(evaluate([blocks(text)[0]], evidence))
    assert [(each["evidence"], each["countable"]) for each in report["postings"]] == [("e1", 1000)]
    assert [(each["evidence"], each["did"]) for each in report["nothing"]] == [("e2", "below mark")]
    assert report["periods"]["2026-01-01"]["tests"]["total"]["short"] == 49000


def test_what_the_page_says_about_duties_and_make_up() -> None:
    reports = {
        next(iter(set(tomllib.loads(rules)) & {"make_up", "requirement"}), ""): json.loads(
            evaluate([rules], json.dumps({"learner": "l", "evidence": json.loads(evidence)}))
        )
        for rules, evidence, _told in examples(PAGES[0])
    }
    assert reports["requirement"]["periods"]["2026-01-01"]["requirements"] == {"yearly": "met"}
    paid = [(each["period"], each["countable"]) for each in reports["make_up"]["postings"] if each["evidence"] == "b"]
    assert paid == [("2026-01-01", 20000), ("2027-01-01", 15000)]
    assert reports["make_up"]["periods"]["2026-01-01"]["made_up"] == {"total": 20000}


def test_both_pages_show_the_same_examples() -> None:
    english, chinese = (list(examples(name)) for name in PAGES)
    assert [(tomllib.loads(r), json.loads(e)) for r, e, _ in english] == [
        (tomllib.loads(r), json.loads(e)) for r, e, _ in chinese
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('at_least = "0.9"', "at_least = 0.9"), "a float is not exact, write it as a text"),
        (('to = "0.001"', 'roundto = "0.001"'), "unknown key 'roundto'; allowed: "),
        (('id = "nearest"\nto = "0.001"', 'id = "nearest"\nwhen = {kind = "exam"}\nto = "0.001"'),
         "and may not be a whole thousandth"),
        (('[[mark]]\nid = "ninety"\nwhen = {kind = "watched"}', '[[mark]]\nid = "ninety"\nwhen = {kind = "exam"}'),
         'matches watched facts with neither a [[mark]] nor series = "increase"'),
        (('"length / 45"', '"words / length"'), "division by a field may stand only directly inside floor, ceil, "),
        (('["total"]', '["totl"]'), "there is no [[test]] 'totl'; tests: total"),
        (("first = 2026", 'first = 2026\nreduce = "days"'), "quotas by days may not be whole thousandths: "),
        (('[[mark]]', '[[convert]]\nid = "again"\nwhen = {kind = ["watched", "exam"]}\namount = 1\n\n[[mark]]'),
         "a piece must match at most one"),
    ],
)  # fmt: skip
def test_the_errors_are_those_that_the_page_lists(change: tuple[str, str], said: str) -> None:
    pages = [(ROOT / "docs" / f"rules.{lang}.md").read_text("utf-8") for lang in ("en", "zh")]
    example = blocks(pages[0])[0]
    assert change[0] in example
    with pytest.raises(RuleErrors) as wrong:
        load(example.replace(*change, 1))
    assert said in str(wrong.value)
    assert all(said in page for page in pages)
    (cells,) = (cells for line in pages[1].splitlines() if said in line and len(cells := line.split("|")) == 5)
    with (ROOT / "app/translations/zh_Hans_CN/LC_MESSAGES/messages.po").open("rb") as file:
        chinese = read_po(file)
    told = unnamed(" ".join(error.message.told(lambda key: str(chinese[key].string)) for error in wrong.value.errors))
    assert all(part in told for part in unnamed(cells[1].strip()).split("…")), told


def unnamed(text: str) -> str:
    """A message without the names and numbers of one rule set."""
    return re.sub(r"'\w+'|\d+", "", text)
