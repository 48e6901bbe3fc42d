"""Let go of what has been kept for long enough."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from privacy.services import retention


class Command(BaseCommand):
    """Runs the sweeper once; with --dry-run it only counts."""

    help = "Delete what the retention schedule says is over; --dry-run only counts."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --dry-run and --json."""
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep and report."""
        counts = retention.sweep(now=timezone.now(), dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(counts))
            return
        verb = "would go" if options["dry_run"] else "gone"
        for name, rows in counts.items():
            self.stdout.write(f"{name}: {rows} rows {verb}")
