"""The demo DPO's one-time code."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_otp.oath import totp


class Command(BaseCommand):
    """Stands for the authenticator app that a newcomer has not set up."""

    help = "Print the current one-time code of the demo's Data Protection Officer. Only with DEMO=yes."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        from campaigns.demo_data import OFFICER_SEED

        if not settings.DEMO:
            raise CommandError("The demo is off here: set DEMO=yes.")
        self.stdout.write(f"{totp(OFFICER_SEED):06d}")
        left = 30 - int(time.time()) % 30
        self.stderr.write(f"Valid for {left} more seconds, and a little longer.")
