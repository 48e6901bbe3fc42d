"""Roles, leaving and handing over. An account always has an owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from accounts.models import Account, Membership, Role, User
from accounts.services import auditing
from accounts.services.auditing import Actor
from emailconcert.lib.errors import ExpectedError


class NotAllowed(ExpectedError):
    """The role of who acts does not reach that far."""


class LastOwner(ExpectedError):
    """The account would be left without an owner."""

    def __init__(self) -> None:
        super().__init__("An account always has an owner. Make somebody else an owner first.")


def change_role(*, membership: Membership, role: Role, by: Membership, actor: Actor, now: datetime) -> None:
    """Give a member another role. Raises `NotAllowed`, `LastOwner`."""
    with _team_locked(membership.account_id):
        membership.refresh_from_db()
        if membership.role == role:
            return
        if Role.OWNER in {membership.role, role} and by.role != Role.OWNER:
            raise NotAllowed("Only an owner can make or unmake owners.")
        if membership.role == Role.OWNER:
            _require_another_owner(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        _record("team.role_changed", membership, actor, now, before=before, after=role)


def remove(*, membership: Membership, by: Membership, actor: Actor, now: datetime) -> None:
    """Take a member out of the account. Raises `NotAllowed`, `LastOwner`."""
    if membership.pk == by.pk:
        raise NotAllowed("To go yourself, use Leave.")
    with _team_locked(membership.account_id):
        membership.refresh_from_db()
        if membership.role == Role.OWNER and by.role != Role.OWNER:
            raise NotAllowed("Only an owner can remove an owner.")
        _end(membership, "team.removed", actor, now)


def leave(*, membership: Membership, actor: Actor, now: datetime) -> None:
    """Leave the account oneself. Raises `LastOwner`."""
    with _team_locked(membership.account_id):
        membership.refresh_from_db()
        _end(membership, "team.left", actor, now)


def transfer_ownership(*, to: Membership, by: Membership, actor: Actor, now: datetime) -> None:
    """Make another member an owner and oneself an admin, at once. Raises `NotAllowed`."""
    if to.pk == by.pk:
        raise NotAllowed("You are an owner already. Choose somebody else.")
    with _team_locked(by.account_id):
        by.refresh_from_db()
        if by.role != Role.OWNER:
            raise NotAllowed("Only an owner can hand the account over.")
        to.role, by.role = Role.OWNER, Role.ADMIN
        to.save(update_fields=["role"])
        by.save(update_fields=["role"])
        _record("team.ownership_transferred", to, actor, now)


@contextmanager
def _team_locked(account_id: int) -> Iterator[None]:
    """Let one account's team change one after another, so that two owners can't both go at once."""
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account_id)
        yield


def _end(membership: Membership, action: str, actor: Actor, now: datetime) -> None:
    if membership.role == Role.OWNER:
        _require_another_owner(membership)
    User.objects.filter(pk=membership.user_id, last_account_id=membership.account_id).update(last_account=None)
    _record(action, membership, actor, now, role=membership.role)
    membership.delete()


def _require_another_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(account_id=membership.account_id, role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwner


def _record(action: str, membership: Membership, actor: Actor, now: datetime, **details: str) -> None:
    auditing.record(
        action=action,
        actor=actor,
        now=now,
        account_id=membership.account_id,
        target=("profile", membership.user_id),
        details=details,
    )
