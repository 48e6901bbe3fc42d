"""Reading what waits in the outbox."""

import orjson

from accounts.models import Outbox
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import platform_scope


def mails():
    """Return (topic, address, context) of every mail in the outbox, the oldest first."""
    with platform_scope("test"):
        rows = list(Outbox.objects.filter(kind="mail").order_by("pk"))
    found = []
    for row in rows:
        payload = orjson.loads(encryption.unseal(row.sealed_payload, context="accounts_outbox.sealed_payload"))
        found.append((row.topic, payload["to"], payload["context"]))
    return found


def mails_to(address, topic=None):
    """Return the contexts of the mails to one address."""
    return [context for name, to, context in mails() if to == address and topic in (None, name)]
