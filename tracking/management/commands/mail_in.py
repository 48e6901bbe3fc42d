"""Receive bounces, complaints and opt-outs by mail."""

import asyncio
import contextlib
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tracking.doors import receiving


class Command(BaseCommand):
    """Serves until it is told to stop."""

    help = (
        "Receive mail for the return paths and opt-out addresses (b+…@ and u+…@) by SMTP at MAIL_IN_HOST and MAIL_IN_PORT, "
        "and by LMTP at MAIL_IN_LMTP."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with contextlib.AsyncExitStack() as stack:
            for server in await receiving.listen():
                await stack.enter_async_context(server)
            places = ", ".join(
                filter(None, (f"{settings.MAIL_IN_HOST}:{settings.MAIL_IN_PORT}", settings.MAIL_IN_LMTP))
            )
            self.stdout.write(f"Mail is received at {places}.")
            await stop.wait()
