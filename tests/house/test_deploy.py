"""deploy/: what it says about PostgreSQL, the proxy and the services is tried, not only written."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner
from granian.cli import cli as granian
from psycopg.errors import InsufficientPrivilege

from app import factory
from app.courses.views import MOST_PIECE
from app.viewing.beats import MOST_BYTES
from tests import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


@pytest.fixture
def fresh_server() -> Iterator[services.PostgresServer]:
    """A server of this test alone, without the roles that the other tests use."""
    programs = services.find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql, or run `make test`")
    server = services.PostgresServer(programs, services._own_folder(), services.free_port())
    server.start()
    with server.connect() as connection:
        connection.execute(f"DROP ROLE {services.OWNER}")
        connection.execute(f"DROP ROLE {services.APP}")
    yield server
    server.stop()
    shutil.rmtree(server.folder.parent)


@pytest.mark.postgres
def test_the_database_is_as_the_guide_makes_it(fresh_server: services.PostgresServer, tmp_path: Path) -> None:
    psql = [str(fresh_server.programs / "psql"), "-h", "127.0.0.1", "-p", str(fresh_server.port), "-U", "postgres"]
    done = subprocess.run(
        [*psql, "-X", "-v", "ON_ERROR_STOP=1", "-f", str(DEPLOY / "postgresql.sql")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    urls = fresh_server.urls("duxue")
    services.migrated(urls, tmp_path)
    with psycopg.connect(urls.app_url.replace("+psycopg", ""), autocommit=True) as connection:
        for command in (
            "UPDATE evidence SET kind = kind", "DELETE FROM ledger_entry", "TRUNCATE audit_entry",
            "UPDATE rule_version SET text = ''", "CREATE TABLE mine (x int)", "DROP TABLE person",
            "ALTER TABLE evidence DISABLE TRIGGER ALL", "INSERT INTO alembic_version VALUES ('9')",
        ):  # fmt: skip
            with pytest.raises(InsufficientPrivilege):
                connection.execute(command)
        columns = "at, action, subject, outcome, detail"
        connection.execute(f"INSERT INTO audit_entry ({columns}) VALUES (now(), 'a', 'b', 'c', '')")
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    with fresh_server.connect() as admin:
        admin.execute("CREATE ROLE neighbour LOGIN")
    url = f"postgresql://neighbour@127.0.0.1:{fresh_server.port}/duxue"
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(url)


@pytest.mark.parametrize(
    ("peer", "told", "believed"),
    [
        ("127.0.0.1", "203.0.113.7", ("203.0.113.7", "https")),
        ("::1", "203.0.113.7", ("203.0.113.7", "https")),
        ("127.0.0.1", "198.51.100.9, 203.0.113.7", ("203.0.113.7", "https")),  # the proxy's own word is the last
        ("203.0.113.7", "127.0.0.1", ("203.0.113.7", "http")),
        ("127.0.0.1", "", ("127.0.0.1", "http")),
    ],
)
def test_only_a_proxy_on_this_machine_is_believed(
    monkeypatch: pytest.MonkeyPatch, peer: str, told: str, believed: tuple[str, str]
) -> None:
    seen = []

    def academy(environ: WSGIEnvironment, _start: StartResponse) -> Iterable[bytes]:
        seen.append((environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]))
        return []

    monkeypatch.setattr(factory, "create_app", lambda: academy)
    monkeypatch.delitem(sys.modules, "deploy.behind_proxy", raising=False)
    module = importlib.import_module("deploy.behind_proxy")
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_PROTO": "https"}
    module.app({**environ, **({"HTTP_X_FORWARDED_FOR": told} if told else {})}, None)
    monkeypatch.delitem(sys.modules, "deploy.behind_proxy")
    assert seen == [believed]


def test_the_services_call_what_exists() -> None:
    known = CliRunner().invoke(granian, ["--help"]).output
    units = {path.name: path.read_text("utf-8").replace("\\\n", " ") for path in (DEPLOY / "systemd").iterdir()}
    for name, text in units.items():
        if "granian" in text:
            for option in re.findall(r"--[a-z-]+", text.partition("granian")[2].partition("\n")[0]):
                assert option in known, (name, option)
        needed = re.findall(r"(?m)^(?:Requires|After)=(.*)$", text)
        for unit in re.findall(r"duxue[\w-]*\.service", " ".join(needed)):
            assert unit in units, (name, unit)
    assert "deploy.behind_proxy:app" in units["duxue.service"]
    owner = [name for name, text in units.items() if "owner.env" in text]
    assert owner == ["duxue-migrate.service"]


def test_the_proxy_lets_through_what_the_academy_takes() -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    plain = re.sub(r"(?m)#.*$", "", text)
    assert plain.count("{") == plain.count("}") > 10
    env = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", (DEPLOY / "duxue.env.example").read_text("utf-8")))
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", plain)) == {env["PORT"], env["CONTENT_PORT"]}
    sizes = [int(n) << {"k": 10, "m": 20}[unit] for n, unit in re.findall(r"client_max_body_size (\d+)([km]);", plain)]
    assert max(sizes) > MOST_PIECE
    assert MOST_BYTES in sizes
    academy, material = (block for block in re.split(r"(?m)^server \{", plain) if "ssl_certificate " in block)
    assert "X-Forwarded-For $remote_addr;" in academy
    assert "proxy_add_x_forwarded_for" not in plain
    assert 'proxy_set_header Cookie "";' in material
    hosts = re.findall(r"server_name (\S+);", academy + material)
    assert len(set(hosts)) == 2
    assert env["DUXUE_PUBLIC_URL"] == f"https://{hosts[0]}"
    assert env["DUXUE_CONTENT_HOST"] == f"https://{hosts[1]}"


def test_the_page_of_maintenance_stands_when_nothing_else_does() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    shown = re.findall(r"error_page 502 504 =503 (/\S+);", nginx)
    assert shown == ["/maintenance/index.html"]
    html = (DEPLOY / shown[0].lstrip("/")).read_text("utf-8")
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=", html)
    for address in re.findall(r'(?:src|href)="([^"]+)"', html):
        assert (DEPLOY / address.lstrip("/")).is_file(), address
    assert re.findall(r'lang="([\w-]+)"', html) == ["zh-CN", "en"]
    css = (DEPLOY / "maintenance" / "page.css").read_text("utf-8")
    assert css.count("{") == css.count("}") > 5
    assert "url(" not in css
