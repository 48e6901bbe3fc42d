"""What an account says about itself, and how it wants its members and contacts treated."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import Account
from accounts.services import auditing
from accounts.services.auditing import Actor
from emailconcert.lib.errors import ExpectedError


class SecondFactorFirst(ExpectedError):
    """Who requires a second factor of others needs one."""


@dataclass(frozen=True)
class Business:
    """The settings of an account that its admins change."""

    name: str
    postal_address: str
    country: str
    time_zone: str
    language: str
    requires_second_factor: bool
    tracks_opens: bool
    tracks_clicks: bool


def update(*, account: Account, business: Business, has_second_factor: bool, actor: Actor, now: datetime) -> None:
    """Keep the account's settings right. Raises `SecondFactorFirst` where who asks would lock themselves out."""
    if business.requires_second_factor and not account.requires_second_factor and not has_second_factor:
        raise SecondFactorFirst("Set up a second factor for yourself and sign in with it before you require it of all.")
    wanted = asdict(business)
    changed = sorted(key for key, value in wanted.items() if getattr(account, key) != value)
    if not changed:
        return
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(**wanted)
        auditing.record(
            action="account.changed",
            actor=actor,
            now=now,
            account_id=account.pk,
            target=("account", account.pk),
            details={"fields": changed},
        )
