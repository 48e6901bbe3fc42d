"""Which mail server a mailing goes through, and with what credentials."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from django.conf import settings

from accounts.services import keys
from delivery.models import Connection, Mailing, SendingDomain
from delivery.services import signing_keys
from delivery.wire import dkim
from delivery.wire.server import Server

_SETTINGS_CONTEXT = "delivery_connection.sealed_settings"
_SECURITY = {"smtp": "plain", "smtps": "tls", "smtp+starttls": "starttls"}
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


def platform_server() -> Server:
    """Return the platform's own mail server, from EMAIL_URL; manners of sending may stand in its query."""
    parts = urlsplit(settings.EMAIL_URL)
    return Server(
        host=parts.hostname or "localhost",
        port=parts.port or _PORTS[parts.scheme],
        security=_SECURITY[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        local_name=settings.PLATFORM_DOMAIN,
        **_manners(dict(parse_qsl(parts.query))),
    )


def server_for(connection: Connection | None) -> Server:
    """Return the SMTP server of a connection; None means the platform's."""
    if connection is None:
        return platform_server()
    found = open_settings(connection)
    return Server(
        host=found["host"],
        port=int(found["port"]),
        security=found.get("security", "starttls"),
        username=found.get("username", ""),
        password=found.get("password", ""),
        local_name=settings.PLATFORM_DOMAIN,
        **_manners(found),
        public_only=not settings.PRIVATE_CONNECTIONS,
    )


def _manners(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a server wants to be spoken to, where its settings say so."""
    return {
        "timeout": float(found.get("timeout") or 60),
        "sign_in_by": str(found.get("sign_in_by") or ""),
        "may_sign_in_readably": str(found.get("may_sign_in_readably") or "").lower() in ("1", "true", "yes"),
        "most_messages": int(found.get("most_messages") or 0),
        "most_connections": int(found.get("most_connections") or 0),
    }


def open_settings(connection: Connection) -> dict[str, Any]:
    """Return a connection's address and credentials."""
    text = keys.unseal_text(
        bytes(connection.sealed_settings), account_id=connection.account_id, context=_SETTINGS_CONTEXT
    )
    found: dict[str, Any] = orjson.loads(text)
    return found


def provider_of(mailing: Mailing) -> tuple[str, dict[str, Any]]:
    """Return the backend's path and options of a mailing that goes through a provider."""
    if mailing.connection is None:
        raise ValueError("This mailing goes over SMTP.")
    return mailing.connection.backend, open_settings(mailing.connection)


def seal_settings(values: dict[str, Any], *, account_id: int) -> bytes:
    """Return a connection's address and credentials, sealed for storing."""
    return keys.seal_text(orjson.dumps(values).decode(), account_id=account_id, context=_SETTINGS_CONTEXT)


def signers_for(domain: SendingDomain | None) -> list[dkim.Signer]:
    """Return who signs for a domain."""
    return signing_keys.signers(domain)
