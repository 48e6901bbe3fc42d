"""Seal everything again with the newest encryption key."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Stop it at any moment and start it again; exit code 1 if some values could not be opened."""

    help = (
        "Seal again, with the newest of ENCRYPTION_KEYS, what older keys sealed. Works in chunks; can be stopped and"
        " started again. Remove an old key from the setting only when this reports nothing left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--chunk", type=int, default=500, help="Values per transaction (500).")
        parser.add_argument("--limit", type=int, help="Stop after about this many values.")
        parser.add_argument("--dry-run", action="store_true", help="Only count what an older key seals.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate and report."""
        from accounts.services import rotating

        if options["dry_run"]:
            left = rotating.waiting()
            self.stdout.write(json.dumps({"left": left}) if options["json"] else f"{left} values under older keys.")
            return
        found = rotating.rotate(chunk=max(1, options["chunk"]), limit=options["limit"])
        left = rotating.waiting()
        if options["json"]:
            unreadable = [{"column": column, "id": pk} for column, pk in found.unreadable]
            report = {"rotated": found.rotated, "columns": found.columns, "left": left, "unreadable": unreadable}
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self.stdout.write(f"{found.rotated} values sealed again, {left} left under older keys.")
            for column, pk in found.unreadable:
                self.stderr.write(f"{column}, row {pk}: no key in hand opens it; left as it is.")
        if found.unreadable:
            raise SystemExit(1)
