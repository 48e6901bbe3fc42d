"""Check the audit log's chains."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone


class Command(BaseCommand):
    """Exit code 0: nothing was changed; 1: an entry was, the first one is named."""

    help = "Verify the audit log: name the first entry of each chain that was changed, removed or moved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--account", metavar="SLUG", help="Only this account's chain; otherwise all of them.")
        parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and report."""
        from accounts.models import Account
        from accounts.services import sealing

        accounts = Account.objects.order_by("pk")
        if options["account"]:
            accounts = accounts.filter(slug=options["account"])
            if not accounts:
                raise CommandError(f"There is no account “{options['account']}”.", returncode=2)
        chains: list[tuple[str, int | None]] = [(account.slug, account.pk) for account in accounts]
        if not options["account"]:
            chains.insert(0, ("(platform)", None))
        found = [(slug, sealing.verify(account_id=pk, now=timezone.now())) for slug, pk in chains]
        if options["json"]:
            self.stdout.write(json.dumps([{"account": slug, **asdict(each)} for slug, each in found], indent=2))
        else:
            for slug, each in found:
                self.stdout.write(_sentence(slug, each))
        if any(each.broken for _, each in found):
            raise SystemExit(1)


def _sentence(slug: str, found: Any) -> str:
    counts = f"{found.checked} entries checked, {found.erased} with the person erased, {found.waiting} not sealed yet"
    if found.broken is None:
        return f"{slug}: intact ({counts})"
    entry = f"entry {found.broken.event_id}" if found.broken.event_id else "an entry"
    return f"{slug}: BROKEN at position {found.broken.position}: {entry} was {found.broken.what} ({counts})"
