"""The language as a form: every table and key with its name in plain words, and the widget it is edited with.

A key that stands in a text and not here is shown all the same, as TOML; so is a value that its widget cannot hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.credits.workshop.words import CHOICES
from app.rules.credit.formula import MODES
from app.rules.credit.kinds import CREDITABLE, FLAG_FIELDS, IDENTITY_FIELDS, STANDING_FIELDS, TEXT_FIELDS
from app.rules.credit.selector import BUCKET_FIELDS, PIECE_FIELDS

Words = Any  # a lazy translation


@dataclass(frozen=True, slots=True)
class Field:
    """One key. `kind` names the widget (see widgets.py); `options` of a choice; `selects`: the fields of a selector.

    `rare`: folded away as long as it is not written.
    """

    key: str
    kind: str
    label: Words
    hint: Words = ""
    options: tuple[str, ...] = ()
    selects: tuple[str, ...] = ()
    rare: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of clause. `fresh`: what a new row begins with, besides its id."""

    name: str
    label: Words
    says: Words
    add: Words
    fields: tuple[Field, ...]
    fresh: tuple[tuple[str, Any], ...] = ()


def option_label(key: str, value: str) -> Words:
    """A value of a closed list in words; itself where there are none."""
    return CHOICES.get(f"{key}.{value}") or CHOICES.get(value) or value


def _choice(key: str, label: Words, *options: str, hint: Words = "", rare: bool = False) -> Field:
    return Field(key, "choice", label, hint, options, rare=rare)


def _selector(key: str, label: Words, selects: tuple[str, ...], hint: Words = "", rare: bool = False) -> Field:
    return Field(key, "selector", label, hint, selects=selects, rare=rare)


_EVERY = _l("Without a condition it holds for everything.")
_WHEN = _selector("when", _l("For which evidence"), PIECE_FIELDS, _EVERY)
_WHEN_BUCKET = _selector("when", _l("For which evidence"), BUCKET_FIELDS, _EVERY)
_AS_FORMULA = _l(
    "A formula such as length / 45. Fields: seen, length, minutes, days, hours, credits, words, questions …"
)
_NUMBER = _l("A whole number, 0.5 or 2/3.")
_TESTS = _l("The ids of tests, with commas between them.")
_STANDINGS = STANDING_FIELDS
_MODES = tuple(MODES)

SINGLES: Final = (
    Table("ruleset", _l("Header"), _l("Which rule set this is, and from when on."), "", (
        Field("id", "text", _l("Id of the rule set"), _l("The same in all versions.")),
        Field("version", "whole", _l("Version"), _l("One more than the last published one.")),
        Field("effective", "day", _l("In force from"), _l("A day that lies ahead.")),
        Field("title", "both", _l("Title")),
        Field("unit", "text", _l("Unit"), _l("hours, points, credits …")),
        Field("timezone", "text", _l("Time zone"), _l("The same in all versions."), rare=True),
        Field("grace_minutes", "whole", _l("Grace after midnight, minutes"), rare=True),
        Field("verify_by", "day_text", _l("Statements are checked by"), _l("A date, or 01-31 for every year."),
              rare=True),
    )),
    Table("period", _l("Training period"),
          _l("When a period begins, how long it is, how quotas follow the person."), "", (
        Field("start", "text", _l("Begins on"), _l("Month and day, such as 12-01. The same in all versions.")),
        Field("months", "whole", _l("Length in months"), _l("The same in all versions.")),
        Field("first", "whole", _l("First year"), _l("The same in all versions.")),
        Field("cycle", "whole", _l("Periods in a cycle"), _l("The same in all versions."), rare=True),
        _choice("standing", _l("Whose quota after a change of class or band"), "last_day", "most", "pro_rata"),
        _choice("reduce", _l("Late joiners and exempt times"), "none", "days", "months", "whole"),
        Field("quota_round", "rounding", _l("Reduced quotas are rounded"), options=_MODES),
        _choice("late", _l("Evidence that comes after the seal"), "current", "sealed", rare=True),
        Field("seal_after_months", "whole", _l("Sealed so many months after its end"), rare=True),
    )),
)  # fmt: skip

