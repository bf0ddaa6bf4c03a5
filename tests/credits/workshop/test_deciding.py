"""Publishing takes a second person, and publishes the text that was proposed; declining takes a reason."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest
import time_machine
from flask import g
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base.audit import AuditEntry
from app.base.errors import Forbidden, Refused
from app.credits import rulebook
from app.credits.models import RuleVersion
from app.credits.workshop import document, service
from app.credits.workshop.models import RuleDraft
from app.rules.credit import document as language
from app.rules.credit.clauses import RuleSet
from tests.credits.browsing import main_of, page, plain
from tests.credits.workshop.conftest import House
from tests.credits.workshop.test_drafts import BASE

SIX = BASE.replace("limit = 8", "limit = 6").replace("最多计8", "最多计6")


def numbers(house: House) -> list[int]:
    """The versions that are published."""
    with house.db.reading() as session:
        return list(session.scalars(select(RuleVersion.version).order_by(RuleVersion.version)))


def ledger(html: str) -> str:
    """The statement's lines, the open one with its reasons."""
    return html[html.index('<table class="ledger') : html.index("</table>")]


def proposed(house: House, role: str = "reviewer", text: str = SIX) -> int:
    """A draft that this person wrote and proposed."""
    client = house.enter(role)
    draft_id = house.begin(client)
    house.write(client, draft_id, text)
    answer = house.propose(client, draft_id)
    assert answer.status_code == 302, plain(main_of(answer.text))
    return draft_id


def test_a_second_person_publishes_what_was_proposed(house: House) -> None:
    admin, learner = house.enter("admin"), house.enter("learner")
    before = ledger(page(learner, "/statement?open=1"))
    draft_id = proposed(house)
    read = plain(page(admin, f"/rules/drafts/{draft_id}"))
    for words in ("Proposed by reviewer者", "From then on it judges what 2 learners learn.", "limit = 6", "limit = 8",
                  "Publish from 1 April 2026", house.draft(draft_id).text_hash):  # fmt: skip
        assert words in read, words
    assert numbers(house) == [1]
    answer = house.publish(admin, draft_id)
    assert answer.status_code == 302
    assert answer.location.endswith("/rules/2")
    read = plain(page(admin, "/rules/2"))
    assert "Version 2 holds from 1 April 2026 on. Nothing that was already earned changes." in read
    assert "This version has not begun yet. It cannot be withdrawn" in read
    assert numbers(house) == [1, 2]
    row = house.draft(draft_id)
    assert (row.state, row.number, row.decided_by, row.proposed_by) == ("published", 2, "蒋和", "reviewer者")
    with house.db.reading() as session:
        assert session.scalar(select(RuleVersion.text).where(RuleVersion.version == 2)) == SIX
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "rules.draft.publish")).one()
    assert json.loads(entry.detail)["text_hash"] == rulebook.text_hash(SIX)
    assert ledger(page(learner, "/statement?open=1")) == before
    for again in (house.publish(admin, draft_id), admin.post(f"/rules/drafts/{draft_id}/take-back")):
        assert again.status_code in (409, 422)
    assert numbers(house) == [1, 2]
    assert "Published as version 2" in plain(page(admin, f"/rules/drafts/{draft_id}"))


def test_neither_who_proposed_nor_who_changed_it_last_publishes(house: House) -> None:
    admin, second = house.enter("admin"), house.enter("second")
    draft_id = proposed(house, "admin")
    assert "Publish from" not in page(admin, f"/rules/drafts/{draft_id}")
    assert house.publish(admin, draft_id).status_code == 403
    assert house.publish(house.enter("reviewer"), draft_id).status_code == 403  # may not at all
    # Proposed by the second, changed last by the first: then neither of the two.
    assert second.post(f"/rules/drafts/{draft_id}/take-back").status_code == 302
    assert house.propose(second, draft_id).status_code == 302
    assert house.publish(admin, draft_id).status_code == 403
    assert house.publish(second, draft_id).status_code == 403
    assert numbers(house) == [1]


def test_only_the_text_that_was_seen_is_published(house: House) -> None:
    admin, reviewer = house.enter("admin"), house.enter("reviewer")
    draft_id = proposed(house)
    seen = house.draft(draft_id).text_hash
    reviewer.post(f"/rules/drafts/{draft_id}/take-back")
    house.write(reviewer, draft_id, SIX.replace("limit = 6", "limit = 1"))
    assert admin.post(f"/rules/drafts/{draft_id}/publish", data={"seal": seen}).status_code == 409  # not proposed now
    house.propose(reviewer, draft_id)
    answer = admin.post(f"/rules/drafts/{draft_id}/publish", data={"seal": seen})
    assert answer.status_code == 409
    assert "This is not the text that was proposed any more." in plain(answer.text)
    assert admin.post(f"/rules/drafts/{draft_id}/publish", data={}).status_code == 409
    assert numbers(house) == [1]


def test_a_proposed_draft_is_not_changed(house: House) -> None:
    draft_id = proposed(house)
    client = house.enter("reviewer")
    assert 'id="work"' not in page(client, f"/rules/drafts/{draft_id}")
    sent = {"revision": "2", "base": SIX, "text": BASE, "do": "save"}
    answer = client.post(f"/rules/drafts/{draft_id}", data=sent)
    assert answer.status_code == 409
    assert "take it back first" in plain(answer.text)
    assert client.post(f"/rules/drafts/{draft_id}/undo", data={"revision": "2"}).status_code == 409
    assert house.draft(draft_id).text == SIX


