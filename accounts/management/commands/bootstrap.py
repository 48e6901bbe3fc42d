"""The first of the platform's people."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from emailconcert.lib.errors import ExpectedError


class Command(BaseCommand):
    """A second factor is set up at the first sign-in; the admin site opens only then."""

    help = "Make a login profile for the Data Protection Officer or platform staff; its password is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--email", required=True, help="The person's address.")
        parser.add_argument("--name", required=True, help="The person's name.")
        parser.add_argument("--role", choices=("dpo", "staff"), default="dpo", help="What the person is (dpo).")
        parser.add_argument("--language", default="en", help="For example en.")
        parser.add_argument("--time-zone", default="UTC", help="For example Europe/Dublin.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the profile."""
        from accounts import links
        from accounts.models import User
        from accounts.services import operating

        try:
            made = operating.make_person(
                email=options["email"],
                name=options["name"],
                role=User.PlatformRole(options["role"]),
                language=options["language"],
                time_zone=options["time_zone"],
                now=timezone.now(),
            )
        except ExpectedError as error:
            raise CommandError(str(error)) from None
        url = links.absolute("admin:index")
        if options["json"]:
            self.stdout.write(json.dumps({"email": made.user.email, "password": made.password, "url": url}))
            return
        self.stdout.write(f"{made.user.name} may sign in at {url} with {made.user.email}.")
        self.stdout.write(f"Password (shown this once): {made.password}")
        self.stdout.write("At the first sign-in a second factor is set up. Change the password then, too.")
