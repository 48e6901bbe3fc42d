"""Back the whole product up into a folder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from privacy.services import backups


class Command(BaseCommand):
    """Connects as the owner of the database."""

    help = "Write a backup: the database (pg_dump), the media, and apart from them the erasure ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the folder and --json."""
        parser.add_argument("folder", type=Path, help="A new or empty folder.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Back up and report."""
        try:
            made = backups.back_up(folder=options["folder"], now=timezone.now())
        except (backups.CannotBackUp, OSError) as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(asdict(made)))
        else:
            self.stdout.write(
                f"Database {made.database:,} bytes, media {made.media:,}, ledger {made.ledger:,}. "
                "Keep the ledger's folder apart, and the keys in your settings with neither."
            )
