"""An account's standing with the platform: suspended accounts keep reading and writing, and send nothing."""

from datetime import datetime

from django.db import transaction

from accounts.models import Account, Membership, Role, User
from accounts.services import auditing, outbox
from accounts.services.auditing import Actor
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope


class AccountSuspended(ExpectedError):
    """The account may not send."""


class CannotSuspend(ExpectedError):
    """The account is not in a state from which it can be suspended, or no reason was given."""


def may_send(account: Account) -> bool:
    """Tell whether the platform lets this account send."""
    return account.status == Account.Status.ACTIVE


def require_sending(account: Account) -> None:
    """Raise `AccountSuspended` unless the platform lets this account send."""
    if not may_send(account):
        reason = f" The reason: {account.status_reason}" if account.status_reason else ""
        raise AccountSuspended(f"Sending is switched off for {account.name}.{reason}")


def suspend(*, account: Account, reason: str, actor: Actor, now: datetime) -> None:
    """Stop an account's sending and tell its owners why. Raises `CannotSuspend`."""
    if not reason.strip():
        raise CannotSuspend("Write the reason; the owners read it.")
    _move(account, Account.Status.ACTIVE, Account.Status.SUSPENDED, reason.strip(), actor=actor, now=now)


def reinstate(*, account: Account, actor: Actor, now: datetime) -> None:
    """Let a suspended account send again. Raises `CannotSuspend`."""
    _move(account, Account.Status.SUSPENDED, Account.Status.ACTIVE, "", actor=actor, now=now)


def set_quota(*, account: Account, quota: int, actor: Actor, now: datetime) -> None:
    """Set how many messages the account may send in 30 days."""
    before = account.sending_quota
    if before == quota:
        return
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(sending_quota=quota)
        _record("account.quota_changed", account, actor, now, before=before, after=quota)


def _move(
    account: Account, before: Account.Status, after: Account.Status, reason: str, *, actor: Actor, now: datetime
) -> None:
    with transaction.atomic():
        rows = Account.objects.filter(pk=account.pk, status=before)
        if not rows.update(status=after, status_reason=reason):
            raise CannotSuspend(f"{account.name} is not {before.label.lower()} any more. Reload the page.")
        _record(f"account.{'suspended' if reason else 'reinstated'}", account, actor, now, reason=reason)
        _tell_owners(account, suspended=bool(reason), reason=reason, now=now)
    account.refresh_from_db()


def _tell_owners(account: Account, *, suspended: bool, reason: str, now: datetime) -> None:
    with platform_scope("accounts: tell owners of their account's standing"):
        ids = list(Membership.objects.filter(account=account, role=Role.OWNER).values_list("user_id", flat=True))
    for owner in User.objects.filter(pk__in=ids):
        outbox.put_mail(
            template="account_standing",
            to=owner.email,
            context={"name": owner.name, "business": account.name, "suspended": suspended, "reason": reason},
            language=owner.language,
            account_id=account.pk,
            now=now,
        )


def _record(action: str, account: Account, actor: Actor, now: datetime, **details: object) -> None:
    auditing.record(
        action=action, actor=actor, now=now, account_id=account.pk, target=("account", account.pk), details=details
    )
