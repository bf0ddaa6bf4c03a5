"""The closed vocabularies of the rule language: kinds of evidence, fields, numbers."""

from __future__ import annotations

from fractions import Fraction

# In the order in which pieces of equal time are folded.
KINDS = (
    "correction",
    "revocation",
    "exemption",
    "standing",
    "opening",
    "leave",
    "class_close",
    "exam",
    "session",
    "watched",
    "watched_elsewhere",
    "report",
    "recognised",
    "taught",
    "points",
)
RANK = {kind: rank for rank, kind in enumerate(KINDS)}

# These judge other pieces or the duty; no conversion ever sees them.
SILENT = frozenset({"correction", "revocation", "exemption", "standing", "leave", "class_close"})

CREDITABLE = tuple(kind for kind in KINDS if kind not in SILENT)

# Hours of an older platform: with no clause of their own they stand as they are.
OPENING = "opening"

# No evidence: what the period before passed on. Only clauses over buckets can name it.
CARRIED = "carried"

TEXT_FIELDS = (
    "category",
    "requirement_class",
    "subject_bucket",
    "provider",
    "unit",
    "class",
    "band",
    "group",
    "role",
)
FLAG_FIELDS = ("off_job", "passed")
STANDING_FIELDS = ("unit", "class", "band", "group", "role")
IDENTITY_FIELDS = ("item", "edition", "run", "take")

# Evidence's integers, in the fixed order of `Piece.numbers`.
NUMBERS = (
    "seen_ms",
    "length_ms",
    "duration_ms",
    "half_days",
    "hours_m",
    "credits_m",
    "score_m",
    "leave_m",
    "run_hours_m",
    "words",
    "questions",
    "count",
    "responses",
    "missed",
    "reviewers",
    "months_m",
)

# A formula's field → (its place in `Piece.numbers`, what one of that integer is worth).
FORMULA_FIELDS = {
    "seen": (NUMBERS.index("seen_ms"), Fraction(1, 60000)),
    "length": (NUMBERS.index("length_ms"), Fraction(1, 60000)),
    "minutes": (NUMBERS.index("duration_ms"), Fraction(1, 60000)),
    "days": (NUMBERS.index("half_days"), Fraction(1, 2)),
    "hours": (NUMBERS.index("hours_m"), Fraction(1, 1000)),
    "credits": (NUMBERS.index("credits_m"), Fraction(1, 1000)),
    "score": (NUMBERS.index("score_m"), Fraction(1, 1000)),
    "leave": (NUMBERS.index("leave_m"), Fraction(1, 1000)),
    "run_hours": (NUMBERS.index("run_hours_m"), Fraction(1, 1000)),
    "words": (NUMBERS.index("words"), Fraction(1)),
    "questions": (NUMBERS.index("questions"), Fraction(1)),
    "count": (NUMBERS.index("count"), Fraction(1)),
    "responses": (NUMBERS.index("responses"), Fraction(1)),
    "missed": (NUMBERS.index("missed"), Fraction(1)),
    "reviewers": (NUMBERS.index("reviewers"), Fraction(1)),
    "months": (NUMBERS.index("months_m"), Fraction(1, 1000)),
}
