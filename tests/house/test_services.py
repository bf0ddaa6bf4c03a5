"""The services that tests stand on: two databases of one form, one browser, no way off this machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import ProgrammingError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.services import DatabaseUrls, PostgresServer

pytest_plugins = ["pytester"]


def test_databases_come_migrated_and_empty(any_database: DatabaseUrls) -> None:
    engine = create_engine(any_database.app_url)
    with engine.begin() as connection:
        assert "alembic_version" in inspect(connection).get_table_names()
        assert connection.execute(text("SELECT count(*) FROM audit_entry")).scalar_one() == 0
        columns = "at, action, subject, outcome, detail"
        connection.execute(text(f"INSERT INTO audit_entry ({columns}) VALUES ('2026-01-01', 'a', 'b', 'c', '')"))
    engine.dispose()


@pytest.mark.postgres
def test_the_application_is_not_the_owner(postgres_database: DatabaseUrls) -> None:
    engine = create_engine(postgres_database.app_url)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"owner|permission"):
        connection.execute(text("DROP TABLE audit_entry"))
    engine.dispose()


@pytest.mark.postgres
def test_the_server_keeps_what_it_acknowledged(postgres: PostgresServer) -> None:
    with postgres.connect() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {name}").fetchone() == ("on",)


@pytest.mark.browser
def test_a_real_browser_runs_and_reads_chinese(chromium: Browser) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.set_content("<p id=a>笃学</p>")
    assert page.inner_text("#a") == "笃学"
    context.close()


def test_leaving_this_machine_fails_even_when_the_error_is_hidden(pytester: pytest.Pytester) -> None:
    # TEST-NET-1 of RFC 5737: an address that nobody has.
    pytester.makeconftest("from tests.conftest import _stay_on_this_machine as _stay\nstay = _stay\n")
    pytester.makepyfile(
        """
        import socket
        def test_out():
            with socket.socket() as s:
                try:
                    s.connect(("192.0.2.1", 80))
                except OSError:
                    pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)


def test_loopback_is_open() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        socket.create_connection(server.getsockname()).close()


def test_a_skip_is_a_failure_on_the_guarded_line(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.conftest.NO_SKIP", True)
    pytester.makeconftest(
        "from tests.conftest import pytest_runtest_makereport, pytest_make_collect_report\n"
        "def pytest_configure(config): config.addinivalue_line('markers', 'samples: x')\n"
    )
    pytester.makepyfile(
        """
        import pytest
        def test_missing(): pytest.skip("no tool")
        @pytest.mark.samples
        def test_samples(): pytest.skip("no samples")
        @pytest.mark.xfail
        def test_known(): assert False
        """
    )
    pytester.makepyfile(test_whole="import pytest\npytest.skip('whole file', allow_module_level=True)")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--continue-on-collection-errors")
    result.assert_outcomes(failed=1, skipped=1, xfailed=1, errors=1)
