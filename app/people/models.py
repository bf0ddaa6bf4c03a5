"""Units, persons, dated memberships and roles, credentials, sign-ins."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class Unit(Base):
    """A body or company, in a tree; its nature (单位性质) is data.

    The row says what the unit is now, `UnitPast` what it was. `since`: its first day, None for always; `closed_on`: the
    first day on which it is no more; `successor_id`: the unit that its people went to, where it was merged.
    """

    __tablename__ = "unit"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    nature: Mapped[str] = mapped_column(String(40))
    since: Mapped[date | None]
    closed_on: Mapped[date | None]
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)


class UnitPast(Base):
    """What a unit was called and where it stood until a day (the first on which it was otherwise), from the day before
    in its past or from its beginning."""

    __tablename__ = "unit_past"
    __table_args__ = (UniqueConstraint("unit_id", "until"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    until: Mapped[date]
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    nature: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)


class Person(Base):
    """Anyone with an account. `key` is opaque: ledgers and traces carry it and nothing personal.

    `login` is the staff number. `phone` and `email` (small letters) are not unique: two people may share one.
    """

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_name_pinyin", "name_pinyin", "id"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(26), unique=True)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    name_pinyin: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(30), index=True)
    email: Mapped[str | None] = mapped_column(String(120), index=True)
    key_trainee: Mapped[bool] = mapped_column(server_default=false())
    locale: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcTime)


class Credential(Base):
    """A person's password, as argon2id made it."""

    __tablename__ = "credential"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)


class FormerCredential(Base):
    """A password that was: kept only where the policy forbids taking it again."""

    __tablename__ = "former_credential"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    replaced_at: Mapped[datetime] = mapped_column(UtcTime)


class AccountKey(Base):
    """What lets somebody choose a password, once: a slip, or a link in a mail. Only a hash of it is kept.

    `batch`: the sheet that a slip was printed on, so that a page that is sent twice prints nothing twice.
    """

    __tablename__ = "account_key"
    __table_args__ = (
        CheckConstraint("way IN ('mail', 'slip', 'confirm')", name="way"),
        UniqueConstraint("batch", "person_id"),
        Index("ix_account_key_person", "person_id", "id"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    way: Mapped[str] = mapped_column(String(10))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    batch: Mapped[str | None] = mapped_column(String(26))
    email: Mapped[str | None] = mapped_column(String(120))


class SecondFactor(Base):
    """A person's authenticator: its secret, enciphered, and the last step whose code was taken."""

    __tablename__ = "second_factor"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_step: Mapped[int] = mapped_column(Key)


class RecoveryCode(Base):
    """A code for when the authenticator is lost; once. Only a hash of it is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)


class GuessCount(Base):
    """How many guesses were made under a key since its window began; the key is a hash."""

    __tablename__ = "guess_count"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int]
    until: Mapped[datetime] = mapped_column(UtcTime, index=True)


class LoginSession(Base):
    """One sign-in on one device; revocable. Only a hash of its token is kept."""

    __tablename__ = "login_session"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)
    device: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(60))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    proved_twice: Mapped[bool] = mapped_column(server_default=false())


class Identity(Base):
    """Who somebody is at an identity provider. `way`: the person linked it (self), or a claim did (claim)."""

    __tablename__ = "identity"
    __table_args__ = (
        CheckConstraint("way IN ('claim', 'self')", name="way"),
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("person_id", "issuer"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    issuer: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(255))
    way: Mapped[str] = mapped_column(String(10))
    linked_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)


class UsedState(Base):
    """An answer of an identity provider that was taken: none is taken twice. Only a hash of its state is kept."""

    __tablename__ = "used_state"
    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcTime, index=True)


class UnitMembership(Base):
    """Who belonged to which unit, from when until when (`until` is the first day no longer)."""

    __tablename__ = "unit_membership"
    __table_args__ = (
        Index(
            "uq_unit_membership_open",
            "person_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        CheckConstraint("until IS NULL OR until > since", name="order"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    band: Mapped[str] = mapped_column(String(40))
    since: Mapped[date]
    until: Mapped[date | None]


class RoleGrant(Base):
    """A role that somebody holds, with its scope and dates. `stands_in_for`: the person whose place is taken
    meanwhile."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint("scope_kind IN ('own', 'class', 'unit', 'academy')", name="scope_kind"),
        CheckConstraint("(scope_kind IN ('class', 'unit')) = (scope_id IS NOT NULL)", name="scope_id"),
        Index("ix_role_grant_scope", "scope_kind", "scope_id"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(40))
    scope_kind: Mapped[str] = mapped_column(String(10))
    scope_id: Mapped[int | None] = mapped_column(Key)
    since: Mapped[date]
    until: Mapped[date | None]
    stands_in_for: Mapped[int | None] = mapped_column(Key)
