"""The tables of docs/personal-data.md, from what a copy holds.

PYTHONPATH=. python tools/personal_data.py   writes them between the marks of that file
"""

from __future__ import annotations

import re
from pathlib import Path

from app.myself.taking.parts import LEFT_OUT, PARTS
from app.myself.taking.reading import name_of

DOCS = Path(__file__).resolve().parent.parent / "docs" / "personal-data.md"


def held() -> str:
    """What a copy holds."""
    lines = ["| part | columns |", "|---|---|"]
    for part in PARTS:
        names = ", ".join(f"`{name_of(column, how)}`" for column, how in part.takes.items())
        lines.append(f"| `{part.name}` | {names} |")
    return "\n".join(lines)


def left() -> str:
    """What it does not hold, and why."""
    lines = ["| what | why |", "|---|---|"]
    for name, reason in sorted(LEFT_OUT.items()):
        lines.append(f"| `{name}` | {reason} |")
    for part in PARTS:
        for reason in dict.fromkeys(part.without.values()):
            names = ", ".join(f"`{column}`" for column, why in part.without.items() if why == reason)
            lines.append(f"| `{part.table}`: {names} | {reason} |")
    return "\n".join(lines)


def main() -> None:
    """Write both."""
    told = DOCS.read_text(encoding="utf-8")
    for mark, table in (("held", held()), ("left", left())):
        told = re.sub(
            rf"(<!-- {mark} -->\n).*?(\n<!-- /{mark} -->)",
            lambda found, table=table: found[1] + table + found[2],  # type: ignore[misc]
            told, flags=re.S,
        )  # fmt: skip
    DOCS.write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
