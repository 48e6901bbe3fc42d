import json
import os

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account, Outbox, TotpDevice
from accounts.services import keys, outbox, rotating
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import platform_scope
from tests.accounts.helpers import SEED, give_device, mails, now
from tests.factories import AccountFactory, UserFactory

pytestmark = pytest.mark.django_db

OLD, NEW = os.urandom(32), os.urandom(32)


@pytest.fixture
def sealed(settings):
    """Values under key 1, and a ring whose newest key is 2."""
    settings.ENCRYPTION_KEYS = {1: OLD}
    accounts = [AccountFactory() for _ in range(3)]
    text = keys.seal_text("a secret", account_id=accounts[0].pk, context="t.c")
    for number in range(5):
        outbox.put_mail(template="t", to=f"{number}@example.org", context={}, account_id=None, now=now())
    device = give_device(UserFactory())
    settings.ENCRYPTION_KEYS = {2: NEW, 1: OLD}
    return accounts[0], text, device


def numbers():
    with platform_scope("tests: read sealed values"):
        envelopes = [
            *Outbox.objects.values_list("sealed_payload", flat=True),
            *TotpDevice.objects.values_list("sealed_seed", flat=True),
            *Account.objects.values_list("wrapped_key", flat=True),
        ]
    return sorted({encryption.ring_key_number(bytes(each)) for each in envelopes})


def test_everything_is_sealed_again_and_reads_the_same_without_the_old_key(sealed, settings):
    account, text, device = sealed

    found = rotating.rotate()

    settings.ENCRYPTION_KEYS = {2: NEW}
    device.refresh_from_db()
    assert (found.rotated, found.unreadable, rotating.waiting(), numbers()) == (9, [], 0, [2])
    assert [to for _, to, _ in mails()] == [f"{number}@example.org" for number in range(5)]
    assert encryption.unseal(bytes(device.sealed_seed), context="accounts_totpdevice.sealed_seed") == SEED
    assert keys.unseal_text(text, account_id=account.pk, context="t.c") == "a secret"


def test_stopped_rotation_goes_on_where_it_was(sealed):
    first = rotating.rotate(chunk=2, limit=3)
    left = rotating.waiting()
    second = rotating.rotate(chunk=2)

    assert (first.rotated, left, second.rotated, numbers()) == (4, 5, 5, [2])


def test_rotating_again_touches_nothing(sealed):
    rotating.rotate()

    assert rotating.rotate().rotated == 0


def test_values_that_no_key_opens_are_named_and_left(sealed, capsys):
    *_, device = sealed
    TotpDevice.objects.filter(pk=device.pk).update(sealed_seed=bytes((1, 1)) + bytes(60))

    with pytest.raises(SystemExit) as end:
        call_command("rotate_keys", json=True)

    report = json.loads(capsys.readouterr().out)
    assert (end.value.code, report["rotated"], report["left"]) == (1, 8, 1)
    assert report["unreadable"] == [{"column": "accounts_totpdevice.sealed_seed", "id": device.pk}]


def test_command_counts_on_a_dry_run(sealed, capsys):
    call_command("rotate_keys", dry_run=True, json=True)

    assert (json.loads(capsys.readouterr().out), numbers()) == ({"left": 9}, [1])


def test_every_sealed_column_of_every_app_is_found():
    columns = rotating.sealed_columns()

    assert {("accounts_outbox", "sealed_payload"), ("privacy_privacyrequest", "sealed_email")} <= set(columns)
    assert all(column.startswith("sealed_") for _, column in columns)


@given(st.binary(max_size=64), st.sampled_from(["a.b", "a.c"]))
def test_envelopes_open_in_their_own_context_only(data, context):
    envelope = encryption.seal(data, context=context)

    assert encryption.unseal(envelope, context=context) == data
    with pytest.raises(encryption.CannotDecrypt):
        encryption.unseal(envelope, context=f"{context}x")
