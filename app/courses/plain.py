"""The check of names and descriptions, under the name by which courses ask for it."""

from app.base.plain import check, complaint

__all__ = ["check", "complaint"]
