"""Open an account from the shell."""

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from emailconcert.lib.errors import ExpectedError


class Command(BaseCommand):
    """The owner's profile is made and confirmed; a password is printed once unless one is given."""

    help = (
        "Open an account with its owner. The password is read from the environment variable OWNER_PASSWORD, or made"
        " and printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--name", required=True, help="The business name.")
        parser.add_argument("--owner-email", required=True, help="The owner's address; an existing profile is used.")
        parser.add_argument("--owner-name", default="", help="The owner's name, for a new profile.")
        parser.add_argument("--postal-address", required=True, help="Stands at the foot of newsletters.")
        parser.add_argument("--country", required=True, help="Two letters, for example IE.")
        parser.add_argument("--time-zone", default="UTC", help="For example Europe/Dublin.")
        parser.add_argument("--language", default="en", help="For example en.")
        parser.add_argument("--quota", type=int, help="Messages in 30 days; otherwise NEW_ACCOUNT_QUOTA.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Open it."""
        from accounts.services import operating

        try:
            made = operating.create_account(
                business_name=options["name"],
                owner_email=options["owner_email"],
                owner_name=options["owner_name"],
                password=os.environ.get("OWNER_PASSWORD") or None,
                postal_address=options["postal_address"],
                country=options["country"].upper(),
                time_zone=options["time_zone"],
                language=options["language"],
                quota=options["quota"],
                now=timezone.now(),
            )
        except ExpectedError as error:
            raise CommandError(str(error)) from None
        facts = {"slug": made.account.slug, "owner": made.owner.email, "password": made.password}
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        self.stdout.write(f"Account “{made.account.name}” is open: {made.account.slug}, owned by {made.owner.email}.")
        if made.password:
            self.stdout.write(f"Password (shown this once): {made.password}")
