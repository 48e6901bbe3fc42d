"""Put a backup back."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from privacy.services import backups


class Command(BaseCommand):
    """Connects as the owner of the database; everything in it is replaced."""

    help = "Replace the database and the media by a backup's. Run replay_erasures next: until then all pages refuse."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the folder and --yes."""
        parser.add_argument("folder", type=Path, help="A folder that backup wrote.")
        parser.add_argument("--yes", action="store_true", help="Everything in the database is replaced; say so.")
        parser.add_argument("--json", action="store_true", help="Print what comes next as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, after it was said."""
        if not options["yes"]:
            raise CommandError("Everything in the database and the media is replaced. Stop the product, add --yes.")
        try:
            backups.restore(folder=options["folder"], now=timezone.now())
        except (backups.CannotBackUp, OSError) as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps({"restored": str(options["folder"]), "next": "replay_erasures"}))
        else:
            self.stdout.write("Restored. Nothing is sent or served yet. Now run: manage.py replay_erasures")
