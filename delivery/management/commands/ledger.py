"""Show where every message of a mailing stands, and whether its batches and messages agree."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from delivery import queries
from delivery.services import auditing


class Command(BaseCommand):
    """`manage.py ledger --mailing ID [--json]`: 0 it agrees, 1 it does not, 2 there is no such mailing."""

    help = (
        "Show a mailing's ledger: how many of its audience are queued, being sent, sent, failed, skipped and unconfirmed,"
        " by reason, its batches by state, and whether every batch says what its messages say. Exit code: 0 it agrees,"
        " 1 it does not, 2 there is no such mailing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the mailing."""
        parser.add_argument("--mailing", type=int, required=True, metavar="ID")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, **options: Any) -> None:
        """Count, print, and leave with the code."""
        account_id = queries.account_of_mailing(options["mailing"])
        if account_id is None:
            raise CommandError(f"There is no mailing {options['mailing']}.", returncode=2)
        found = auditing.audit(account_id=account_id, mailing_id=options["mailing"])
        facts = found.as_dict()
        if options["json"]:
            self.stdout.write(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode())
        else:
            for name, value in facts.items():
                self.stdout.write(f"{name:22} {_plain(value)}")
        if not found.agrees:
            raise SystemExit(1)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
