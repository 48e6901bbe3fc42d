"""Search everything for an address that was erased."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from emailconcert.lib import addresses
from privacy.services import scanning


class Command(BaseCommand):
    """Searches every table and file; exits with 1 where something was found."""

    help = "Search all tables and files for an email address (and full names), and say where it was found."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the address, --name and --json."""
        parser.add_argument("address")
        parser.add_argument("--name", action="append", default=[], help="A full name to search for as well.")
        parser.add_argument("--account", type=int, help="Look at the rows of this account id and the platform's only.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Search and report."""
        try:
            address = addresses.normalise(options["address"])
        except addresses.BadAddress as error:
            raise CommandError(str(error)) from None
        scan = scanning.scan(address=address, names=options["name"], account_id=options["account"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(scan)))
        else:
            self.stdout.write(f"Searched {scan.columns} columns and {scan.files} files.")
            for each in scan.found:
                self.stdout.write(f"  found in {each.place}: {each.times}")
        if scan.found:
            raise SystemExit(1)
