"""Addresses at which providers report, one for each connection through a provider."""

import secrets
import struct
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from accounts.services import auditing, keys
from accounts.services.auditing import Actor
from delivery.models import Connection
from emailconcert.lib import signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope
from tracking.doors import providers
from tracking.models import WebhookDoor

_PURPOSE = "webhook door"
_CONTEXT = "tracking_webhookdoor.sealed_secret"
_LAYOUT = struct.Struct(">QQ")


class CannotOpen(ExpectedError):
    """The connection's provider reports nothing, or its key is missing."""


@dataclass(frozen=True)
class Found:
    """A door by its token."""

    account_id: int
    door_id: int
    provider: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Row:
    """A connection whose provider reports, and how far that is set up."""

    connection: Connection
    provider: providers.Provider
    is_open: bool
    last_event_at: datetime | None


def rows(*, account_id: int) -> list[Row]:
    """Return the account's connections whose provider reports something."""
    with account_scope(account_id):
        doors = {door.connection_id: door for door in WebhookDoor.objects.all()}
        found = []
        for connection in Connection.objects.order_by("name", "pk"):
            name = providers.provider_of(connection.backend)
            if name is not None:
                door = doors.get(connection.pk)
                last = door.last_event_at if door else None
                found.append(Row(connection, providers.PROVIDERS[name], door is not None, last))
    return found


def open_door(*, connection: Connection, secret: str, actor: Actor, now: datetime) -> str:
    """Open a connection's door, or give it a new secret; return the address for the provider. Raises `CannotOpen`.

    Where the provider signs nothing, the address holds a password that we make; it is shown this once.
    """
    name = providers.provider_of(connection.backend)
    if name is None:
        raise CannotOpen("This connection's provider reports nothing that we can read.")
    provider, secret = providers.PROVIDERS[name], secret.strip()
    if provider.key and not secret:
        raise CannotOpen(f"Paste the “{provider.secret}” that {provider.label} shows beside its webhook.")
    secret = secret if provider.key else secrets.token_urlsafe(24)
    account_id = connection.account_id
    with account_scope(account_id):
        door, _ = WebhookDoor.objects.update_or_create(
            account_id=account_id,
            connection=connection,
            defaults={
                "sealed_secret": keys.seal_text(secret, account_id=account_id, context=_CONTEXT),
                "created_at": now,
            },
        )
        auditing.record(
            action="webhook.opened", actor=actor, now=now, account_id=account_id, target=("connection", connection.pk)
        )
    return address(door) if provider.key else address(door, login=f"{providers.USER}:{secret}@")


def address(door: WebhookDoor, *, login: str = "") -> str:
    """Return a door's address."""
    token = signing.sign(_LAYOUT.pack(door.account_id, door.pk), purpose=_PURPOSE)
    scheme, _, rest = settings.CONTENT_URL.partition("://")
    return f"{scheme}://{login}{rest}/hooks/{token}"


def find_door(*, token: str, now: datetime) -> Found | None:
    """Return the door of a token, None where there is none any more."""
    try:
        account_id, door_id = _LAYOUT.unpack(signing.unsign(token, purpose=_PURPOSE, now=now))
    except (signing.BadToken, struct.error):
        return None
    with account_scope(account_id):
        door = WebhookDoor.objects.select_related("connection").filter(pk=door_id).first()
        name = providers.provider_of(door.connection.backend) if door else None
        if door is None or name is None:
            return None
        secret = keys.unseal_text(bytes(door.sealed_secret), account_id=account_id, context=_CONTEXT)
    return Found(account_id, door_id, name, secret)


def note_use(*, found: Found, now: datetime) -> None:
    """Note that the provider reported something."""
    with account_scope(found.account_id):
        WebhookDoor.objects.filter(pk=found.door_id).update(last_event_at=now)
