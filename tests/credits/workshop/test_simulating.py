"""A draft tried over everybody, from its page: what it would change, for whom, by which clause."""

from __future__ import annotations

import csv
import io
import json
import re

from sqlalchemy import select

from app.base import runs
from app.base.audit import AuditEntry
from app.credits.models import LedgerTransaction
from app.credits.workshop.outcome import MOST_SHOWN, as_csv, outcome
from tests.credits.browsing import main_of, page, plain
from tests.credits.workshop.conftest import House
from tests.credits.workshop.test_drafts import BASE

FEWER = BASE.replace("limit = 8", "limit = 2").replace("最多计8", "最多计2").replace("At most 8", "At most 2")
RESULT = {
    "ruleset": "yunting", "unit": "hours", "version": 2, "effective": "2026-04-01", "as_if": "2026-01-01",
    "period": "2026-01-01", "period_end": "2027-01-01", "learners": 200, "changed": 150, "gain": 0, "lose": 150,
    "short_before": 1, "short_after": 9, "seconds": 0.1,
    "histogram": {"unit": "hours", "edges_m": [0, 5000, 10000], "before": [50, 150], "after": [200, 0]},
    "by_clause": [{"clause": "day", "gain": 0, "lose": 150, "amount_m": -900_000}],
    "changed_learners": [
        {"key": f"k{n}", "name": f"=SUM({n})", "class": "@1", "before_m": 8000, "after_m": 2000, "short_before_m": 0,
         "short_after_m": 6000, "clauses": ["day"]} for n in range(120)
    ],
}  # fmt: skip


def simulated(house: House, draft_id: int) -> None:
    """Do what waits, as the worker does."""
    run_id = house.draft(draft_id).run_id
    assert run_id is not None
    runs.perform(house.db, house.app.extensions["duxue.settings"], run_id)


def test_a_draft_is_tried_over_everybody_and_nothing_is_posted(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.write(client, draft_id, FEWER)
    with house.db.reading() as session:
        before = len(session.scalars(select(LedgerTransaction.seq)).all())
    assert client.post(f"/rules/drafts/{draft_id}/simulate").location.endswith(f"/rules/drafts/{draft_id}#simulation")
    waiting = page(client, f"/rules/drafts/{draft_id}")
    assert "data-run=" in waiting
    assert "Stop it" in waiting
    early = client.get(f"/rules/drafts/{draft_id}/simulation.csv", follow_redirects=True)
    assert "There is no finished simulation of this draft." in plain(early.text)
    simulated(house, draft_id)
    html = page(client, f"/rules/drafts/{draft_id}")
    part = html[html.index('id="simulation"') :]
    read = plain(part)
    for words in ("as if the draft had held from 2026-01-01 on", "At most 2 hours a day", "学员1", "学员2",
                  "Learners by hours counted", "as the rules are now",
                  house.draft(draft_id).text_hash[:12]):  # fmt: skip
        assert words in read, words
    assert part.count('class="pairs-svg') == 2
    rows = list(
        csv.DictReader(io.StringIO(client.get(f"/rules/drafts/{draft_id}/simulation.csv").data.decode("utf-8-sig")))
    )
    assert sorted(row["Name"] for row in rows) == ["学员1", "学员2"]
    assert all(float(row["Hours after"]) - float(row["Hours before"]) == float(row["By how much"]) < 0 for row in rows)
    with house.db.reading() as session:
        assert len(session.scalars(select(LedgerTransaction.seq)).all()) == before
        noted = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "rules.draft.export")).one()
    assert json.loads(noted) == {"rows": 2}


