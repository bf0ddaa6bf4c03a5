"""The sample academy: `content/` loaded by the code that serves a user's own material.

All of it is one transaction, so an interrupted start begins anew. Passwords follow from the academy's secret: every
account has its own, and a lost accounts.json can be written again. When the academy is started again days later, its
learners have gone on learning meanwhile.
"""

from app.sample.accounts import CONTENT, password
from app.sample.starting import ensure

__all__ = ["CONTENT", "ensure", "password"]
