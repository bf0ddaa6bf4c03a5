"""`duxue serve`, `migrate`, `jobs`: what keeps the academy running."""

from __future__ import annotations

import os
import sys

import click

from app import jobs, sample
from app import serve as serving
from app import tables as tables  # all of them: an undo asks each which rows name a person
from app.base import migrate as migrating
from app.base import settings as reading
from app.base import tasks
from app.commands.common import console, database


@click.command()
@click.option("--sample", "with_sample", is_flag=True, help="Load the sample academy into an empty database first.")
@click.option("--workers", default=2, show_default=True, help="Academy processes on PostgreSQL (SQLite: always one).")
def serve(with_sample: bool, workers: int) -> None:
    """Serve the academy and its content origin on this machine."""
    settings = reading.load()
    serving.check_ports(settings)
    console.print("· database")
    migrating.upgrade(settings)
    accounts = sample.ensure(settings, console) if with_sample else []
    if with_sample:
        os.environ["DUXUE_SAMPLE"] = "1"
    lines = [f"\n笃学 Duxue  http://{settings.host}:{settings.port}\n"]
    lines += [f"  {each['role']:<18} {each['username']:<12} {each['password']}" for each in accounts]
    sys.exit(serving.serve(settings, workers, "\n".join(lines)))


@click.command()
def migrate() -> None:
    """Bring the database to this release's schema."""
    settings = reading.load()
    migrating.upgrade(settings)
    console.print(f"schema {migrating.latest()}")


@click.command("jobs")
@click.option(
    "--queue", "queues", multiple=True, default=tasks.QUEUES, show_default=True, type=click.Choice(tasks.QUEUES),
    help="Run the tasks of this queue only; may be repeated. Films have a queue of their own.",
)  # fmt: skip
def run_jobs(queues: tuple[str, ...]) -> None:
    """Run the timetable and the waiting tasks (a process of its own on PostgreSQL)."""
    jobs.run(database(reading.load()), queues)
