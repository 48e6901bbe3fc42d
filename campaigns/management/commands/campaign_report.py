"""A campaign's report for scripts."""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Account
from campaigns.models import Campaign
from campaigns.services import reporting
from emailconcert.lib.tenancy import account_scope


class Command(BaseCommand):
    """The ledger, people's and machines' numbers, reasons and links."""

    help = "Print a campaign's report. Exit code 1: its ledger does not add up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--account", required=True, metavar="SLUG")
        parser.add_argument("--campaign", required=True, type=int, metavar="ID")
        parser.add_argument("--json", action="store_true", help="Print it as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        account = Account.objects.filter(slug=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account “{options['account']}”.")
        with account_scope(account):
            campaign = Campaign.objects.filter(pk=options["campaign"], deleted_at=None).first()
            if campaign is None:
                raise CommandError(f"There is no campaign {options['campaign']} in this account.")
            made = reporting.report(campaign=campaign)
        facts = _facts(campaign, made)
        if options["json"]:
            self.stdout.write(orjson.dumps(facts).decode())
        else:
            for name, value in facts.items():
                self.stdout.write(f"{name}: {value}")
        if not facts["adds_up"]:
            sys.exit(1)


def _facts(campaign: Campaign, made: reporting.Report) -> dict[str, Any]:
    numbers = made.numbers
    return {
        "campaign": campaign.pk,
        "state": str(campaign.state),
        "adds_up": numbers.adds_up,
        "ledger": {
            name: getattr(numbers, name)
            for name in ("audience", "queued", "sending", "sent", "failed", "skipped", "unconfirmed")
        },
        "excluded": numbers.excluded,
        "delivered": numbers.delivered,
        "people": {
            "opened": numbers.openers,
            "opens": numbers.opens,
            "clicked": numbers.clickers,
            "clicks": numbers.clicks,
            "unsubscribed": numbers.unsubscribes,
        },
        "machines": {
            "opened": numbers.machine_openers,
            "opens": numbers.machine_opens,
            "clicked": numbers.machine_clickers,
            "clicks": numbers.machine_clicks,
        },
        "bounced": numbers.bounced,
        "complained": numbers.complaints,
        "failed": dict(made.failed),
        "skipped": dict(made.skipped),
        "links": [asdict(link) for link in made.links],
    }
