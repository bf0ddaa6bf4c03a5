"""A settlement as JSON: keys sorted, no floats, so that the same evidence gives the same bytes."""

from __future__ import annotations

import json
from typing import Any

from app.rules.credit.settlement import PeriodResult, Settlement, Why


def as_json(settlement: Settlement, learner: str | None = None) -> str:
    """The report of `rule-language` section 5, amounts in thousandths, indented by 1, with a last newline."""
    data = {
        "ruleset": settlement.ruleset,
        "versions": list(settlement.versions),
        "learner": learner,
        "postings": [
            {
                "evidence": p.evidence,
                "period": p.period.isoformat(),
                "bucket": p.bucket,
                "earned": p.earned,
                "countable": p.countable,
                "version": p.version,
                "why": [_why(why) for why in p.why],
                **({"origin": p.origin.isoformat()} if p.origin else {}),
            }
            for p in settlement.postings
        ],
        "periods": {start.isoformat(): _period(result) for start, result in settlement.periods.items()},
        "nothing": [{"evidence": n.evidence, **_why(Why(n.clause, n.did, n.numbers))} for n in settlement.nothing],
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def _why(why: Why) -> dict[str, Any]:
    return {"clause": why.clause, "did": why.did, "numbers": list(why.numbers)}


def _period(result: PeriodResult) -> dict[str, Any]:
    return {
        "duty": result.duty,
        "earned": result.earned,
        "countable": result.countable,
        "buckets": {name: list(sums) for name, sums in result.buckets.items()},
        "tests": {
            name: {"got": t.got, "quota": t.quota, "short": t.short, "met": t.met} for name, t in result.tests.items()
        },
        "requirements": dict(result.requirements),
        "made_up": dict(result.made_up),
        "carry": dict(result.carry),
    }
