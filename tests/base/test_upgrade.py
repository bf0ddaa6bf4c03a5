"""A database of the first release, with rows in it, comes up to this one: nothing is lost, everything still fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from app.base import migrate
from app.base.db import Database
from app.base.settings import load
from tests.services import DatabaseUrls, PostgresServer

FIRST = "0001"
ROWS = (
    "person (id, key, login, name, name_pinyin, locale, created_at)"
    " VALUES (1, 'k', 'l1', '某', 'mou', 'zh_Hans_CN', '2026-01-01')",
    "provider (id, code, name, name_en) VALUES (1, 'own', '本院', 'Own')",
    "course (id, code, title, title_en, summary, summary_en, provider_id, category, subject_bucket, lecturer,"
    " max_rate_m, created_at) VALUES (1, 'c', '课', 'C', '', '', 1, 'law', 'general', '', 2000, '2026-01-01')",
    "lesson (id, course_id, position, title, title_en, kind)"
    " VALUES (1, 1, 1, '讲', 'T', 'video'), (2, 1, 2, '文', 'A', 'article')",
    "media_version (id, lesson_id, version, sha256, bytes, mime, length_ms, original_name, created_at)"
    " VALUES (1, 1, 1, '0', 1, 'video/mp4', 60000, 'x.mp4', '2026-01-01')",
    "coverage (learner_id, media_version_id, counted_ms, pending_ms, resume_ms, watched_at_ms, spans, pending)"
    " VALUES (1, 1, 0, 0, 0, 0, '', '')",
    "viewing (learner_id, id, media_version_id, lesson_id, opened_ms, expires_ms, seq, clock_ms, open_us, credit_us,"
    " touched_ms, chunks, marks, answer, trace_tail) VALUES (1, 7, 1, 1, 0, 1, -1, 0, 0, 0, 0, 0, '', '', '')",
    "task (id, name, arguments, due_at, tries) VALUES (1, 'credits.sweep', '{}', '2026-01-01', 0)",
)  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseUrls]:
    """A database without any table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.sqlite'}"
        yield DatabaseUrls(url, url, "")
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    yield postgres.create("upgraded")
    postgres.drop("upgraded")


def test_the_first_release_comes_up_with_its_rows(empty: DatabaseUrls, tmp_path: Path) -> None:
    settings = load(
        {
            "DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": empty.app_url,
            "DUXUE_OWNER_DATABASE_URL": empty.owner_url, "DUXUE_APP_ROLE": empty.app_role,
        }
    )  # fmt: skip
    owner = Database(empty.owner_url)
    with owner.engine.connect() as connection, connection.begin():
        cfg = migrate.config()
        cfg.attributes["connection"] = connection
        command.upgrade(cfg, FIRST)
        for row in ROWS:
            connection.execute(text(f"INSERT INTO {row}"))
    migrate.upgrade(settings)
    with owner.engine.connect() as connection:
        assert migrate.current(connection) == migrate.latest()
        for table in ("person", "course", "lesson", "coverage", "viewing"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == (2 if table == "lesson" else 1)
        assert tuple(connection.execute(text("SELECT check_minutes, in_order FROM course")).one()) == (0, False)
        assert bytes(connection.scalar(text("SELECT checks FROM coverage"))) == b""
        if owner.sqlite:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
    # What the release before knows how to write can still be written, for a while both run side by side.
    with owner.engine.begin() as connection:
        course = ROWS[2].replace("(1, 'c',", "(2, 'd',")
        connection.execute(text(f"INSERT INTO {course}"))
        connection.execute(text("UPDATE lesson SET kind = 'document' WHERE id = 2"))
    owner.engine.dispose()
