"""Handing mail over to the academy's mail server. It takes long: never call it inside a transaction."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from app.base import clock
from app.base.settings import Mail

SECONDS = 20  # that a server may keep us waiting


def send(mail: Mail, name: str, to: str, subject: str, text: str) -> None:
    """One plain message from the academy `name`. `OSError` (smtplib's among them) when it was not taken over;
    `ValueError` when an address or a subject holds what no header may."""
    message = EmailMessage(policy=SMTP.clone(max_line_length=998))
    local, _at, domain = mail.sender.rpartition("@")
    message["From"] = Address(name, local, domain)
    local, _at, domain = to.rpartition("@")
    message["To"] = Address("", local, domain)
    message["Subject"] = subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    with _server(mail) as server:
        if mail.user:
            server.login(mail.user, mail.password)
        server.send_message(message, from_addr=mail.sender, to_addrs=[to])


def _server(mail: Mail) -> smtplib.SMTP:
    """Connected, and encrypted unless the setting says otherwise: a server without a good certificate gets nothing."""
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(mail.host, mail.port, timeout=SECONDS)
    try:
        if mail.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
    except Exception:
        server.close()
        raise
    return server
