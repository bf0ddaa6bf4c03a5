"""What is said keeps its words: as text it is English, and it can be told in another language."""

from __future__ import annotations

import pytest

from app.rules.credit import document
from app.rules.credit.errors import RuleError, RuleErrors, say
from tests.rules.credit.kit import rules

WORDS = {
    "line %(line)s: %(table)s %(id)r: %(message)s": "第%(line)s行 %(table)s %(id)r：%(message)s",
    "%(key)r: %(message)s": "%(key)r：%(message)s",
    "needs %(keys)s": "缺%(keys)s",
    "%(one)r or %(other)r": "%(one)r或%(other)r",
    "not TOML: %(why)s": "不是TOML：%(why)s",
    "Invalid value": "这个值读不懂",
    "Cannot declare %(key)s twice": "%(key)s写了两次",
}


def chinese(template: str) -> str:
    return WORDS.get(template, template)


def test_it_is_its_english_text() -> None:
    said = say("needs %(keys)s", keys=say("%(one)r or %(other)r", one="a", other="b"))
    assert said == "needs 'a' or 'b'"
    assert f"{said}" == str(said) == "needs 'a' or 'b'"
    assert len({said, "needs 'a' or 'b'"}) == 1


def test_the_words_around_and_those_inside_are_told_too() -> None:
    error = RuleError(3, "cap", "c", say("needs %(keys)s", keys=say("%(one)r or %(other)r", one="a", other="b")))
    assert str(error) == "line 3: [[cap]] 'c': needs 'a' or 'b'"
    assert error.said().told(chinese) == "第3行 [[cap]] 'c'：缺'a'或'b'"


def test_what_was_written_is_no_template() -> None:
    said = say("%(key)r: %(message)s", key="100%", message=say("needs %(keys)s", keys="%(line)s%"))
    assert said == "'100%': needs %(line)s%"
    assert said.told(chinese) == "'100%'：缺%(line)s%"


@pytest.mark.parametrize(
    ("text", "line", "english", "told"),
    [
        ("[ruleset]\nid = \n", 2, "not TOML: Invalid value", "不是TOML：这个值读不懂"),
        ("[a]\n[a]\n", 2, "not TOML: Cannot declare ('a',) twice", "不是TOML：('a',)写了两次"),
        ("a = {b = 1, b = 2}", 1, "not TOML: Duplicate inline table key 'b'", None),
        ('a = "\\q"', 1, "not TOML: Unescaped '\\' in a string", None),
        ("a = 'b", 1, "not TOML: Expected \"'\"", None),
        ("a = \"\x00\"", 1, "not TOML: Illegal character '\\x00'", None),
        ("a = " + "9" * 5000, 2, "not TOML: a number has too many digits", None),
        ("a = " + "[" * 5000, 1, "not TOML: nested too deeply", None),
    ],
)  # fmt: skip
def test_what_is_not_toml_is_said_at_its_place(text: str, line: int, english: str, told: str | None) -> None:
    with pytest.raises(RuleErrors) as caught:
        document.load(text)
    [error] = caught.value.errors
    assert error.message == english
    assert error.message.told(chinese) == (told or error.message.told(chinese))
    assert error.line <= line


def test_no_mistake_loses_its_words_on_the_way() -> None:
    text = rules('cap = [{limit = 1}]\nconvert = [{id = "a", amount = "1 +", when = {kind = "x"}}]\n')
    with pytest.raises(RuleErrors) as caught:
        document.load(text)
    told = [error.message.told(lambda template: f"<{template}>") for error in caught.value.errors]
    assert all(each.startswith("<") and each.endswith(">") for each in told)
    assert any("<unexpected 'end'>" in each for each in told)
