"""Write docs/access.md from the access table in app/rules/access.py.

    python tools/access_table.py

A test compares the file with the table.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.pofile import read_po

from app.base.labels import WORDS
from app.rules.access import WHOLE, matrix

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs/access.md"
PO = ROOT / "app/translations/zh_Hans_CN/LC_MESSAGES/messages.po"
HEAD = """# Who may do what

Written by `tools/access_table.py` from the table in `app/rules/access.py`; not edited by hand.

A person holds roles, each with a reach and days. **own** is what is one's own; **class** one virtual class; **unit**
a unit and all below it; **academy** everything. A permission reaches as far as the roles that hold it: pages, lists,
exports and computations show nothing beyond. Each address says which permission it asks for
(`tests/house/test_access.py`), and what lies outside of a reach does not exist there (`tests/house/test_scopes.py`,
`tests/house/test_crossing.py`).

Only for the whole academy, never for a part of it: {whole}.

The system, security and audit administrators exclude each other (`DUXUE_SEPARATED_ADMINS`). Nobody gives or takes
a role of one's own.

"""


def text() -> str:
    """The whole page."""
    with PO.open("rb") as file:
        words = {message.id: message.string for message in read_po(file)}
    english = {role: str(word) for role, word in WORDS["role"].items()}
    names = {role: {"en": word, "zh": str(words[word])} for role, word in english.items()}
    return HEAD.format(whole=", ".join(f"`{each}`" for each in sorted(WHOLE))) + matrix(names)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
