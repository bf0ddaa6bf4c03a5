"""Virtual classes, who is in them from when to when, and what is offered to them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class ClassRule(Base):
    """Whom a rule puts into classes, how large these are and what they are called; `position` from 1, first wins.

    `natures`, `bands`, `districts` (codes of units at the top): JSON lists; an empty one takes all. `pattern`: a name
    with {n}, {year}, {district}. The other columns are those of `rules.grouping.Rule`.
    """

    __tablename__ = "class_rule"
    __table_args__ = (CheckConstraint("smallest >= 1 AND smallest <= best AND best <= largest", name="sizes"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    position: Mapped[int]
    natures: Mapped[str] = mapped_column(Text)
    bands: Mapped[str] = mapped_column(Text)
    districts: Mapped[str] = mapped_column(Text)
    key_trainee: Mapped[bool | None]
    by_district: Mapped[bool]
    join_small: Mapped[bool]
    smallest: Mapped[int]
    best: Mapped[int]
    largest: Mapped[int]
    pattern: Mapped[str] = mapped_column(String(80))
    pattern_en: Mapped[str] = mapped_column(String(80))


class VirtualClass(Base):
    """A virtual class (网络班级): learners of many units who study under one head teacher.

    `rule_id`, `year`: by which rule and for which training year it was made, None where by hand. `closed_on`: the first
    day on which it is no more; who was in it when stays known.
    """

    __tablename__ = "virtual_class"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("class_rule.id"), index=True)
    year: Mapped[int | None]
    closed_on: Mapped[date | None]


class ClassMembership(Base):
    """Who was in which class, from when until when; at most one class at a time. `pinned`: rules do not move them."""

    __tablename__ = "class_membership"
    __table_args__ = (
        Index(
            "uq_class_membership_open",
            "person_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        CheckConstraint("until IS NULL OR until >= since", name="order"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("virtual_class.id"), index=True)
    since: Mapped[date]
    until: Mapped[date | None]
    pinned: Mapped[bool] = mapped_column(server_default=false())


class CourseOffer(Base):
    """A course published to a class, or to all (`class_id` null), as required or elective."""

    __tablename__ = "course_offer"
    __table_args__ = (
        CheckConstraint("requirement_class IN ('required', 'elective')", name="requirement_class"),
        Index(
            "uq_course_offer_class",
            "course_id",
            "class_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL AND class_id IS NOT NULL"),
            postgresql_where=text("withdrawn_at IS NULL AND class_id IS NOT NULL"),
        ),
        Index(
            "uq_course_offer_all",
            "course_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL AND class_id IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL AND class_id IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    class_id: Mapped[int | None] = mapped_column(ForeignKey("virtual_class.id"), index=True)
    requirement_class: Mapped[str] = mapped_column(String(10))
    since: Mapped[date]
    due: Mapped[date | None]
    offered_at: Mapped[datetime] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)
