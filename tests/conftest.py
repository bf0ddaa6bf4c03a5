"""What every test may ask for, and what none may do: skip on the guarded line, or leave this machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.nodeid import NodeId
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.services import DatabaseUrls, PostgresServer

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine can be reached from a page.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
NO_SKIP = os.environ.get("DUXUE_NO_SKIP") == "1"


def _not_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: DUXUE_NO_SKIP=1, and only tests marked `samples` may skip. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On the guarded line a skip is a failure: a missing tool must not look like a pass."""
    report = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail") and not item.get_closest_marker("samples"):
        _not_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself whole."""
    report = yield
    if NO_SKIP and report.skipped:
        _not_skipped(report)
    return report


class _AtOnce:
    """Names each failure when it happens: a run of half an hour that is stopped has told what it knew."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line(f"\n{report.when} failed: {report.nodeid}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Only where results are gathered: a worker has no terminal of its own."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_AtOnce(terminal), "failures-at-once")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups stay together on one worker. xdist (3.8) writes a test's group where pytest (9.2) no longer reads it:
    every group was dealt out to all workers, and each built what a group has in common."""
    for item in items:
        grouped = getattr(item, "_nodeid", "")
        if "@" in grouped.rpartition("]")[2]:
            item._id = NodeId.parse(grouped)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Totals that tests recorded as `total`, which each run shows, also when they passed on a worker."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    told = [value for report in reports for name, value in getattr(report, "user_properties", ()) if name == "total"]
    if told:
        terminalreporter.section("totals")
    for line in dict.fromkeys(told):
        terminalreporter.write_line(str(line))


def _is_here(address: object) -> bool:
    """True for a Unix socket and for loopback."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    return host in ("localhost", "::1", "") or host.startswith("127.")


@pytest.fixture(autouse=True)
def _stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that tries to connect beyond loopback fails, even if the code under test hides the error."""
    tried: list[object] = []
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto

    def guard(original: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(self: socket.socket, *arguments: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(arguments[-1]):
                tried.append(arguments[-1])
                raise ConnectionRefusedError(f"tests stay on this machine; {arguments[-1]} is elsewhere")
            return original(self, *arguments)

        return guarded

    monkeypatch.setattr(socket.socket, "connect", guard(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(connect_ex))
    monkeypatch.setattr(socket.socket, "sendto", guard(sendto))
    yield
    if tried:
        pytest.fail(f"tried to reach {tried}: tests stay on this machine")


class _Compiled(BytecodeCache):
    """What templates come to, for all applications of this process: each test makes one, and compiling the same
    templates again took a quarter of its time."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._known[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def _templates_are_compiled_once() -> Iterator[None]:
    options, compiled = Flask.jinja_options, _Compiled()
    Flask.jinja_options = {**options, "bytecode_cache": compiled}
    yield
    Flask.jinja_options = options


@pytest.fixture(scope="session", autouse=True)
def _addresses_are_compiled_once() -> Iterator[None]:
    """For all applications of this process: werkzeug (3.1) compiles two functions of each rule, which took 0.12 s of
    each application, most of what there is to making one. They depend on nothing but what the key holds."""
    known: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}
    whole = Rule._compile_builder

    def once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = whole(rule, append_unknown)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _production_passwords() -> Iterator[dict[str, Any]]:
    """Outside `costly_passwords`, hashes of next to no cost: most tests begin with signing in."""
    from app.people import passwords

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    production = {"_hasher": passwords._hasher, "_NOBODY": passwords._NOBODY}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cheap)
        patch.setattr(passwords, "_NOBODY", cheap.hash("nobody"))
        yield production


@pytest.fixture
def costly_passwords(_production_passwords: dict[str, Any]) -> Iterator[None]:
    """The parameters of production, also for the password of `factories`."""
    from app.people import passwords
    from tests import factories

    with pytest.MonkeyPatch.context() as patch:
        for name, value in _production_passwords.items():
            patch.setattr(passwords, name, value)
        patch.setattr(factories, "_hashed", cache(factories._hashed.__wrapped__))
        yield


@pytest.fixture(scope="session")
def meeting_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres(meeting_folder: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server of this run, shared by its workers, fsync on."""
    from tests import services

    programs = services.find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql, or run `make test`")
    with services.shared_server(programs, meeting_folder, in_memory=True) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, made once for this worker."""
    from tests import services

    folder = tmp_path_factory.mktemp("sqlite-template")
    url = f"sqlite:///{folder / 'duxue.sqlite'}"
    services.migrated(services.DatabaseUrls(url, url, ""), folder)
    return folder / "duxue.sqlite"


def _database_name(request: pytest.FixtureRequest, folder: Path) -> str:
    """Readable, unique to test and worker, within PostgreSQL's 63 characters."""
    plain = re.sub(r"\W+", "_", request.node.name).strip("_").lower()[:30]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw")
    return f"t_{plain}_{worker}_{abs(hash(str(folder))):x}"[:63]


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> DatabaseUrls:
    """A migrated SQLite database of this test."""
    from tests import services

    path = tmp_path / "db" / "duxue.sqlite"
    services.copy_sqlite(sqlite_template, path)
    return services.DatabaseUrls(f"sqlite:///{path}", f"sqlite:///{path}", "")


@pytest.fixture
def postgres_database(
    postgres: PostgresServer, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[DatabaseUrls]:
    """A migrated PostgreSQL database of this test."""
    name = _database_name(request, tmp_path)
    yield postgres.new_database(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_database(request: pytest.FixtureRequest) -> DatabaseUrls:
    """A migrated database of this test, once on each engine."""
    kind = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    urls: DatabaseUrls = request.getfixturevalue(kind)
    return urls


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser; each test opens a context of its own. Of a module, as Playwright keeps an event loop running as
    long as there is one, and whatever comes next on this worker may want its own."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium, or run `make test`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample files; tests that ask for it are marked `samples`."""
    given = os.environ.get("DUXUE_SAMPLES", "")
    if not given or not Path(given).is_dir():
        pytest.skip("DUXUE_SAMPLES names no folder")
    return Path(given)
