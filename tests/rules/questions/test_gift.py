"""GIFT: what is read of it, what is said of the rest, and that nothing makes the reading crash or hang."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.rules.questions import gift, gift_text
from app.rules.questions.draft import MOST_OPTION, Draft, Option, digest, faults, tidied, true_or_false
from app.rules.questions.gift import NotTaken, Taken, Wrong, parse


def only(text: str) -> gift.Item:
    found = list(parse(text))
    assert len(found) == 1, found
    return found[0]


def taken(text: str) -> Draft:
    found = only(text)
    assert isinstance(found, Taken), found
    return found.draft


def fault(text: str) -> str:
    found = only(text)
    assert isinstance(found, Wrong), found
    return found.faults[0].code


def marks(draft: Draft) -> str:
    """The options in one line, the right ones with =."""
    return " ".join(("=" if each.right else "~") + each.text for each in draft.options)


def test_one_answer() -> None:
    item = only(
        "// a comment\n::Q2:: What's between orange and green?\n{\n =yellow # right; good!\n ~red\n ~blue # no\n}"
    )
    assert isinstance(item, Taken)
    assert (item.title, item.line, item.remarks) == ("Q2", 2, ("feedback",))
    assert (item.draft.kind, item.draft.text) == ("single", "What's between orange and green?")
    assert (marks(item.draft), item.draft.explanation) == ("=yellow ~red ~blue", "right; good!")


def test_several_answers() -> None:
    draft = taken("Which? {~%50%a ~%-100%b ~%50%[plain]c ~d}")
    assert (draft.kind, marks(draft)) == ("multiple", "=a ~b =c ~d")


@pytest.mark.parametrize("word", ["T", "TRUE", "true", " T ", "T#wrong#right"])
def test_true(word: str) -> None:
    draft = taken(f"Sand is fine.{{{word}}}")
    assert (draft.kind, marks(draft)) == ("truefalse", "=True ~False")


def test_false_speaks_the_language_of_its_statement() -> None:
    assert marks(taken("沙子很大。{F}")) == "~对 =错"
    assert marks(taken("Sand is large.{FALSE}")) == "~True =False"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("S.{T####general}", "general"),
        ("S.{T#what is so#well done}", "what is so"),
        ("S.{T}", ""),
        ("S?{=a#one ~b#two####three}", "three"),
        ("S?{=a#one ~b#two}", "one"),
        ("S?{~%50%a#one ~%50%b#one ~c}", "one"),
    ],
)
def test_one_explanation_is_kept(text: str, why: str) -> None:
    assert taken(text).explanation == why


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grant is {~buried =entombed} in Grant's tomb.", "Grant is ____ in Grant's tomb."),
        ("会议议定，写{=要执行的事 ~汇报}。", "会议议定，写____。"),
        ("Choose\n{=a ~b}.", "Choose ____."),
        ('It is so.{T}";', "It is so."),
        ("It is so {T} indeed.", "It is so indeed."),
    ],
)
def test_a_missing_word(text: str, shown: str) -> None:
    assert taken(text).text == shown


def test_escapes() -> None:
    draft = taken(r"::a\:\:b::1 \= 1 \{x\} \~ \# c\\n\nd{=\=a ~\~b}")
    assert draft.text == "1 = 1 {x} ~ # c\\n\nd"
    assert marks(draft) == "==a ~~b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[html]<p>a <b>b</b>&amp;c&nbsp;d</p><p>e</p>{T}", "a b&c d\n\ne"),
        ("[html]x<sup>2</sup> + y<sub>10</sub> + e<sup>-x</sup>{T}", "x² + y₁₀ + e^(-x)"),
        ("[html]a<script>alert(1)</script><style>p</style><!-- <b> -->b{T}", "ab"),
        ("[html]<ul><li>a</li><li>b</li></ul>{T}", "- a\n- b"),
        ("[markdown]# Head\\n**b** *i* `c` [link](http\\://x) a*b*c{T}", "Head\nb i c link a*b*c"),
        ("[plain]<b>a</b> &amp; **b**{T}", "<b>a</b> &amp; **b**"),
        ("[moodle]<b>a</b> 1<2 x <y and z> 3{T}", "a 1<2 x <y and z> 3"),
        ("[sic] a{T}", "[sic] a"),
        ("&#x202E;a{T}", "\u202ea"),  # refused where it is added
    ],
)
def test_marks_become_plain_text(text: str, shown: str) -> None:
    assert taken(text).text == shown


def test_options_have_formats_of_their_own() -> None:
    assert marks(taken("[html]Q{=<b>a</b> ~[plain]<b>b</b> ~[markdown]**c**}")) == "=a ~<b>b</b> ~c"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write about it. {}", "essay"),
        ("How many? {#3:2}", "numerical"),
        ("How many? {#=3 =4}", "numerical"),
        ("Best animal? {=Frog#Good! =%50%Cat}", "short"),
        ("Match. {=a -> b =c -> d}", "matching"),
        ("Only a text.", "description"),
        ('[html]<img src\\="x.png">What?{=a ~b}', "picture"),
        ("What? {=[html]<img src\\=x> ~b}", "picture"),
        ("[markdown]![a](b.png) What?{T}", "picture"),
    ],
)
def test_what_cannot_be_asked_is_named(text: str, kind: str) -> None:
    found = only(text)
    assert isinstance(found, NotTaken)
    assert found.kind == kind


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a {=b ~c", "unclosed"),
        ("a } b", "unopened"),
        ("a } b {", "unopened"),
        ("a {=b ~c} d {=e ~f}", "many_braces"),
        ("a {=b {x} ~c}", "many_braces"),
        ("::a {T}", "title"),
        ("a {b}", "no_answers"),
        ("a {b ~c =d}", "stray"),
        ("a {~b ~c}", "none_right"),
        ("a {=b =c ~d}", "several_right"),
        ("a {=b ~b}", "same_option"),
        ("a {=b ~}", "empty_option"),
        ("a {=b ~" + "c" * (MOST_OPTION + 1) + "}", "long_option"),
        ("a {~%100%b}", "few_options"),
        ("a {=1 ~2 ~3 ~4 ~5 ~6 ~7 ~8 ~9}", "many_options"),
        ("{T}", "no_text"),
        ("a" * 1001 + "{T}", "long_text"),
        ("a{T####" + "b" * 2001 + "}", "long_explanation"),
        ("a" * 20_001, "long_block"),
        ("a\x07{T}", "control"),
    ],
)
def test_what_is_wrong_is_said(text: str, code: str) -> None:
    assert fault(text) == code


def test_a_control_character_is_found_by_its_line() -> None:
    found = only("// comment\na\nb\x01\n{T}")
    assert isinstance(found, Wrong)
    assert (found.line, found.faults[0].holes) == (3, {"sign": "U+0001"})


def test_one_broken_question_spoils_no_other() -> None:
    found = list(parse("a {=b\n\nc {T}\n\n::d::e } f\n\ng {=h ~i}"))
    assert [(type(each).__name__, each.line) for each in found] == [
        ("Wrong", 1), ("Taken", 3), ("Wrong", 5), ("Taken", 7),
    ]  # fmt: skip


def test_a_title_begins_a_new_question_even_without_an_empty_line() -> None:
    assert [each.title for each in parse("::a::b{T}\n::c::d{F}")] == ["a", "c"]
    assert [each.line for each in parse("::a::b{\n=x\n~y\n}\n// comment\n::c::d{F}")] == [1, 6]


def test_categories() -> None:
    found = list(parse("$CATEGORY: $course$/top/A//B\na{T}\n\nb{T}\n\n$CATEGORY: C\n\nc{T}"))
    assert [each.category for each in found if isinstance(each, Taken)] == ["A/B", "A/B", "C"]


@pytest.mark.parametrize("text", ["", "\n\n", "// only a comment", "\ufeff", "\u3000\n \t", "$CATEGORY: a"])
def test_nothing(text: str) -> None:
    assert list(parse(text)) == []


SIGNS = [
    *"\\:#={}~%$/[]<>!*_`&;\n\r\t ",
    "::",
    "####",
    "//",
    "->",
    "%50%",
    "{T}",
    "[html]",
    "$CATEGORY:",
    "<b>",
    "<!--",
]
SIGNS += ["&amp;", "字", "\x00", "\x01", "\u202e", "\u2028", "\\n", "a"]
# Whatever an unlucky pattern might try again and again.
PIECES = [
    "<",
    "<b ",
    "<b a=",
    "<!--",
    "&",
    "\\",
    "::",
    "{",
    "}",
    "%",
    "#",
    "*",
    "**a",
    "_a ",
    "[a](",
    "![",
    "<sup>",
    "\n",
]
PIECES += ["//\n", "a\n::b::c{T}\n", "=", "~"]


@given(st.one_of(st.text(), st.lists(st.sampled_from(SIGNS), max_size=200).map("".join)))
def test_any_text_is_read_to_its_end(text: str) -> None:
    for item in parse(text):
        assert 1 <= item.line <= text.count("\n") + text.count("\r") + 1
        assert len(item.title) <= gift.MOST_TITLE
        if isinstance(item, Taken):
            assert faults(item.draft) == []
            assert tidied(item.draft) == item.draft
            assert not gift._CONTROL.search(item.draft.text.replace("\n", ""))


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("form", ["[html]", "[markdown]", ""])
def test_nothing_takes_long(piece: str, form: str) -> None:
    text = form + (piece * (gift.MOST_BLOCK // len(piece)))[: gift.MOST_BLOCK - 20] + "{=a ~b}"
    began = time.perf_counter()
    list(parse(text))
    assert time.perf_counter() - began < 2


words_ = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("\\:#={}~%[]n/$<"), max_size=40
)
lines_ = st.lists(words_, max_size=4).map("\n".join)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Tidied questions without a fault."""
    text, why = draw(lines_), draw(lines_)
    if draw(st.booleans()):
        made = tidied(true_or_false(text, draw(st.booleans()), why))
    else:
        texts = draw(st.lists(words_, min_size=2, max_size=8))
        kind = draw(st.sampled_from(["single", "multiple"]))
        right = draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
        if kind == "single":
            place = draw(st.integers(0, len(texts) - 1))
            right = [number == place for number in range(len(texts))]
        options = tuple(Option(each, is_right) for each, is_right in zip(texts, right, strict=True))
        made = tidied(Draft(kind, text, options, why))
    assume(not faults(made))
    return made


@given(st.lists(st.tuples(words_, st.lists(drafts(), max_size=3)), max_size=3))
def test_what_is_written_is_read_again(groups: list[tuple[str, list[Draft]]]) -> None:
    found = list(parse(gift_text.write(groups)))
    assert [each.draft for each in found if isinstance(each, Taken)] == [one for _name, all_ in groups for one in all_]
    assert all(isinstance(each, Taken) for each in found)


@given(drafts())
def test_the_order_of_options_makes_no_other_question(draft: Draft) -> None:
    turned = Draft(draft.kind, draft.text, draft.options[::-1], "another why")
    assert digest(turned) == digest(draft)
    assert digest(Draft(draft.kind, draft.text + "?", draft.options)) != digest(draft)