def test_a_draft_with_mistakes_is_not_proposed(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    for text, words in ((BASE.replace("limit = 8", "limit = 8.5"), "a float is not exact"),
                        (BASE.replace("version = 2", "version = 3"), "The next version is 2.")):  # fmt: skip
        house.write(client, draft_id, text)
        answer = house.propose(client, draft_id)
        assert answer.status_code == 422
        assert words in plain(answer.text)
    house.write(client, draft_id, SIX)
    stale = client.post(f"/rules/drafts/{draft_id}/propose", data={"revision": "1"})
    assert stale.status_code == 422
    assert house.draft(draft_id).state == "draft"


def test_declining_takes_a_reason_that_stays(house: House) -> None:
    draft_id = proposed(house)
    admin, reviewer = house.enter("admin"), house.enter("reviewer")
    assert admin.post(f"/rules/drafts/{draft_id}/decline", data={"reason": "  "}).status_code == 422
    assert house.draft(draft_id).state == "proposed"
    assert admin.post(f"/rules/drafts/{draft_id}/decline", data={"reason": "Six is too few."}).status_code == 302
    assert "Six is too few." in page(reviewer, f"/rules/drafts/{draft_id}")
    assert house.publish(admin, draft_id).status_code == 409
    assert reviewer.post(f"/rules/drafts/{draft_id}/take-back").status_code == 302
    row = house.draft(draft_id)
    assert (row.state, row.reason, row.decided_at, row.text) == ("draft", "Six is too few.", None, SIX)
    assert "Declined before: Six is too few." in plain(page(reviewer, f"/rules/drafts/{draft_id}"))
    assert house.propose(reviewer, draft_id).status_code == 302
    own = proposed(house, "second")
    assert house.enter("second").post(f"/rules/drafts/{own}/decline", data={"reason": "x"}).status_code == 403


def test_a_proposal_that_waited_too_long_is_not_published(house: House, traveller: time_machine.Traveller) -> None:
    draft_id = proposed(house)
    traveller.move_to("2026-04-02T04:00:00+00:00")
    admin = house.enter("admin")
    answer = house.publish(admin, draft_id)
    assert answer.status_code == 422
    assert "write a day after 2026-04-02" in plain(answer.text)
    assert numbers(house) == [1]
    assert house.draft(draft_id).state == "proposed"


def test_of_two_proposals_with_one_number_the_second_is_refused(house: House) -> None:
    first, second = proposed(house), proposed(house, text=SIX.replace("2026-04-01", "2026-05-01"))
    admin = house.enter("admin")
    assert house.publish(admin, first).status_code == 302
    answer = house.publish(admin, second)
    assert answer.status_code == 422
    assert "The next version is 3." in plain(answer.text)
    assert numbers(house) == [1, 2]


def test_of_two_that_act_at_once_one_is_refused(house: House) -> None:
    draft_id = proposed(house)
    rules = document.judge(SIX).rules
    assert rules is not None
    with house.db.writing() as session:
        deciders = list(session.scalars(select(RuleDraft.proposed_by)))
        with pytest.raises(Forbidden):
            service.publish(session, draft_id, rulebook.text_hash(SIX), deciders[0] or 0, rules)
        with pytest.raises(service.Stale):
            service.propose(session, draft_id, 2, deciders[0] or 0, rules)
        service.take_back(session, draft_id, deciders[0] or 0)
        with pytest.raises(service.Stale):
            service.save(session, draft_id, 1, BASE, deciders[0] or 0)
        with pytest.raises(Refused):
            service.take_back(session, draft_id, deciders[0] or 0)


def test_nothing_is_locked_while_a_text_is_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    draft_id = proposed(house)
    admin, reviewer = house.enter("admin"), house.enter("reviewer")
    other = house.begin(reviewer)
    read: list[bool] = []

    def noted(text: str) -> RuleSet:
        read.append("session" in g)
        return language.load(text)

    monkeypatch.setattr(document, "load", noted)
    monkeypatch.setattr(rulebook, "load", noted)
    for answer in (house.write(reviewer, other, BASE + "# more\n"), house.propose(reviewer, other),
                   house.publish(admin, draft_id)):  # fmt: skip
        assert answer.status_code == 302
    assert len(read) > 3
    assert not any(read)


def test_the_check_is_said_in_chinese_on_chinese_pages(house: House) -> None:
    draft_id = proposed(house)
    html = page(house.enter("admin", "zh_Hans_CN"), f"/rules/drafts/{draft_id}")
    read = plain(main_of(html))
    assert "每天最多计6学时" in read
    assert not re.search(r"\b(Publish|Proposed|Decline|Simulate)\b", read)


def test_who_administers_a_part_neither_publishes_nor_declines(house: House) -> None:
    """Rules bind everybody."""
    draft_id = proposed(house)
    part = house.part("academy_admin")
    assert "Publish from" not in plain(page(part, f"/rules/drafts/{draft_id}"))
    assert house.publish(part, draft_id).status_code == 403
    assert part.post(f"/rules/drafts/{draft_id}/decline", data={"reason": "nein"}).status_code == 403
    assert (numbers(house), house.draft(draft_id).state) == ([1], "proposed")


def test_of_two_publications_at_the_same_moment_the_second_reads_why(house: House) -> None:
    """SQLite lets only one write at a time; elsewhere the number of the version decides."""
    draft_id, admin = proposed(house), house.enter("admin")
    if house.db.sqlite:
        return
    answers: list[TestResponse] = []
    with house.db.writing() as session:
        other = SIX.replace("limit = 6", "limit = 5")
        rulebook.publish_rules(session, other, None)
        late = threading.Thread(target=lambda: answers.append(house.publish(admin, draft_id)))
        late.start()
        time.sleep(0.5)
    late.join()
    assert [answer.status_code for answer in answers] == [409]
    assert "Somebody has just published a version." in plain(answers[0].text)
    assert (numbers(house), house.draft(draft_id).state) == ([1, 2], "proposed")
