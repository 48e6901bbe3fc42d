"""Erase again whoever a restored backup brought back."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from privacy.services import ledger, replaying


class Command(BaseCommand):
    """Compares the ledger's file with the database; safe to run again."""

    help = "Compare the erasure ledger's file with the database, erase again who came back, and report."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --json."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and report; fails where the two still differ."""
        try:
            report = replaying.replay(now=timezone.now())
        except ledger.LedgerBroken as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report)))
        else:
            self.stdout.write(
                f"{report.in_file} erasures in the file, {report.in_table} in the database. "
                f"{len(report.erased_again)} people erased again, {len(report.nothing_left)} had not come back, "
                f"{report.written_to_file} entries written to the file. Said since the backup and made to hold again: "
                f"{report.standing.suppressed} suppressions, {report.standing.restricted} restrictions, "
                f"{report.standing.left_lists} opt-outs from lists; "
                f"{report.standing.unreadable_lines} lines could not be read."
            )
            for reference in report.erased_again:
                self.stdout.write(f"  erased again: {reference}")
        if not report.agrees:
            raise CommandError("The ledger's file and the database still differ.")