def test_the_page_says_that_the_draft_has_changed_since(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    client.post(f"/rules/drafts/{draft_id}/simulate")
    simulated(house, draft_id)
    read = plain(page(client, f"/rules/drafts/{draft_id}"))
    assert "Nobody's hours would change." in read.replace("&#39;", "'")
    assert "was changed after this simulation" not in read
    house.write(client, draft_id, FEWER)
    assert "The draft was changed after this simulation" in plain(page(client, f"/rules/drafts/{draft_id}"))
    house.write(client, draft_id, BASE)  # the same text once more
    assert "was changed after this simulation" not in plain(page(client, f"/rules/drafts/{draft_id}"))


def test_it_can_be_stopped_and_begun_again(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    client.post(f"/rules/drafts/{draft_id}/simulate")
    run_id = house.draft(draft_id).run_id
    client.post(f"/runs/{run_id}/stop")
    read = plain(page(client, f"/rules/drafts/{draft_id}"))
    assert "Stopped" in read
    assert "Simulate over everybody" in read
    client.post(f"/rules/drafts/{draft_id}/simulate")
    assert house.draft(draft_id).run_id != run_id


def test_a_draft_with_mistakes_is_not_simulated(house: House) -> None:
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.write(client, draft_id, BASE.replace("limit = 8", "limit = 8.5"))
    assert "/simulate" not in page(client, f"/rules/drafts/{draft_id}")
    answer = client.post(f"/rules/drafts/{draft_id}/simulate")
    assert answer.status_code == 409
    assert "mend them first" in plain(answer.text)
    assert house.draft(draft_id).run_id is None


def test_who_may_not_draft_sees_nobody_by_name(house: House) -> None:
    draft_id = house.begin(house.enter("reviewer"))
    house.enter("reviewer").post(f"/rules/drafts/{draft_id}/simulate")
    simulated(house, draft_id)
    for role in ("teacher", "learner"):
        page(house.enter(role), f"/rules/drafts/{draft_id}/simulation.csv", 403)
        assert house.enter(role).post(f"/rules/drafts/{draft_id}/simulate").status_code == 403


def test_no_cell_of_the_file_is_a_formula_and_the_list_is_searched() -> None:
    found = outcome(RESULT, [], "en", "")
    rows = list(csv.reader(io.StringIO(as_csv(found).decode("utf-8-sig"))))
    assert len(rows) == 121
    assert rows[1][:2] == ["'=SUM(0)", "'@1"]
    assert rows[1][2:] == ["8.000", "2.000", "-6.000", "0.000", "6.000", "day"]
    assert [each.name for each in outcome(RESULT, [], "en", " sum(11) ").shown] == ["=SUM(11)"]
    assert len(outcome(RESULT, [], "en", "DAY").shown) == 120 > MOST_SHOWN


def test_the_page_of_a_large_result(house: House) -> None:
    client = house.enter("reviewer", "zh_Hans_CN")
    draft_id = house.begin(client)
    client.post(f"/rules/drafts/{draft_id}/simulate")
    with house.db.writing() as session:
        row = session.get(runs.RunRow, house.draft(draft_id).run_id)
        assert row is not None
        row.state, row.result = "done", json.dumps(RESULT)
    html = main_of(page(client, f"/rules/drafts/{draft_id}"))
    read = plain(html)
    assert "显示前50人" in read
    assert "共150人" in read
    assert "=SUM(49)" in read
    assert "=SUM(50)" not in read
    assert len(re.findall(r'class="bar-before"', html)) >= 4
    found = plain(main_of(page(client, f"/rules/drafts/{draft_id}?who=SUM(119)")))
    assert "=SUM(119)" in found
    assert "=SUM(2)" not in found


def test_who_reviews_a_part_sees_nobody_of_the_rest(house: House) -> None:
    """A simulation names everybody; and nobody's computation is stopped from a part of the academy."""
    client = house.enter("reviewer")
    draft_id = house.begin(client)
    house.write(client, draft_id, FEWER)
    client.post(f"/rules/drafts/{draft_id}/simulate")
    run_id = house.draft(draft_id).run_id
    admin = house.part("academy_admin")
    assert admin.get(f"/runs/{run_id}").status_code == 404
    assert admin.post(f"/runs/{run_id}/stop").status_code == 404
    simulated(house, draft_id)
    part = house.part("credit_reviewer")
    html = page(part, f"/rules/drafts/{draft_id}")
    assert "学员1" not in html
    assert "Simulate" not in html
    assert part.get(f"/rules/drafts/{draft_id}/simulation.csv").status_code == 403
    assert part.post(f"/rules/drafts/{draft_id}/simulate").status_code == 403
