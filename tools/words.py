"""The words of the interface: add translations, find what is missing, compile.

    python tools/words.py add words.tsv   merge msgid<TAB>msgstr lines into the Chinese catalogue
    python tools/words.py check           compare the catalogue with the sources (1 when a word is missing)
    python tools/words.py prune           take out of the catalogue what no source uses any more
    python tools/words.py compile         write the .mo that the application reads
    python tools/words.py pseudo FOLDER   write FOLDER/en/…/messages.mo: every word accented and 40 % longer, for tests

A plural is one line of three fields: msgid<TAB>msgid_plural<TAB>msgstr (Chinese has one form). In a TSV field
\\n and \\t stand for a line feed and a tab. Lines that are empty or begin with # are skipped.
"""

from __future__ import annotations

import argparse
import ast
import fcntl
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = "zh_Hans_CN"
PO = Path("app", "translations", LOCALE, "LC_MESSAGES", "messages.po")
HEADER = "# The Chinese words of Duxue. Edited by tools/words.py only."
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "N_": None,
    "say": None,  # app/rules/credit/errors.py: translated where it is shown
}
HOLES = re.compile(r"%\((\w+)\)[a-zA-Z]")
# What a translation keeps as it is: holes, markup, entities.
KEPT = re.compile(r"(%\(\w+\)[a-zA-Z]|%%|<[^<>]*>|&\w+;|\{\w+\})")
ACCENTED = str.maketrans("ACDEGHIJKLNORSTUWYZacdeghijklnorstuwyz", "ÀÇĎÉĜĤÎĴĶĻÑÖŘŠŤÛŴÝŽàçďéĝĥîĵķļñöřšťûŵýž")
LONGER, LONG_WORD = 0.4, 12
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}

Key = str | tuple[str, str]
Found = dict[Key, list[str]]


class WordError(Exception):
    """A line or a catalogue cannot be used; the text says where and what to write."""


def _unescape(field: str) -> str:
    return re.sub(r"\\[nt\\]", lambda match: ESCAPES[match.group()], field.strip())


def read_tsv(path: Path) -> dict[Key, str]:
    """msgid (or (msgid, plural)) → msgstr of a TSV file; `WordError` lists every line that is wrong."""
    words: dict[Key, str] = {}
    wrong = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip() or line.startswith("#"):
            continue
        fields = [_unescape(field) for field in line.split("\t")]
        if len(fields) not in (2, 3) or not all(fields):
            wrong.append(f"{path}:{number}: write msgid<TAB>msgstr, both filled in; found {line!r}")
            continue
        key: Key = fields[0] if len(fields) == 2 else (fields[0], fields[1])
        if complaint := _holes_differ(key, fields[-1]):
            wrong.append(f"{path}:{number}: {complaint}")
            continue
        words[key] = fields[-1]
    if wrong:
        raise WordError("\n".join(wrong))
    return words


def _holes_differ(key: Key, text: str) -> str:
    """A translation may only fill holes that its msgid has, or the page that uses it breaks."""
    known = set(HOLES.findall(key if isinstance(key, str) else " ".join(key)))
    used = set(HOLES.findall(text))
    if isinstance(key, str) and used != known:
        return f"{text!r} must have exactly the holes of {key!r}: {sorted(known) or 'none'}"
    if not used <= known:
        return f"{text!r} has holes that {key!r} lacks: {sorted(used - known)}"
    return ""


def read_catalogue(root: Path) -> Catalog:
    """The Chinese catalogue; an empty one when there is no file yet."""
    path = root / PO
    if not path.exists():
        return Catalog(locale=LOCALE, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, abort_invalid=True)


