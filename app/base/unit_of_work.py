"""Request-bound sessions: a GET reads and never commits, a POST commits once, at the edge."""

from __future__ import annotations

from contextlib import AbstractContextManager

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session

from app.base.db import Database
from app.base.settings import Settings


def database() -> Database:
    """The application's database."""
    found = current_app.extensions["duxue.db"]
    assert isinstance(found, Database)
    return found


def settings() -> Settings:
    """The application's settings."""
    found = current_app.extensions["duxue.settings"]
    assert isinstance(found, Settings)
    return found


def session() -> Session:
    """This request's session: writing for POST, PATCH, PUT, DELETE; reading otherwise."""
    if "session" not in g:
        db = database()
        manager: AbstractContextManager[Session] = (
            db.reading() if request.method in ("GET", "HEAD", "OPTIONS") else db.writing()
        )
        g.session_manager = manager
        g.session = manager.__enter__()
    found = g.session
    assert isinstance(found, Session)
    return found


def _finish(error: BaseException | None) -> None:
    manager = g.pop("session_manager", None)
    g.pop("session", None)
    if manager is None:
        return
    if error is None:
        manager.__exit__(None, None, None)
    else:
        try:
            manager.__exit__(type(error), error, error.__traceback__)
        except BaseException as again:
            if again is not error:
                raise


def init_app(app: Flask) -> None:
    """Commit after the view and before the answer leaves; an answer of 4xx or 5xx rolls back."""

    @app.after_request
    def _commit(response: Response) -> Response:
        if "session_manager" in g:
            failed = response.status_code >= 400 and not g.get("keep_on_error", False)
            _finish(_RolledBack() if failed else None)
        return response

    @app.teardown_request
    def _close(error: BaseException | None) -> None:
        if "session_manager" in g:
            _finish(error or _RolledBack())


class _RolledBack(Exception):
    """Tells the session's manager that nothing of this request may stay."""
