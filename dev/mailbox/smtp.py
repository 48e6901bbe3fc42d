"""The mailbox's mail server: takes every message for everybody, and keeps it."""
# ruff: noqa: ARG002  # aiosmtpd calls with all of these

from aiosmtpd.smtp import SMTP, Envelope, Session

from dev.mailbox.store import Store

LARGEST_MESSAGE = 50 * 1024 * 1024


class Keeper:
    """What aiosmtpd calls at each step of a conversation; it gives more than is used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer PIPELINING as well: the server reads one line after another, so commands sent ahead just wait."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message; it is on file when this answers."""
        content = envelope.content or b""
        source = content if isinstance(content, bytes) else content.encode()
        self._store.add(sender=envelope.mail_from or "", recipients=envelope.rcpt_tos, source=source)
        return "250 2.0.0 Kept"


def make_protocol(store: Store) -> SMTP:
    """Return a new conversation's protocol."""
    return SMTP(
        Keeper(store),
        data_size_limit=LARGEST_MESSAGE,
        enable_SMTPUTF8=True,
        hostname="mailbox.localhost",
        ident="EmailConcert mailbox",
    )
