"""What the doors share: from where somebody tries, taking a try, opening a sign-in in this browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, redirect, request
from flask import session as browser
from werkzeug.wrappers import Response

from app.base import clock
from app.base.errors import Refused
from app.base.unit_of_work import database, session, settings
from app.people import login, marks, queries, service, throttle
from app.people.devices import device_name
from app.people.queries import Known
from app.people.throttle import Guess

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def address() -> str:
    """Where the request comes from."""
    return request.remote_addr or "?"


def guess_of(known: Known, typed: str) -> Guess:
    """One try at an account from this browser."""
    device = marks.device_of(settings().secret, request.cookies.get(marks.COOKIE), known)
    return service.guess(known, typed, address(), device, settings().address_tries)


def take(tried: Guess, field: str = "password") -> int:
    """Take the try in a transaction of its own: it is counted whatever comes of the request."""
    with database().writing() as writer:
        return throttle.take(writer, tried, field)


def fails(form: Any, refused: Refused) -> None:
    """Put a refusal beside its field. The audit entry stays although the answer is an error."""
    target = form[refused.field] if refused.field and refused.field in form else None
    if target is None:
        form.form_errors.append(refused.text)
    else:
        target.errors = [*target.errors, refused.text]
    g.keep_on_error = True


def enter(known: Known, tried: Guess, goal: str) -> Response:
    """Open the sign-in of a person who has proved who they are, and remember the device."""
    throttle.give_back(session(), tried)
    return opened(session(), known, goal)


def opened(writer: Session, known: Known, goal: str, *, by: str = "", twice: bool = False) -> Response:
    """The same where nothing was guessed; `by` and `twice` as in `service.begin`."""
    assert known.person_id is not None
    service.still_holds(writer, known)
    device = device_name(request.user_agent.string)
    _person, token = service.begin(writer, known.person_id, device, address(), by=by, twice=twice)
    today = clock.local_day(clock.now(), settings().timezone)
    bearer = queries.bearer(writer, service.hash_of(token), today)
    assert bearer is not None
    browser.pop("second", None)
    login.enter(token, bearer)
    return remember(redirect(goal), known)


def remember(answer: Response, known: Known) -> Response:
    """Tell the browser that it is known to this account."""
    chosen = settings()
    made = marks.marked(chosen.secret, request.cookies.get(marks.COOKIE), known)
    answer.set_cookie(
        marks.COOKIE, made, max_age=marks.LASTS, secure=chosen.secure_cookies, httponly=True, samesite="Lax"
    )
    return answer
