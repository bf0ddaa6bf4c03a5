"""Links in the documents lead somewhere; files, functions, tests and words on pages that they name exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tools import access_table

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for folder in ("", "docs", "docs/adr", "docs/guide", "deploy", "content")
    for path in (ROOT / folder).glob("*.md")
)


def test_make_targets_that_documents_name_exist() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8")))
    for path in PAGES:
        named = set(re.findall(r"(?m)(?:`|^)(?:[A-Z_]+=\S+ )*make ([a-z]+)", path.read_text("utf-8")))
        assert named <= targets, (path.name, named - targets)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings."""
    heads = re.findall(r"(?m)^#+ (.+)$", path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_links_lead_somewhere() -> None:
    wrong, count = [], 0
    for path in PAGES:
        text = re.sub(r"(?s)```.*?```", "", path.read_text("utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            count += 1
            place, _, anchor = target.partition("#")
            found = (path.parent / place).resolve() if place else path
            if not found.exists() or (anchor and anchor not in anchors(found)):
                wrong.append(f"{path.relative_to(ROOT)}: {target}")
    assert wrong == []
    assert count > 80


def files_named(text: str) -> set[str]:
    """Paths in backticks that look like ones of this repository."""
    tops = "app|docs|tests|tools|content|deploy|migrations|bench"
    return set(re.findall(rf"`((?:{tops})/[\w./-]*[\w/])`", text))


def test_files_that_documents_name_are_there() -> None:
    wrong = {
        path.name: missing
        for path in PAGES
        if (missing := {name for name in files_named(path.read_text("utf-8")) if not (ROOT / name).exists()})
    }
    assert wrong == {}


def names_in(path: Path) -> set[str]:
    """What a file defines: functions, classes, methods, constants (of a script: every word)."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        return set(re.findall(r"\w+", text))
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


@pytest.mark.parametrize("name", ["tour.md", "tour.zh.md"])
def test_the_tour_names_what_exists(name: str) -> None:
    links = re.findall(r"\[`([\w.]+)`\]\(\.\./([\w./-]+)\)", (ROOT / "docs" / name).read_text("utf-8"))
    assert len(links) > 30
    wrong = [
        f"{word} in {place}"
        for word, place in links
        if not (ROOT / place).exists() or (word not in names_in(ROOT / place) and not place.endswith(f"/{word}"))
    ]
    assert wrong == []


def test_both_tours_walk_the_same_way() -> None:
    english, chinese = ((ROOT / "docs" / name).read_text("utf-8") for name in ("tour.md", "tour.zh.md"))
    places = r"\(\.\./(app/[\w./-]+)\)"
    assert re.findall(places, english) == re.findall(places, chinese)


def test_functions_in_the_decisions_exist() -> None:
    """`name` in `file` and `name` (`file`): the nearest file named before or after must define it."""
    wrong = []
    for path in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        text = path.read_text("utf-8")
        for word, place in re.findall(r"`([A-Za-z_.]+)(?:\([a-z]*\))?`\s(?:in\s|\()`(app/[\w/]+\.py)`", text):
            last = word.rpartition(".")[2]
            if last not in names_in(ROOT / place):
                wrong.append(f"{path.name}: {word} in {place}")
    assert wrong == []


def words() -> tuple[set[str], set[str]]:
    """(English, Chinese) words of the interface."""
    with (ROOT / "app/translations/zh_Hans_CN/LC_MESSAGES/messages.po").open("rb") as file:
        found = [message for message in read_po(file) if message.id]
    texts = [part for message in found for part in ((message.id,) if isinstance(message.id, str) else message.id)]
    return set(texts), {str(message.string) for message in found}


@pytest.mark.parametrize("place", [0, 1], ids=["en", "zh"])
def test_bold_words_in_the_guides_stand_on_the_pages(place: int) -> None:
    known, wrong = words()[place], []
    for path in sorted((ROOT / "docs" / "guide").glob(f"*.{('en', 'zh')[place]}.md")):
        if path.name.startswith("operator"):
            continue
        text = path.read_text("utf-8")
        # The bold beginning of an item is that item's heading.
        bold = re.findall(r"\*\*([^*]+)\*\*", re.sub(r"(?m)^\* \*\*[^*]+\*\*", "", text))
        assert bold, path.name
        wrong += [f"{path.name}: {word}" for word in bold if word not in known]
    assert wrong == []


def test_the_tests_that_the_security_page_names_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 30
    assert [f"{place}::{name}" for place, name in named if name not in names_in(ROOT / place)] == []


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    files = {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")}
    assert set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", index)) == files


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_a_readme_is_one_screen(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= 45


def test_the_page_of_rights_is_the_table() -> None:
    assert access_table.FILE.read_text("utf-8") == access_table.text(), "PYTHONPATH=. python tools/access_table.py"
