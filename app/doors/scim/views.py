"""SCIM 2.0 over HTTP: `/scim/v2`. Every request shows a token; answers, refusals too, are in SCIM's form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, g, request
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    ForbiddenException,
    InvalidSyntaxException,
    ListResponse,
    NotFoundException,
    PatchOp,
    PayloadTooLargeException,
    PreconditionFailedException,
    ResponseParameters,
    SCIMException,
    SearchRequest,
    UnauthorizedException,
)
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.base import audit, clock
from app.base.access import public
from app.base.errors import Refused
from app.base.unit_of_work import database, session, settings
from app.doors.scim import filters, queries, service, tokens
from app.doors.scim.queries import Reader
from app.doors.scim.resources import CONFIG, MOST, POLICY, PROVIDER, Group, User
from app.doors.scim.service import Guarded, Writer
from app.doors.scim.tokens import Bearer

bp = Blueprint("scim", __name__, url_prefix="/scim/v2")
MOST_BODY = 4 << 20  # bytes
FURTHEST = 1 << 40  # where an answer may begin
_NO_TEXT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # written in a filter or path, too: a text in the text
USUAL = 100  # resources of an answer where nothing else is asked
PLACES = {"ServiceProviderConfig", "Schemas", "ResourceTypes", "Users", "Groups", ".search", "Bulk", "Me"}
Kind = type[User] | type[Group]
T = TypeVar("T", User, Group)


@bp.before_request
def _who() -> Response | None:
    """A token that holds, with the scope for what is asked."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    bearer: Bearer | None = None
    if scheme.casefold() == "bearer" and 0 < len(token.strip()) <= 200:
        with database().reading() as reader:
            bearer = tokens.bearer(reader, token.strip())
    if bearer is None:
        answer = _error(UnauthorizedException(detail="A token that holds is needed.").to_error())
        answer.headers["WWW-Authenticate"] = 'Bearer realm="scim"'
        return answer
    now = clock.now()
    if bearer.used_at is None or now - bearer.used_at > tokens.USED_FOR:
        with database().writing() as writer:
            tokens.touch(writer, bearer.id)
    g.scim = bearer
    return None


def _may(scope: str) -> None:
    if scope not in g.scim.scopes:
        raise ForbiddenException(detail=f"This token has not the scope {scope}.")


@bp.errorhandler(SCIMException)
def _scim(error: SCIMException) -> Response:
    if isinstance(error, Guarded):
        session().rollback()  # that it was tried stays in the log, and nothing else of it
        audit.record(session(), None, "scim.change", error.subject, "refused", name=g.scim.name, reason=error.detail)
        g.keep_on_error = True
    return _error(error.to_error())


@bp.errorhandler(ValidationError)
def _invalid(error: ValidationError) -> Response:
    return _error(Error.from_validation_errors(error)[0])


@bp.errorhandler(Refused)
def _refused(error: Refused) -> Response:
    return _error(Error(status=400 if error.status == 422 else error.status, detail=error.text))


@bp.errorhandler(HTTPException)
def _http(error: HTTPException) -> Response:
    return _error(Error(status=error.code or 500, detail=error.description))


def _error(error: Error) -> Response:
    return _said(error.model_dump(), error.status or 400)


def _said(told: Any, status: int = 200) -> Response:
    return Response(json.dumps(told, ensure_ascii=False, default=str), status, mimetype="application/scim+json")


