"""Load the demo account."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from emailconcert.lib.errors import ExpectedError


class Command(BaseCommand):
    """Makes it once; says the sign-ins every time."""

    help = (
        "Load the demo account: a small bakery, and a Data Protection Officer. Only with DEMO=yes and on localhost. "
        "Again is harmless. Prints the sign-ins."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="Print the sign-ins as one line of JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it."""
        from base64 import b32encode

        from campaigns import demo_data
        from campaigns.services import demo

        try:
            owner, officer = demo.load(now=timezone.now())
        except ExpectedError as error:
            raise CommandError(str(error)) from None
        secret = b32encode(demo_data.OFFICER_SEED).decode()
        signs = {
            "owner": {"email": owner.email, "password": demo_data.OWNER["password"]},
            "dpo": {
                "email": officer.email,
                "password": demo_data.OFFICER["password"],
                "otp_secret": secret,
                "code_hint": f".venv/bin/python manage.py demo_code, or put {secret} into an authenticator app",
            },
        }
        if options["json"]:
            self.stdout.write(json.dumps(signs))
            return
        for what, sign in signs.items():
            self.stdout.write(f"{what}: {sign['email']} with {sign['password']}")
        self.stdout.write(f"one-time code: {signs['dpo']['code_hint']}")
