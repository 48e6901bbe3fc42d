"""Receive bounces, complaints and opt-outs by mail."""

import asyncio
import contextlib
import signal
from argparse import ArgumentParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils.timezone import now

_LARGEST = 2 * 1024 * 1024


class Command(BaseCommand):
    """An SMTP server that keeps no queue: a mail is taken once what it asks for is done."""

    help = "Receive mail for the return paths and opt-out addresses (b+…@ and u+…@) at MAIL_IN_HOST and MAIL_IN_PORT."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let the review folder be read."""
        parser.add_argument("--review", action="store_true", help="Print the mail kept for review, then end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        if options["review"]:
            self._print_kept()
            return
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve())

    def _print_kept(self) -> None:
        from tracking.services import taking_mail

        for path in sorted(taking_mail.review_folder().glob("*.sealed")):
            self.stdout.write(f"--- {path.name}\n{taking_mail.read_kept(path).decode('utf-8', 'replace')}")

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(Intake(), hostname=settings.PLATFORM_DOMAIN, data_size_limit=_LARGEST, enable_SMTPUTF8=True),
            settings.MAIL_IN_HOST,
            settings.MAIL_IN_PORT,
        )
        self.stdout.write(f"Mail is received at {settings.MAIL_IN_HOST}:{settings.MAIL_IN_PORT}.")
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        async with server:
            await stop.wait()


class Intake:
    """What the SMTP server asks and hands over."""

    # The names and arguments are aiosmtpd's.
    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take mail for addresses with a token, and for the mailbox of complaints."""
        local = address.partition("@")[0].lower()
        if not local.startswith(("b+", "u+")) and local not in ("fbl", "abuse"):
            return "550 5.1.1 No such mailbox"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Do what the mail asks for; the sender tries again where that failed."""
        try:
            return await asyncio.to_thread(_take, envelope.rcpt_tos[0], envelope.original_content or b"")
        except Exception:  # whatever failed, the mail stays with its sender
            import logging

            logging.getLogger(__name__).exception("mail could not be taken")
            return "451 4.3.0 Try again later"


def _take(recipient: str, content: bytes) -> str:
    from tracking.services import taking_mail

    close_old_connections()
    taking_mail.take_mail(recipient=recipient, content=content, now=now())
    return "250 2.0.0 Taken"