def _body() -> dict[str, Any]:
    if (request.content_length or 0) > MOST_BODY:
        raise PayloadTooLargeException(detail="At most 4 MB.")
    try:
        told = json.loads(request.get_data(cache=False))
        plain = json.dumps(told, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidSyntaxException(detail="This is no JSON.") from error
    if not isinstance(told, dict) or _NO_TEXT.search(plain):
        raise InvalidSyntaxException(detail="An object is wanted, without NUL and halves of characters.")
    return told


def _reader() -> Reader:
    today = clock.local_day(clock.now(), settings().timezone)
    return Reader(session(), today, f"{settings().public_url}/scim/v2")


def _writer() -> Writer:
    today = clock.local_day(clock.now(), settings().timezone)
    return Writer(session(), today, g.scim.name, settings().roster_leaving_percent)


def _one(kind: Kind, key: str) -> User | Group:
    found = queries.user(_reader(), key) if kind is User else queries.group(_reader(), key)
    if found is None:
        raise NotFoundException(detail=f"There is no {kind.__name__} {key[:60]}.")
    return found


def _answer(kind: Kind, key: str, context: Context, status: int = 200) -> Response:
    found = _one(kind, key)
    parameters = ResponseParameters[kind].model_validate(request.args.to_dict(), scim_policy=POLICY)  # type: ignore[valid-type]
    answer = _said(found.model_dump(scim_ctx=context, response_parameters=parameters), status)
    assert found.meta is not None
    answer.headers["ETag"] = str(found.meta.version)
    if status == 201:
        answer.headers["Location"] = str(found.meta.location)
    return answer


def _unchanged(found: User | Group) -> None:
    """`If-Match`: has it stayed as the other side knows it?"""
    wanted = request.headers.get("If-Match", "*")
    assert found.meta is not None
    if wanted.strip() != "*" and str(found.meta.version) not in [each.strip() for each in wanted.split(",")]:
        raise PreconditionFailedException(detail="It has changed meanwhile: read it again.")


# Discovery


@bp.get("/ServiceProviderConfig")
@public
def config() -> Response:
    """What is offered."""
    return _said(CONFIG.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _described(kind: str, all_: Any, name: str | None) -> Response:
    if "filter" in request.args:
        raise ForbiddenException(detail="These are not filtered.")
    base = f"{settings().public_url}/scim/v2/{kind}"
    told = [each.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE) for each in all_]
    for each in told:
        each["meta"] = {"resourceType": kind.removesuffix("s"), "location": f"{base}/{each['id']}"}
    if name is None:
        return _listed(told, len(told), 1)
    found = next((each for each in told if name in (each["id"], each.get("name"))), None)
    if found is None:
        raise NotFoundException(detail=f"There is no {name[:100]}.")
    return _said(found)


@bp.get("/Schemas")
@bp.get("/Schemas/<name>")
@public
def schemas(name: str | None = None) -> Response:
    """What is kept of a User and a Group."""
    return _described("Schemas", PROVIDER.schemas, name)


@bp.get("/ResourceTypes")
@bp.get("/ResourceTypes/<name>")
@public
def resource_types(name: str | None = None) -> Response:
    """User and Group."""
    return _described("ResourceTypes", PROVIDER.resource_types, name)


# Lists


def _listed(told: list[dict[str, Any]], total: int, start: int) -> Response:
    made = ListResponse[User](total_results=total, start_index=start, items_per_page=len(told))
    return _said({**made.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE), "Resources": told})


def _search(kinds: tuple[Kind, ...], asked: dict[str, Any]) -> Response:
    _may("read")
    wanted: SearchRequest[Any] = SearchRequest.model_validate(asked, scim_policy=POLICY)
    start = min(max(wanted.start_index or 1, 1), FURTHEST)
    count = min(USUAL if wanted.count is None else wanted.count, MOST)
    told: list[dict[str, Any]] = []
    total = 0
    for kind in kinds:
        where = filters.conditions(kind, str(wanted.filter), _reader().day) if wanted.filter else None
        skip, room = max(start - 1 - total, 0), count - len(told)
        found: tuple[int, Any]
        if kind is User:
            found = queries.users(_reader(), where, skip, room)
        else:
            names = [str(each).casefold() for each in wanted.excluded_attributes or []]
            only = [str(each).casefold() for each in wanted.attributes or []] or ["members"]
            members = "members" not in names and any("members" in each for each in only)
            found = queries.groups(_reader(), where, skip, room, members=members)
        parameters = _parameters(kind, wanted)
        told += [
            each.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=parameters)
            for each in found[1]
        ]
        total += found[0]
    return _listed(told, total, start)


def _parameters(kind: Kind, wanted: SearchRequest[Any]) -> ResponseParameters[Any]:
    asked = {
        "attributes": [str(each) for each in wanted.attributes or []] or None,
        "excludedAttributes": [str(each) for each in wanted.excluded_attributes or []] or None,
    }
    made: ResponseParameters[Any] = ResponseParameters[kind].model_validate(  # type: ignore[valid-type]
        {name: value for name, value in asked.items() if value}, scim_policy=POLICY
    )
    return made


@bp.post("/.search")
@public
def search() -> Response:
    """Both kinds, asked by a body."""
    return _search((User, Group), _body())


@bp.post("/Users/.search")
@public
def search_users() -> Response:
    """People, asked by a body."""
    return _search((User,), _body())


@bp.post("/Groups/.search")
@public
def search_groups() -> Response:
    """Units, asked by a body."""
    return _search((Group,), _body())


