"""Writing down what members and the platform did, and chaining it.

`record` writes in the caller's transaction; `seal` (scheduler, after commit) chains; `verify` names the first entry that
was changed or removed.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from accounts.models import AuditActor, AuditEvent, User
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import current_account_id, platform_scope


@dataclass(frozen=True)
class Actor:
    """Who acts, and from which network; views make it with `accounts.access.actor(request)`."""

    user_id: int | None
    name: str
    network: str


SYSTEM = Actor(user_id=None, name="EmailConcert", network="")


def record(
    *,
    action: str,
    actor: Actor,
    now: datetime,
    account_id: int | None,
    target: tuple[str, object] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one audit event, for example `action="campaign.sent"`, `target=("campaign", 7)`.

    `details` (plain JSON) stand in the erasable side table; the chain holds only their digest.
    """
    facts = {"user": actor.user_id, "name": actor.name, "network": actor.network, "details": dict(details or {})}
    salt = os.urandom(16)
    kind, target_id = target or ("", "")
    with _scope_for(account_id):
        event = AuditEvent.objects.create(
            account_id=account_id,
            at=now,
            action=action,
            target_kind=kind,
            target_id=str(target_id),
            digest=digest(facts, salt),
        )
        AuditActor.objects.create(
            event=event,
            account_id=account_id,
            user_id=actor.user_id,
            name=actor.name,
            network=actor.network,
            details=facts["details"],
            salt=salt,
        )


def _scope_for(account_id: int | None) -> AbstractContextManager[None]:
    if account_id is not None and account_id == current_account_id():
        return nullcontext()
    return platform_scope("accounts: record an audit event")


def digest(facts: Mapping[str, Any], salt: bytes) -> bytes:
    """Return the keyed digest that binds the side table's facts to the event; the salt goes with the facts."""
    return addresses.keyed_hash(salt + orjson.dumps(facts, option=orjson.OPT_SORT_KEYS), purpose="audit facts")


def actor_for(user: User, *, network: str) -> Actor:
    """Return the actor for a login profile."""
    return Actor(user_id=user.pk, name=user.name, network=network)
