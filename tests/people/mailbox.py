"""A mail server of the test's own, on this machine, that keeps what it is given."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.services import free_port


class Kept:
    """What came in; with `refuses` set nothing is taken."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuses = False
        self.port = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Take a message, or say that it cannot be taken now."""
        if self.refuses:
            return "451 try again later"
        made = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(made, EmailMessage)
        self.messages.append(made)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def text(self, at: int = -1) -> str:
        """The words of a message."""
        return str(self.messages[at].get_content())

    def link(self, at: int = -1) -> str:
        """The one address in a message."""
        (found,) = re.findall(r"https?://\S+", self.text(at))
        return str(found)


@contextmanager
def serving() -> Iterator[Kept]:
    """The server, listening."""
    kept = Kept()
    kept.port = free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
