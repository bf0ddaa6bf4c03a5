"""Who asked for a sealing hears what came of it; a reopening waits for another person, and its asker hears of that."""

from __future__ import annotations

from flask_babel import force_locale

from app.notices import queries as notices
from app.people.queries import person_by_login
from tests.credits.closing.test_pages import AT, Place, academy_app, place, something_waits, web_db
from tests.factories.web import send

__all__ = ["academy_app", "place", "web_db"]


def unread(place: Place, login: str, locale: str = "en") -> list[str]:
    """What somebody has not read, the newest first."""
    with place.app.test_request_context(), force_locale(locale), place.db.reading() as session:
        person = person_by_login(session, login)
        assert person is not None
        found = notices.latest(session, person.id, 20, only_unread=True)
    assert {row.url for row in found} <= {AT}
    return [row.said.text for row in found]


def test_sealed_or_not(place: Place) -> None:
    client = place.browser()
    send(client, AT, f"{AT}/seal", reason="")
    something_waits(place)
    place.work()
    assert unread(place, "academy") == ["Year 2025 was not sealed. Its page says what holds it up."]
    send(client, AT, f"{AT}/seal", reason="核对完毕")
    place.work()
    assert unread(place, "academy")[0] == "Year 2025 is sealed."
    assert unread(place, "academy", "zh_Hans_CN")[0] == "2025学年已封账。"
    assert unread(place, "second") == []


def test_reopening_waits_for_another_person(place: Place) -> None:
    client, other = place.browser(), place.browser("second")
    send(client, AT, f"{AT}/seal", reason="")
    place.work()
    sealed = unread(place, "academy")
    send(client, AT, f"{AT}/reopening", reason=" 漏了一个班 ")
    waits = "Year 2025: reopening is asked for and waits for a second person. Reason: 漏了一个班"
    assert unread(place, "second") == [waits]
    for login in ("reviewer", "part", "l001"):  # may not decide
        assert unread(place, login) == []
    assert unread(place, "academy") == sealed
    send(client, AT, f"{AT}/reopening/withdraw")
    assert unread(place, "second") == []
    send(client, AT, f"{AT}/reopening", reason="漏了一个班")
    send(other, AT, f"{AT}/reopening/decline", reason="另记调整即可")
    assert unread(place, "second") == []
    assert unread(place, "academy")[0] == "Year 2025 stays sealed; your request was declined: 另记调整即可"
    send(client, AT, f"{AT}/reopening", reason="真的要补")
    send(other, AT, f"{AT}/reopening/confirm", reason="")
    assert unread(place, "academy")[0] == "Year 2025 is open again, as you asked. Everybody is settled anew."
    assert unread(place, "second") == []


def test_what_is_refused_tells_nobody(place: Place) -> None:
    client = place.browser()
    send(client, AT, f"{AT}/seal", reason="")
    place.work()
    before = unread(place, "academy"), unread(place, "second")
    assert send(client, AT, f"{AT}/reopening", reason="").status_code == 422
    send(client, AT, f"{AT}/reopening", reason="漏了")
    assert send(client, AT, f"{AT}/reopening/confirm", reason="").status_code == 409
    assert unread(place, "academy") == before[0]
    assert len(unread(place, "second")) == 1
