"""Opening accounts: the slug, the data key, the first owner."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from accounts.models import Account, Membership, Role, User
from accounts.services import auditing
from accounts.services.auditing import Actor
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import account_scope

_SLUG_LENGTH = 50


def open_account(
    *,
    owner: User,
    name: str,
    postal_address: str,
    country: str,
    time_zone: str,
    language: str,
    actor: Actor,
    now: datetime,
    quota: int | None = None,
) -> Account:
    """Open an account with a data key of its own and `owner` as its first owner."""
    with transaction.atomic():
        account = Account.objects.create(
            name=name,
            slug=free_slug(name),
            postal_address=postal_address,
            country=country,
            time_zone=time_zone,
            language=language,
            sending_quota=settings.NEW_ACCOUNT_QUOTA if quota is None else quota,
        )
        _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
        account.save(update_fields=["wrapped_key"])
        with account_scope(account):
            Membership.objects.create(account=account, user=owner, role=Role.OWNER)
            auditing.record(
                action="account.opened",
                actor=actor,
                now=now,
                account_id=account.pk,
                target=("account", account.pk),
            )
        if owner.last_account_id is None:
            User.objects.filter(pk=owner.pk).update(last_account=account)
    return account


def free_slug(name: str) -> str:
    """Return a slug made of the name, with a few letters behind it where the name is taken."""
    base = slugify(name)[:_SLUG_LENGTH].strip("-") or "account"
    slug = base
    while Account.objects.filter(slug=slug).exists():
        slug = f"{base}-{secrets.token_hex(3)}"
    return slug
