"""An account's own limits and rules: read for its form, and changed."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from accounts.models import Account
from accounts.services import auditing
from accounts.services.auditing import Actor
from delivery.limit_models import SendingLimit, SendingRules
from delivery.services import waiting
from emailconcert.lib.tenancy import account_scope

_RULES = ("quiet_from", "quiet_until", "bounce_percent", "complaint_percent")


def read(account_id: int) -> dict[str, Any]:
    """Return what the owner has set, by the names of the form's fields; in the account's scope."""
    rules = SendingRules.objects.filter(account_id=account_id).first()
    found: dict[str, Any] = {name: getattr(rules, name, None) for name in _RULES}
    for row in SendingLimit.objects.filter(account_id=account_id):
        found[_name(row.connection_id, row.domain_id)] = row.own_per_hour
    return found


def change(*, account: Account, typed: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Set the owner's limits and rules from the form's fields; what waits for quiet hours that are gone leaves now.

    New limits hold within a minute. In the account's scope.
    """
    before = SendingRules.objects.select_related("account").filter(account=account).first()
    was_quiet = waiting.quiet_until(before, now=now) if before else None
    rules, _ = SendingRules.objects.update_or_create(
        account_id=account.pk, defaults={name: typed.get(name) for name in _RULES}
    )
    rules.account = account
    if was_quiet and waiting.quiet_until(rules, now=now) != was_quiet:
        waiting.release(account_id=account.pk, until=was_quiet, now=now)
    for name, per_hour in typed.items():
        if name == "per_hour" or name.startswith(("connection_", "domain_")):
            _set(account.pk, name, per_hour)
    auditing.record(
        action="sending.limits_changed",
        actor=actor,
        now=now,
        account_id=account.pk,
        details={name: _plain(value) for name, value in typed.items() if value is not None},
    )


def set_platform_limit(*, account: Account, per_hour: int | None, actor: Actor, now: datetime) -> None:
    """Set what the platform lets an account send in an hour, in the place of the default; None for the default."""
    with account_scope(account):
        SendingLimit.objects.update_or_create(
            account_id=account.pk, connection=None, domain=None, defaults={"platform_per_hour": per_hour}
        )
        auditing.record(
            action="account.rate_changed",
            actor=actor,
            now=now,
            account_id=account.pk,
            target=("account", account.pk),
            details={"per_hour": per_hour},
        )


def _set(account_id: int, name: str, per_hour: int | None) -> None:
    kind, _, pk = name.partition("_")
    key = {"connection_id": None, "domain_id": None}
    if name != "per_hour":
        key[f"{kind}_id"] = int(pk)  # type: ignore[assignment]  # one of them is a number
    rows = SendingLimit.objects.filter(account_id=account_id, **key)
    if not rows.update(own_per_hour=per_hour) and per_hour is not None:
        SendingLimit.objects.create(own_per_hour=per_hour, **key)


def _name(connection_id: int | None, domain_id: int | None) -> str:
    if connection_id:
        return f"connection_{connection_id}"
    return f"domain_{domain_id}" if domain_id else "per_hour"


def _plain(value: object) -> object:
    return value.isoformat("minutes") if isinstance(value, time) else value if isinstance(value, int) else str(value)
