"""The published rules, proved: each against its own hash, its columns and the heads file."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.credits.checks import UNREADABLE, Difference
from app.credits.heads import RuleHead, rule_key
from app.credits.models import RuleVersion
from app.credits.rows import carefully
from app.credits.rulebook import text_hash
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors


def published(session: Session, known: Mapping[str, RuleHead]) -> tuple[RuleBook | None, list[Difference]]:
    """The book, and what does not agree.

    No book when the rules cannot be read or a text is not the one that was published: nothing can be replayed then.
    """
    rows, bad = carefully(session, RuleVersion)
    wrong = [(UNREADABLE, *each) for each in bad]
    versions: list[RuleSet] = []
    there: dict[str, tuple[str, str]] = {}
    for row in rows:
        name, own_hash = f"rule_version {row.ruleset} {row.version}", text_hash(row.text)
        there[rule_key(row.ruleset, row.version)] = (row.effective.isoformat(), own_hash)
        if own_hash != row.text_hash:
            wrong.append(("rules", name, row.text_hash, own_hash))
            continue
        try:
            rules = load(row.text)
        except Exception as error:  # a text that was never published may stumble over anything
            wrong.append(("rules", name, "a rule set", str(error)))
            continue
        versions.append(rules)
        said, kept = (rules.id, rules.version, rules.effective), (row.ruleset, row.version, row.effective)
        if said != kept:
            wrong.append(("rules", name, _plain(said), _plain(kept)))
    for key, head in sorted(known.items()):
        then, now = (head["effective"], head["hash"]), there.get(key)
        if now != then:
            wrong.append(("heads file: rules", f"rule_version {key}", _plain(then), _plain(now) if now else "missing"))
    found = [Difference("", *each) for each in wrong]
    if not versions or bad or len(versions) < len(rows):
        return None, found
    try:
        # Not the book that settling keeps in memory: it goes by the kept hashes, and the texts are to be proved.
        return RuleBook(versions), found
    except RuleErrors as error:
        return None, [*found, Difference("", "rules", "rule_version", "versions of one rule set", str(error))]


def _plain(values: tuple[object, ...]) -> str:
    return json.dumps([str(value) for value in values], ensure_ascii=False)
