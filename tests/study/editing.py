"""How the tests of the editor's desk act as an editor."""

from __future__ import annotations

import io
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base.audit import AuditEntry
from app.base.db import Database
from app.courses import queries
from tests.factories.web import token_in


def post(client: FlaskClient, path: str, prefix: str = "", **data: Any) -> TestResponse:
    """Send a form of the editor; `prefix` goes before the names of its fields."""
    token = token_in(client.get("/edit/new"))
    fields = {f"{prefix}{name}": value for name, value in data.items()}
    return client.post(path, data={"csrf_token": token, **fields})


def file(raw: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(raw), name


def actions(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(AuditEntry.action).where(AuditEntry.actor_id.is_not(None))))


def lessons(db: Database) -> list[queries.LessonRow]:
    with db.reading() as session:
        return queries.lessons_of(session, 1)


def upload(editor: FlaskClient, raw: bytes, name: str = "ZmlsbS5tcDQ=") -> str:
    headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": token_in(editor.get("/edit/new"))}
    where = editor.post(
        "/uploads", headers=headers | {"Upload-Length": str(len(raw)), "Upload-Metadata": f"filename {name}"}
    ).headers["Location"]
    sent = headers | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert editor.patch(where, data=raw, headers=sent).status_code == 204
    return where.rsplit("/", 1)[1]
