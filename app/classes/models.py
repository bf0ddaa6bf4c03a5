"""Virtual classes, who is in them from when to when, and what is offered to them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class VirtualClass(Base):
    """A virtual class (网络班级): learners of many units who study under one head teacher."""

    __tablename__ = "virtual_class"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))


class ClassMembership(Base):
    """Who was in which class, from when until when; at most one class at a time."""

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
