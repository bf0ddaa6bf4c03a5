"""A control of the fairness bench: an academy whose clock runs slow, refusing what was watched."""

from __future__ import annotations

from app.factory import create_app
from tests.proof.clocks import at_speed

at_speed(0.4)
app = create_app()
