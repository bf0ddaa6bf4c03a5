"""A small academy to back up, places to restore it to, and what there is afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.base.db import Database
from app.base.settings import Settings, load
from app.base.storage import Store
from app.credits import heads, verify
from app.credits import service as credits
from app.people import service as people
from tests.services import DatabaseUrls

RULES = (Path(__file__).parents[1] / "content/rules/yunting-2026.toml").read_text(encoding="utf-8")
MATERIAL = b"material"
STORED = f"{hashlib.sha256(MATERIAL).hexdigest()[:2]}/{hashlib.sha256(MATERIAL).hexdigest()}"
NOTHING: heads.Heads = {"learners": {}, "rules": {}}


def settings_of(urls: DatabaseUrls, folder: Path) -> Settings:
    return load(
        {
            "DUXUE_DATA_DIR": str(folder),
            "DUXUE_DATABASE_URL": urls.app_url,
            "DUXUE_OWNER_DATABASE_URL": urls.owner_url,
            "DUXUE_APP_ROLE": urls.app_role,
        }
    )


def quiet(_name: str, _count: int) -> None:
    pass


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    db = Database(settings.database_url)
    yield db
    db.engine.dispose()


def material_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "film.mp4"
    path.write_bytes(MATERIAL)
    return path


def fill(settings: Settings) -> None:
    Store(settings.files_dir).put(material_in(settings.data_dir))
    (settings.files_dir / ".part-1").write_bytes(b"half written")
    with opened(settings) as db, db.writing() as session:
        credits.publish_rules(session, RULES, None)
        for number in range(3):
            person = people.create_person(session, f"p{number}", f"学员{number}")
            credits.record(
                session, person.id, key="opening:1", kind="opening", happened_at=datetime(2026, 1, 5, tzinfo=UTC),
                known_at=datetime(2026, 1, 6, tzinfo=UTC), recorded_by="test",
                facts={"hours_m": 1500 + number, "subject_bucket": "general"},
            )  # fmt: skip
            credits.settle(session, person.id)


def files_of(settings: Settings) -> dict[str, bytes]:
    root = settings.files_dir
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def heads_of(settings: Settings) -> heads.Heads:
    with opened(settings) as db, db.reading() as session:
        return heads.export(session)


def differences_of(settings: Settings, known: heads.Heads) -> list[verify.Difference]:
    with opened(settings) as db, db.reading() as session:
        return verify.verify(session, heads=known).differences


def empty_sqlite(tmp_path: Path, name: str = "there") -> Settings:
    url = f"sqlite:///{tmp_path / name / 'duxue.sqlite'}"
    return settings_of(DatabaseUrls(url, url, ""), tmp_path / name)