def _write_catalogue(root: Path, catalogue: Catalog) -> None:
    """Sorted, without places or dates, so that two people's additions meet in a small diff."""
    fresh = Catalog(locale=LOCALE, project="duxue", version="0", header_comment=HEADER, fuzzy=False, charset="utf-8")
    for message in catalogue:
        if message.id:
            fresh.add(message.id, message.string)
    path = root / PO
    path.parent.mkdir(parents=True, exist_ok=True)
    spare = path.with_suffix(f".{os.getpid()}.part")
    with spare.open("wb") as file:
        write_po(file, fresh, width=0, no_location=True, omit_header=True, sort_output=True)
    body = spare.read_bytes()
    rules = fresh.plural_forms
    head = (
        f'{HEADER}\nmsgid ""\nmsgstr ""\n"Language: {LOCALE}\\n"\n"Plural-Forms: {rules}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    spare.write_bytes(head.encode() + body.strip() + b"\n")
    spare.replace(path)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One editor at a time; the lock lies outside the tree that is committed and outside the .po itself."""
    folder = root / "var"
    folder.mkdir(exist_ok=True)
    with (folder / "words.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def add(root: Path, words: dict[Key, str]) -> tuple[int, int]:
    """Merge words into the catalogue: (added, changed). A later line wins over what was there."""
    added = changed = 0
    with _locked(root):
        catalogue = read_catalogue(root)
        for key, text in words.items():
            string: str | tuple[str, ...] = text if isinstance(key, str) else (text,)
            there = catalogue.get(key if isinstance(key, str) else key[0])
            if there is not None and there.id == key and there.string == string:
                continue
            added, changed = (added + 1, changed) if there is None else (added, changed + 1)
            if there is not None:
                catalogue.delete(key if isinstance(key, str) else key[0])
            catalogue.add(key, string)
        if added or changed:
            _write_catalogue(root, catalogue)
    return added, changed


def sources(root: Path) -> Iterator[Path]:
    """Every file that may hold words."""
    for path in sorted((root / "app").rglob("*")):
        if path.suffix == ".py" or (path.suffix in (".html", ".txt", ".svg", ".xml") and "templates" in path.parts):
            yield path


def _of_code(path: Path) -> Iterator[tuple[int, Key]]:
    """The words of a Python file. Read from its tree: an extractor that reads tokens misses, before Python 3.12, what
    stands inside an f-string."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
        texts = [each.value for each in node.args[:2] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if name not in KEYWORDS or len(texts) < len(KEYWORDS[name] or (1,)):
            continue
        yield node.lineno, (texts[0], texts[1]) if KEYWORDS[name] else texts[0]


def _of_template(path: Path) -> Iterator[tuple[int, Key]]:
    with path.open("rb") as file:
        options = {"encoding": "utf-8", "silent": "false"}
        for line, message, *_rest in extract("jinja2.ext:babel_extract", file, keywords=KEYWORDS, options=options):
            yield line, (message[0], message[1]) if isinstance(message, tuple) else message


def wanted(root: Path) -> Found:
    """Every msgid the sources use → the places ("file:line") that use it."""
    found: Found = {}
    for path in sources(root):
        try:
            hits = list(_of_code(path) if path.suffix == ".py" else _of_template(path))
        except Exception as error:
            raise WordError(f"{path.relative_to(root)}: cannot be read for words: {error}") from error
        for line, key in hits:
            if key and key[0]:
                found.setdefault(key, []).append(f"{path.relative_to(root)}:{line}")
    return found


def _text(message: Message | None) -> str:
    if message is None:
        return ""
    return message.string if isinstance(message.string, str) else "".join(message.string or ())


def _unused(catalogue: Catalog, found: Found) -> list[str]:
    """The msgids of the catalogue that no source uses."""
    used = {key if isinstance(key, str) else key[0] for key in found}
    ids = [message.id if isinstance(message.id, str) else message.id[0] for message in catalogue]
    return [name for name in ids if name and name not in used]


def prune(root: Path) -> list[str]:
    """Take out what no source uses; the msgids."""
    with _locked(root):
        catalogue = read_catalogue(root)
        unused = _unused(catalogue, wanted(root))
        for name in unused:
            catalogue.delete(name)
        if unused:
            _write_catalogue(root, catalogue)
    return unused


def compare(root: Path) -> tuple[list[str], list[str]]:
    """(faults, hints): words missing, empty or with wrong holes; words that no source uses."""
    found = wanted(root)
    catalogue = read_catalogue(root)
    faults = []
    for key, places in sorted(found.items(), key=lambda item: str(item[0])):
        first = key if isinstance(key, str) else key[0]
        message = catalogue.get(first)
        if message is None:
            faults.append(f"missing  {places[0]}  {first}")
        elif not _text(message):
            faults.append(f"empty    {places[0]}  {first}")
        elif isinstance(message.id, str) != isinstance(key, str):
            faults.append(f"plural   {places[0]}  {first} (used with and without a plural)")
        elif complaint := _holes_differ(key, _text(message)):
            faults.append(f"holes    {places[0]}  {complaint}")
    return faults, [f"unused   {name}" for name in _unused(catalogue, found)]


def compile_catalogue(root: Path) -> Path:
    """Write the .mo beside the .po and return its path; a reader never sees half of it."""
    path = (root / PO).with_suffix(".mo")
    path.parent.mkdir(parents=True, exist_ok=True)
    spare = path.with_suffix(f".{os.getpid()}.part")
    with spare.open("wb") as file:
        write_mo(file, read_catalogue(root))
    spare.replace(path)
    return path


def pseudo(text: str) -> str:
    """A text as a wordy language might have it: accented, 40 % longer, between ‹ and ›; holes and markup stay.

    A short word grows by itself, as it would in German; what is longer gets more words, so it may break.
    """
    parts = KEPT.split(text)
    letters = sum(each.isalpha() for part in parts[::2] for each in part)
    more = "".join("öñéšûîà"[at % 7] for at in range(math.ceil(letters * LONGER)))
    tail = more if letters <= LONG_WORD else "".join(f" {more[at : at + 6]}" for at in range(0, len(more), 6))
    said = "".join(part if at % 2 else part.translate(ACCENTED) for at, part in enumerate(parts))
    return f"‹{said}{tail}›"


def write_pseudo(root: Path, folder: Path) -> Path:
    """Every word of the sources, made strange, as the English catalogue of another folder; the .mo's path."""
    catalogue = Catalog(locale="en", fuzzy=False)
    for key in wanted(root):
        catalogue.add(key, pseudo(key) if isinstance(key, str) else tuple(map(pseudo, key)))
    path = folder / "en" / "LC_MESSAGES" / "messages.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)
    return path


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 done, 1 words are missing or a line is wrong."""
    parser = argparse.ArgumentParser(
        prog="tools/words.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (for tests)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("add").add_argument("files", type=Path, nargs="+", metavar="words.tsv")
    commands.add_parser("check")
    commands.add_parser("prune")
    commands.add_parser("compile")
    commands.add_parser("pseudo").add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except (WordError, OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    root: Path = options.root
    if options.command == "add":
        read = [read_tsv(path) for path in options.files]  # all or none: a wrong file changes nothing
        added, changed = add(root, {key: text for words in read for key, text in words.items()})
        print(f"words: {added} added, {changed} changed")
    elif options.command == "prune":
        gone = prune(root)
        print("\n".join([*(f"removed  {name}" for name in gone), f"words: {len(gone)} removed"]))
    elif options.command == "compile":
        print(f"words: wrote {compile_catalogue(root).relative_to(root)}")
    elif options.command == "pseudo":
        print(f"words: wrote {write_pseudo(root, options.folder)}")
    else:
        faults, hints = compare(root)
        print("\n".join([*faults, *hints, f"words: {len(faults)} to do, {len(hints)} unused"]))
        return 1 if faults else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
