"""Guards. Every view says who may open it; an application with an undeclared view does not start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base.errors import Forbidden
from app.rules.access import TABLE, Scope, may, scope_of

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC, SIGNED_IN = "public", "signed_in"


def public(view: View) -> View:
    """Anyone may open it, signed in or not."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Anyone who is signed in; it shows only the person's own."""
    view.access = SIGNED_IN  # type: ignore[attr-defined]
    return view


def guard(permission: str) -> Callable[[View], View]:
    """Only who holds the permission in the access table. The view asks `scope()` how far it reaches."""
    if permission not in TABLE:
        raise ValueError(f"{permission!r} is not in the access table")

    def mark(view: View) -> View:
        view.access = permission  # type: ignore[attr-defined]
        return view

    return mark


def scope(permission: str) -> Scope:
    """How far the present person's permission reaches."""
    return scope_of(current_user.grants, permission)


def can(permission: str) -> bool:
    """For menus and buttons: does the present person hold it at all?"""
    return bool(current_user.is_authenticated) and may(current_user.grants, permission)


def access_of(app: Flask, endpoint: str) -> str:
    """What the endpoint's view declares; KeyError where it declares nothing."""
    if endpoint == "static":
        return PUBLIC
    declared = getattr(app.view_functions[endpoint], "access", None)
    if declared is None:
        raise KeyError(f"endpoint {endpoint!r} does not say who may open it")
    return str(declared)


def _check() -> Response | None:
    if request.endpoint is None:
        return None
    need = access_of(current_app, request.endpoint)
    if need == PUBLIC:
        return None
    if not current_user.is_authenticated:
        if request.accept_mimetypes.best == "application/json" or request.is_json:
            abort(401)
        login: Response = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        return login
    if need != SIGNED_IN and not may(current_user.grants, need):
        raise Forbidden(_("Your roles do not open this page."))
    return None


def init_app(app: Flask) -> None:
    """Enforce the declarations before every request. `seal` is called when all views are there."""
    app.before_request(_check)
    app.jinja_env.globals["can"] = can


def seal(app: Flask) -> None:
    """Refuse to start with an endpoint that does not say who may open it."""
    for endpoint in app.view_functions:
        access_of(app, endpoint)
