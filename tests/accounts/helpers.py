"""What several tests of accounts do: read the outbox, sign in, type codes."""

import re
from datetime import UTC, datetime

import orjson
from django_otp.oath import hotp

from accounts.models import AuditEvent, Outbox, TotpDevice
from accounts.services import auditing, second_factor
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import platform_scope
from tests.factories import PASSWORD

ACTOR = auditing.Actor(user_id=None, name="Tester", network="192.0.2.0")
SEED = b"12345678901234567890"


def now():
    return datetime.now(UTC)


def mails():
    """Return (template, to, context) of the mails in the outbox, the first first."""
    with platform_scope("tests: read the outbox"):
        rows = list(Outbox.objects.filter(kind="mail").order_by("pk"))
    found = []
    for row in rows:
        payload = orjson.loads(encryption.unseal(bytes(row.sealed_payload), context="accounts_outbox.sealed_payload"))
        found.append((row.topic, payload["to"], payload["context"]))
    return found


def path_in(context, key="url"):
    """Return the path of a link in a mail."""
    return re.sub(r"^https?://[^/]+", "", context[key])


def actions(account=None):
    """Return the audit log's actions of an account, or the platform's, the first first."""
    account_id = getattr(account, "pk", account)
    with platform_scope("tests: read the audit log"):
        return list(AuditEvent.objects.filter(account_id=account_id).order_by("pk").values_list("action", flat=True))


def code_at(moment, *, seed=SEED):
    return f"{hotp(seed, int(moment.timestamp()) // 30):06d}"


def give_device(user):
    """Return an authenticator app whose seed tests know."""
    sealed = encryption.seal(SEED, context="accounts_totpdevice.sealed_seed")
    return TotpDevice.objects.create(user=user, name="App", confirmed=True, sealed_seed=sealed)


def give_codes(user):
    return second_factor.renew_codes(user=user, actor=ACTOR, now=now())


def give_password(user, password=PASSWORD):
    user.set_password(password)
    user.save()
    return user


def sign_in(client, user, password=PASSWORD, **more):
    return client.post("/sign-in/", {"email": user.email, "password": password, **more})
