"""`manage.py limit_account`: how many messages an hour the platform lets an account send."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from accounts.models import Account
from accounts.services import auditing
from delivery.services import own_limits


class Command(BaseCommand):
    """Set an account's rate in the place of the default."""

    help = "Set how many messages an hour an account may send, in the place of SEND_RATE; the owner may only lower it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the account and the rate."""
        parser.add_argument("slug", help="The account's slug.")
        parser.add_argument("--per-hour", type=int, help="Messages an hour; left out: the default again.")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's shape
        """Set it."""
        account = Account.objects.filter(slug=options["slug"]).first()
        per_hour = options["per_hour"]
        if account is None or (per_hour is not None and per_hour < 1):
            raise CommandError("Write the slug of an account, and one message an hour at least.")
        own_limits.set_platform_limit(account=account, per_hour=per_hour, actor=auditing.SYSTEM, now=now())
        self.stdout.write(
            f"{account.name}: {f'{per_hour:,} an hour' if per_hour else 'the default'}. Holds in a minute."
        )
