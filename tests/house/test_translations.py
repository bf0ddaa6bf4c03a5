"""Every word of the interface has its Chinese; and tools/words.py, which keeps them, does what it says."""

from __future__ import annotations

import ast
import gettext
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("duxue_words", ROOT / "tools" / "words.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


words = _load()


def test_no_word_lacks_its_chinese() -> None:
    faults, _hints = words.compare(ROOT)
    assert faults == []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small repository with three words in code and three in a template."""
    (tmp_path / "app" / "templates").mkdir(parents=True)
    (tmp_path / "app" / "views.py").write_text(
        "from flask_babel import gettext as _, lazy_gettext, ngettext\n"
        "a = _('Saved')\nb = lazy_gettext('Name')\nc = ngettext('%(num)s hour', '%(num)s hours', 2)\n"
    )
    (tmp_path / "app" / "templates" / "page.html").write_text(
        "{{ _('Sign in') }} {% trans %}Good day{% endtrans %} {{ _('%(n)s left', n=3) }}"
    )
    return tmp_path


def _tsv(house: Path, text: str) -> str:
    path = house / "words.tsv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _run(house: Path, *arguments: str) -> int:
    code: int = words.main(["--root", str(house), *arguments])
    return code


def test_every_message_of_the_rules_is_written_where_it_is_said() -> None:
    """A template that is put together elsewhere would be missed by tools/words.py, and stay English."""
    loose = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "app").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
        if not (isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str))
    ]
    assert loose == []


def test_a_message_of_the_rules_needs_its_chinese(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (house / "app" / "rules.py").write_text('say("needs %(keys)s",\n    keys=say("%(one)r or %(other)r", one=1))\n')
    assert _run(house, "check") == 1
    said = capsys.readouterr().out
    assert "missing  app/rules.py:1  needs %(keys)s" in said
    assert "%(one)r or %(other)r" in said


ALL = (
    "# words\nSaved\t已保存\nName\t姓名\n%(num)s hour\t%(num)s hours\t%(num)s 小时\n\n"
    "Sign in\t登录\nGood day\t你好\n%(n)s left\t还剩 %(n)s\n"
)


def test_check_names_what_is_missing_and_where(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(house, "add", _tsv(house, "Saved\t已保存\nOld\t旧\n"))
    assert _run(house, "check") == 1
    said = capsys.readouterr().out
    assert "missing  app/templates/page.html:1  Sign in" in said
    assert "missing  app/views.py:4  %(num)s hour" in said
    assert "unused   Old" in said
    assert "Saved" not in said
    assert "5 to do, 1 unused" in said


def test_a_word_inside_an_f_string_is_a_word(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (house / "app" / "chart.py").write_text("""d = f"<text>{escape(_('Even pace %(n)s', n=1))}</text>"\n""")
    _run(house, "add", _tsv(house, ALL))
    assert _run(house, "check") == 1
    assert "missing  app/chart.py:1  Even pace %(n)s" in capsys.readouterr().out


def test_prune_takes_out_only_what_nobody_uses(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(house, "add", _tsv(house, ALL))
    before = (house / words.PO).read_bytes()
    _run(house, "add", _tsv(house, "Old\t旧\n%(n)s old\t%(n)s olds\t%(n)s 旧\n"))
    assert _run(house, "prune") == 0
    assert capsys.readouterr().out.endswith("removed  %(n)s old\nremoved  Old\nwords: 2 removed\n")
    assert (house / words.PO).read_bytes() == before
    assert _run(house, "prune") == 0
    assert (house / words.PO).read_bytes() == before


def test_a_full_catalogue_passes_and_compiles(house: Path) -> None:
    assert _run(house, "add", _tsv(house, ALL)) == 0
    assert _run(house, "check") == 0
    assert _run(house, "compile") == 0
    with (house / words.PO).with_suffix(".mo").open("rb") as file:
        chinese = gettext.GNUTranslations(file)
    assert chinese.gettext("Sign in") == "登录"
    assert chinese.ngettext("%(num)s hour", "%(num)s hours", 2) == "%(num)s 小时"


def test_adding_again_changes_no_byte_and_a_later_line_wins(house: Path) -> None:
    _run(house, "add", _tsv(house, ALL))
    before = (house / words.PO).read_bytes()
    _run(house, "add", _tsv(house, ALL))
    assert (house / words.PO).read_bytes() == before
    _run(house, "add", _tsv(house, "Name\t名字\n"))
    assert "名字" in (house / words.PO).read_text("utf-8")
    assert "姓名" not in (house / words.PO).read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("Only one field", "write msgid<TAB>msgstr"),
        ("Saved\t", "write msgid<TAB>msgstr"),
        ("%(n)s left\t还剩 %(m)s", "must have exactly the holes"),
        ("Saved\t已保存 %(n)s", "must have exactly the holes"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(
    house: Path, capsys: pytest.CaptureFixture[str], line: str, complaint: str
) -> None:
    assert _run(house, "add", _tsv(house, f"Sign in\t登录\n{line}\n")) == 1
    said = capsys.readouterr().err
    assert "words.tsv:2:" in said
    assert complaint in said
    assert not (house / words.PO).exists()


def test_wrong_holes_in_the_catalogue_are_found(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(house, "add", _tsv(house, ALL))
    path = house / words.PO
    path.write_text(path.read_text("utf-8").replace("还剩 %(n)s", "还剩 %(x)s"), encoding="utf-8")
    assert _run(house, "check") == 1
    assert "holes    app/templates/page.html:1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Save", ["‹Š"]),
        ("%(num)s hours to <b>%(end)s</b>", ["%(num)s", "<b>%(end)s</b>"]),
        ("Page {n} of {count} &amp; 100%%", ["{n}", "{count}", "&amp;", "100%%"]),
    ],
)
def test_a_pseudo_word_is_longer_and_keeps_what_is_no_word(text: str, kept: list[str]) -> None:
    made = words.pseudo(text)
    assert [each for each in kept if each not in made] == []
    assert made[0] + made[-1] == "‹›"
    letters = sum(each.isalpha() for each in re.sub(words.KEPT, "", text))
    assert len(made) >= len(text) + 0.4 * letters
    assert not words._holes_differ(text, made)


def test_the_pseudo_catalogue_has_every_word_and_both_plurals(house: Path) -> None:
    assert _run(house, "pseudo", str(house / "strange")) == 0
    with (house / "strange" / "en" / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        strange = gettext.GNUTranslations(file)
    assert strange.gettext("Sign in") == words.pseudo("Sign in") != "Sign in"
    assert strange.ngettext("%(num)s hour", "%(num)s hours", 1) == words.pseudo("%(num)s hour")
    assert strange.ngettext("%(num)s hour", "%(num)s hours", 5) == words.pseudo("%(num)s hours")