def _changed(found: T, complete: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> T:
    """What the request makes of a resource: a part of it changed (PATCH), or another in its place (PUT, with what
    `complete` adds to what was sent)."""
    kind: Any = type(found)
    if request.method == "PATCH":
        PatchOp[kind].model_validate(_body(), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY).patch(
            found, POLICY
        )
        return found
    wanted: T = kind.model_validate(
        complete(_body()), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=POLICY
    )
    wanted.replace(found)
    return wanted


# People


@bp.get("/Users")
@public
def users() -> Response:
    """People, filtered and by pages."""
    return _search((User,), request.args.to_dict())


@bp.get("/Users/<key>")
@public
def user(key: str) -> Response:
    """A person."""
    _may("read")
    return _answer(User, key, Context.RESOURCE_QUERY_RESPONSE)


def _with_name(told: dict[str, Any]) -> dict[str, Any]:
    """Many send `name` and no `displayName`, and `active` only when it is false."""
    names = {each.casefold() for each in told}
    name = told.get("name")
    if "displayname" not in names and isinstance(name, dict):
        parts = f"{name.get('familyName') or ''}{name.get('givenName') or ''}"
        told["displayName"] = name.get("formatted") or parts
    if "active" not in names:
        told["active"] = True
    return told


@bp.post("/Users")
@public
def create_user() -> Response:
    """A new account."""
    _may("users")
    wanted = User.model_validate(_with_name(_body()), scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=POLICY)
    key = service.create_user(_writer(), wanted)
    return _answer(User, key, Context.RESOURCE_CREATION_RESPONSE, 201)


def _change_user(key: str) -> Response:
    _may("users")
    person = service.person_of(session(), key)
    found = _one(User, key)
    assert isinstance(found, User)
    assert person is not None
    _unchanged(found)
    service.change_user(_writer(), person, _changed(found, _with_name))
    return _answer(User, key, Context.RESOURCE_REPLACEMENT_RESPONSE)


@bp.put("/Users/<key>")
@public
def replace_user(key: str) -> Response:
    """The whole of a person; what is left out is emptied, the staff number stays."""
    return _change_user(key)


@bp.patch("/Users/<key>")
@public
def patch_user(key: str) -> Response:
    """A part of a person."""
    return _change_user(key)


@bp.delete("/Users/<key>")
@public
def remove_user(key: str) -> Response:
    """Close the account; class and unit are left."""
    _may("users")
    person = service.person_of(session(), key)
    _unchanged(_one(User, key))
    assert person is not None
    service.remove_user(_writer(), person)
    return Response(status=204)


# Units


@bp.get("/Groups")
@public
def groups() -> Response:
    """Units, filtered and by pages."""
    return _search((Group,), request.args.to_dict())


@bp.get("/Groups/<key>")
@public
def group(key: str) -> Response:
    """A unit and who belongs to it today."""
    _may("read")
    return _answer(Group, key, Context.RESOURCE_QUERY_RESPONSE)


@bp.post("/Groups")
@public
def create_group() -> Response:
    """A new unit."""
    _may("groups")
    wanted = Group.model_validate(_body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=POLICY)
    key = service.create_group(_writer(), wanted)
    return _answer(Group, key, Context.RESOURCE_CREATION_RESPONSE, 201)


def _change_group(key: str) -> Response:
    _may("groups")
    unit = service.unit_of(session(), key)
    found = _one(Group, key)
    assert isinstance(found, Group)
    assert unit is not None
    _unchanged(found)
    service.change_group(_writer(), unit, _changed(found))
    return _answer(Group, key, Context.RESOURCE_REPLACEMENT_RESPONSE)


@bp.put("/Groups/<key>")
@public
def replace_group(key: str) -> Response:
    """The whole of a unit."""
    return _change_group(key)


@bp.patch("/Groups/<key>")
@public
def patch_group(key: str) -> Response:
    """A part of a unit: mostly who comes and goes."""
    return _change_group(key)


@bp.delete("/Groups/<key>")
@public
def remove_group(key: str) -> Response:
    """Everybody leaves the unit, and the identity system does not see it any more."""
    _may("groups")
    unit = service.unit_of(session(), key)
    _unchanged(_one(Group, key))
    assert unit is not None
    service.remove_group(_writer(), unit)
    return Response(status=204)


@bp.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@bp.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@public
def nothing(path: str) -> Response:
    """What there is not: an address, a way of asking, operations in bulk."""
    if path in ("Bulk", "Me"):
        return _error(Error(status=501, detail="This is not offered."))
    if path.partition("/")[0] in PLACES:
        return _error(Error(status=405, detail="This cannot be done here."))
    return _error(Error(status=404, detail="There is nothing at this address."))
