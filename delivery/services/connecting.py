"""An account's own connections: added, changed, removed. What is secret is sealed and never shown again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import Account
from accounts.services import auditing
from delivery.esps import ESPS, SMTP, options_of
from delivery.models import Connection, Mailing, SendingDomain
from delivery.services import connections
from emailconcert.lib import encryption
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.network import is_public
from emailconcert.lib.tenancy import account_scope

PORTS = (25, 465, 587, 2465, 2525, 2587)
_LONGEST_LABEL = 64
_BUSY = (Mailing.State.MATERIALISING, Mailing.State.SENDING, Mailing.State.PAUSED)


class CannotConnect(ExpectedError):
    """The connection can't be made, changed or removed so."""


@dataclass(frozen=True)
class Plan:
    """What is entered for a connection; empty secrets keep what is stored."""

    name: str
    values: dict[str, str]
    for_domain: SendingDomain | None = None
    for_kind: str = ""
    is_default: bool = False
    secrets: frozenset[str] = field(default_factory=frozenset)


def save_connection(
    *,
    account: Account,
    provider: str,
    plan: Plan,
    connection: Connection | None = None,
    actor: auditing.Actor,
    now: datetime,
) -> Connection:
    """Make a connection, or change one. Raises `CannotConnect`."""
    esp = ESPS[provider]
    if esp.refused:
        raise CannotConnect(f"{esp.title}: {esp.refused}")
    with account_scope(account):
        values = plan.values
        if connection:
            known = _entered(connection)
            if provider == SMTP and known.get("password") and not values.get("password"):
                _check_same_server(known, values)
            values = {**values, **{name: known.get(name, "") for name in plan.secrets if not values.get(name)}}
        options = _smtp_options(values) if provider == SMTP else options_of(esp, values)
        row = connection or Connection(provider=provider, backend=esp.backend)
        row.kind = Connection.Kind.SMTP if provider == SMTP else Connection.Kind.ANYMAIL
        row.name, row.for_domain, row.for_kind, row.is_default = (
            plan.name,
            plan.for_domain,
            plan.for_kind,
            plan.is_default,
        )
        row.shown = f"{values['host']}:{values['port']}" if provider == SMTP else ""
        row.sealed_settings = connections.seal_settings(options, account_id=account.pk)
        row.tested_at, row.test_steps = None, []
        if plan.is_default:
            Connection.objects.filter(is_default=True).update(is_default=False)
        row.save()
        action = "connection.changed" if connection else "connection.added"
        auditing.record(action=action, actor=actor, now=now, account_id=account.pk, target=("connection", row.pk))
    return row


def _check_same_server(known: dict[str, Any], values: dict[str, str]) -> None:
    """Refuse to send a stored password to another server: whoever named their own would read it. Raises `CannotConnect`."""
    moved = str(known.get("host", "")).lower() != values["host"].strip().lower()
    if moved or (values["security"] == "plain" and known.get("security") != "plain"):
        raise CannotConnect("The server is another one: write the password once more, it is not handed on by itself.")


def _entered(connection: Connection) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    try:
        stored = connections.open_settings(connection)
    except encryption.CannotDecrypt:  # sealed by a key that is gone: everything is entered anew
        return flat
    for name, value in stored.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


def shown_values(connection: Connection, secrets: frozenset[str]) -> dict[str, Any]:
    """Return what was entered, without what is secret, in the account's scope."""
    return {name: value for name, value in _entered(connection).items() if name not in secrets}


def _smtp_options(values: dict[str, str]) -> dict[str, object]:
    host, port = values["host"].strip().lower(), int(values["port"])
    if values["security"] == "plain" and values.get("username"):
        raise CannotConnect("We sign in over secured lines only. Choose STARTTLS or TLS, or leave the user name out.")
    if not settings.PRIVATE_CONNECTIONS:
        if port not in PORTS:
            raise CannotConnect(f"Port {port} is not one of mail servers: {', '.join(map(str, PORTS))}.")
        if not all(0 < len(label) < _LONGEST_LABEL for label in host.split(".")) and ":" not in host:
            raise CannotConnect("This is no server's name. Write it as smtp.example.com.")
        if host.replace(".", "").isdigit() or ":" in host:
            if not is_public(host):
                raise CannotConnect("This address is in a private network, where we don't connect to.")
        elif "." not in host or host.endswith((".local", ".localhost", ".internal")):
            raise CannotConnect("Write the server's full name on the internet, such as smtp.example.com.")
    return {**values, "host": host, "port": port}


def remove_connection(*, connection: Connection, actor: auditing.Actor, now: datetime) -> None:
    """Remove a connection. Raises `CannotConnect` while mail is under way over it."""
    with account_scope(connection.account_id):
        if Mailing.objects.filter(connection=connection, state__in=_BUSY).exists():
            raise CannotConnect("Mail is under way over it, or is paused. Let it finish or cancel it first.")
        auditing.record(
            action="connection.removed",
            actor=actor,
            now=now,
            account_id=connection.account_id,
            target=("connection", connection.pk),
            details={"name": connection.name},
        )
        connection.delete()