TABLES: Final = (
    Table("convert", _l("Conversion"), _l("What a piece of evidence is worth."), _l("Add a conversion"), (
        _WHEN,
        Field("amount", "formula", _l("Worth"), _AS_FORMULA),
        Field("steps", "steps", _l("Or worth by steps"), _l("Rows fall; the first that fits wins."), rare=True),
        Field("bucket", "text", _l("Counted as"), _l("A fixed bucket, such as general."), rare=True),
        _choice("bucket_field", _l("Counted as what the evidence says in"), *TEXT_FIELDS),
        _choice("series", _l("A lesson seen in several pieces"), "first", "increase", rare=True),
        _choice("pool", _l("Rounded together"), "piece", "item", "day", "run", "period", rare=True),
        Field("otherwise", "flag", _l("Only where no other conversion fits"), rare=True),
    ), (("when", {"kind": "watched"}), ("amount", "length / 45"))),
    Table("weight", _l("Weight"), _l("A factor on what a piece is worth."), _l("Add a weight"), (
        _WHEN,
        Field("times", "number", _l("Times"), _NUMBER),
        Field("axis", "text", _l("Axis"), _l("Weights of one axis exclude each other; axes multiply."), rare=True),
    ), (("when", {"requirement_class": "elective"}), ("times", "0.5"))),
    Table("mark", _l("Completion mark"), _l("Below it a piece gives nothing."), _l("Add a mark"), (
        _WHEN,
        Field("measure", "formula", _l("What is measured"), _l("A formula or a ratio such as seen / length.")),
        Field("at_least", "number", _l("At least"), _NUMBER),
        Field("more_than", "number", _l("Or more than"), _NUMBER, rare=True),
    ), (("when", {"kind": "watched"}), ("measure", "seen / length"), ("at_least", "0.9"))),
    Table("needs", _l("Companion"), _l("A piece waits until something else has happened too, such as an exam."),
          _l("Add a companion"), (
        _WHEN,
        _selector("evidence", _l("What must have happened too"), PIECE_FIELDS),
        _choice("same", _l("Of the same"), "item", "run"),
        Field("valid_years", "whole", _l("Holds for so many years"), rare=True),
        Field("within_days", "whole", _l("At most so many days later"), rare=True),
    ), (("when", {"kind": "watched"}), ("evidence", {"kind": "exam", "passed": True}), ("same", "item"))),
    Table("round", _l("Rounding"), _l("The one rounding of a piece."), _l("Add a rounding"), (
        _WHEN,
        Field("to", "number", _l("To steps of"), _NUMBER),
        _choice("mode", _l("Direction"), *_MODES),
        Field("minimum", "number", _l("Nothing below"), _NUMBER, rare=True),
    ), (("to", "0.5"), ("mode", "floor"))),
    Table("duplicate", _l("Repeat"), _l("What counts once only."), _l("Add a repeat rule"), (
        _WHEN_BUCKET,
        Field("key", "words", _l("Alike in"), _l("Fields with commas between them: item, edition, run …"),
              options=(*IDENTITY_FIELDS, *TEXT_FIELDS, "kind")),
        Field("overlap", "flag", _l("Or overlapping in time"), rare=True),
        Field("within", "within", _l("Within"), options=("day", "period", "cycle", "ever", "years")),
        _choice("keep", _l("Which one counts"), "first", "largest"),
    ), (("when", {"kind": "watched"}), ("key", ["item"]), ("within", "period"))),
    Table("cap", _l("Cap"), _l("At most so many hours count."), _l("Add a cap"), (
        _WHEN_BUCKET,
        Field("limit", "number", _l("At most"), _NUMBER),
        _choice("per", _l("For each"), "item", "day", "run", "period", "cycle", "ever"),
    ), (("limit", 8), ("per", "day"))),
    Table("attendance", _l("Attendance"),
          _l("Too much leave takes a whole class run back."), _l("Add an attendance rule"), (
        _WHEN_BUCKET,
        Field("limit", "formula", _l("Leave in hours up to"), _l("A number or a formula such as run_hours / 7.")),
        _choice("boundary", _l("Taken back when the leave is"), "more", "at_least"),
    ), (("when", {"kind": "session"}), ("limit", "run_hours / 7"))),
    Table("revoke", _l("Revocation"),
          _l("What a revocation takes back, and for how long it bars."), _l("Add a revocation"), (
        _WHEN,
        _choice("cancels", _l("Takes back"), "item", "run", "named", "period", "nothing"),
        Field("ban_kinds", "words", _l("Then bars evidence of the kinds"), options=CREDITABLE, rare=True),
        Field("ban_years", "whole", _l("For so many years"), rare=True),
    ), (("cancels", "item"),)),
    Table("test", _l("Test"), _l("One sum against one quota."), _l("Add a test"), (
        _WHEN_BUCKET,
        _choice("measure", _l("What is summed"), "countable", "earned", "days", "minutes", "count", "months"),
        Field("at_least", "quota", _l("At least"), selects=_STANDINGS),
        Field("at_most", "quota", _l("Or at most"), selects=_STANDINGS, rare=True),
        Field("share_of", "text", _l("The number is a share of the test"), rare=True),
        _choice("basis", _l("Share of what"), "got", "quota", rare=True),
        Field("over", "over", _l("Over"), options=("period", "cycle", "since"), selects=_STANDINGS, rare=True),
        Field("blocking", "flag", _l("Decides the year"), _l("No: it is only shown."), rare=True),
    ), (("measure", "countable"), ("at_least", 50))),
    Table("requirement", _l("Requirement for the year"),
          _l("Which tests must be met, and by whom."), _l("Add a requirement"), (
        _selector("who", _l("For whom"), STANDING_FIELDS, _l("Without a condition it holds for everybody.")),
        Field("meets", "meets", _l("Meets"), _l("Ids of tests with and, or and brackets: total and (days or hours)")),
    ), (("meets", {"all": ["total"]}),)),
    Table("share", _l("Share"),
          _l("At most this part of a sum; the rest is cut when the period ends."), _l("Add a share"), (
        _WHEN_BUCKET,
        Field("at_most", "number", _l("At most this part"), _l("Such as 1/2 or 0.3.")),
        Field("of", "text", _l("Of the test"), _l("The id of a test.")),
        _choice("basis", _l("Of what it"), "got", "quota"),
    ), (("when", {"kind": "watched"}), ("at_most", "1/2"), ("of", "total"))),
    Table("carry", _l("Carry-over"), _l("What goes into the next period."), _l("Add a carry-over"), (
        Field("surplus_of", "text", _l("What is above the quota of the test"), _l("The id of a test.")),
        _choice("measure", _l("Measured in"), "countable", "earned"),
        Field("as", "mapping", _l("Arrives as"), selects=(*TEXT_FIELDS, *FLAG_FIELDS, "bucket")),
        Field("max", "number", _l("At most"), _NUMBER),
        Field("again", "flag", _l("What was carried may be carried again"), rare=True),
        Field("unless_short", "words", _l("Not while these tests are short"), _TESTS, rare=True),
    ), (("surplus_of", "total"), ("measure", "countable"), ("as", {}))),
    Table("make_up", _l("Make-up"), _l("What is missing may be learned after the period."), _l("Add a make-up"), (
        Field("tests", "words", _l("For the tests"), _TESTS),
        Field("months", "whole", _l("Months after the period")),
    ), (("tests", ["total"]), ("months", 3))),
)  # fmt: skip

BY_NAME: Final = {table.name: table for table in (*SINGLES, *TABLES)}
ID = Field("id", "text", _l("Id"), _l("The clause's name in every reason. Unique in the document."))
TEXT = Field("text", "both", _l("As printed to learners"))
