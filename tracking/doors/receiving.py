"""A mail server that keeps no queue: a mail is taken once what it asks for is done, or refused before it is taken.

It never writes to anybody, so nothing that is forged comes back to a stranger.
"""

import asyncio
import logging
import re

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import close_old_connections
from django.utils.timezone import now

from emailconcert.lib import signing

logger = logging.getLogger(__name__)

LARGEST = 5 * 1024 * 1024
_MOST_AT_ONCE = 100
_OF_OURS = re.compile(r"[bu]\+([A-Za-z0-9_-]{32})@", re.IGNORECASE)
_MAILBOXES = {"fbl", "abuse", "postmaster", "dmarc"}

# aiosmtpd writes down every line that it reads, with addresses.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Intake:
    """What the server asks and hands over. The names and arguments of its methods are aiosmtpd's."""

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        """Take mail for addresses with a token of ours, and for the mailboxes of complaints."""
        if not is_ours(address):
            return "550 5.1.1 No such mailbox"
        if envelope.rcpt_tos and not isinstance(server, LMTP):
            return "452 4.5.3 One recipient at a time"
        if len(envelope.rcpt_tos) >= _MOST_AT_ONCE:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        """Do what the mail asks for; with LMTP, one reply for each recipient. Source: RFC 2033 §4.2."""
        content = envelope.original_content or b""
        replies = [await _reply(recipient, content) for recipient in envelope.rcpt_tos]
        return "\r\n".join(replies)


def is_ours(address: str) -> bool:
    """Tell whether an address bears a token that we made, or is a mailbox for complaints or for reports."""
    found = _OF_OURS.match(address)
    if found is None:
        return address.partition("@")[0].lower() in _MAILBOXES
    try:
        signing.read_message_token(found[1])
    except signing.BadToken:
        return False
    return True


async def _reply(recipient: str, content: bytes) -> str:
    """Take the mail for one recipient; the sender tries again where that failed."""
    try:
        return await asyncio.to_thread(_take, recipient, content)
    except Exception:  # whatever failed, the mail stays with its sender
        logger.exception("mail could not be taken")
        return "451 4.3.0 Try again later"


def _take(recipient: str, content: bytes) -> str:
    from tracking.services import taking_mail  # noqa: PLC0415  # the server listens before the models are loaded

    close_old_connections()
    taking_mail.take_mail(recipient=recipient, content=content, now=now())
    return "250 2.0.0 Taken"


async def listen() -> list[asyncio.Server]:
    """Open the doors that the settings name."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(_smtp, settings.MAIL_IN_HOST, settings.MAIL_IN_PORT)]
    kind, _, where = settings.MAIL_IN_LMTP.partition(":")
    if kind == "unix":
        servers.append(await loop.create_unix_server(_lmtp, where))
    elif kind:
        host, _, port = settings.MAIL_IN_LMTP.rpartition(":")
        servers.append(await loop.create_server(_lmtp, host, int(port)))
    return servers


def _smtp() -> SMTP:
    return SMTP(Intake(), hostname=settings.PLATFORM_DOMAIN, data_size_limit=LARGEST, enable_SMTPUTF8=True)


def _lmtp() -> LMTP:
    return LMTP(Intake(), hostname=settings.PLATFORM_DOMAIN, data_size_limit=LARGEST, enable_SMTPUTF8=True)
