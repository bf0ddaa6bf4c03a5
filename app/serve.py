"""`duxue serve`: the academy and its content origin, each in its own server process, on one machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from types import FrameType

import click

from app.base.settings import Settings


class PortTaken(click.ClickException):
    """A port is in use: says which, and which setting to change."""


def check_ports(settings: Settings) -> None:
    """Refuse to start when a port is taken."""
    for port, name in ((settings.port, "PORT"), (settings.content_port, "CONTENT_PORT")):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise PortTaken(
                    f"port {port} on {settings.host} is taken ({error.strerror}). "
                    f"Stop what uses it, or choose another: {name}={port + 10} make run"
                ) from error


def _granian(settings: Settings, target: str, port: int, threads: int, workers: int, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(threads), "--no-ws", "--log-level", "error",
        "--backlog", "1024", *more, target,
    ]  # fmt: skip


def commands(settings: Settings, workers: int) -> list[list[str]]:
    """The processes of one machine. Embedded: one academy process, which also runs tasks."""
    found = [
        _granian(settings, "wsgi:app", settings.port, 32, 1 if settings.sqlite else workers),
        _granian(settings, "app.content_origin:create", settings.content_port, 16, 1, "--factory"),
    ]
    if not settings.embedded:
        found.append([sys.executable, "-m", "app.cli", "jobs"])
    return found


def serve(settings: Settings, workers: int, ready: str) -> int:
    """Run until interrupted or until one of the processes ends; the exit status of that one."""
    environment = {**os.environ, "PORT": str(settings.port), "CONTENT_PORT": str(settings.content_port)}
    running = [subprocess.Popen(command, env=environment) for command in commands(settings, workers)]

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        _wait_until_well(settings, running)
        click.echo(ready)
        while all(process.poll() is None for process in running):
            time.sleep(0.5)
        return next(process.returncode for process in running if process.poll() is not None) or 1
    except KeyboardInterrupt:
        return 0
    finally:
        _end(running)


def _wait_until_well(settings: Settings, running: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and all(process.poll() is None for process in running):
        try:
            with urllib.request.urlopen(f"http://{_reach(settings)}:{settings.port}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise click.ClickException("the academy did not come up; the lines above say why")


def _reach(settings: Settings) -> str:
    return "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        if process.poll() is None:
            process.terminate()
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
