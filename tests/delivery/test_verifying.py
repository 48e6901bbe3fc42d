import email
import email.policy
import re
from datetime import UTC, datetime

import pytest
from django.conf import settings

from accounts.services import outbox
from accounts.services.auditing import SYSTEM
from delivery.models import Sender
from delivery.services import senders
from emailconcert.lib.tenancy import account_scope
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sender():
    return senders.add_sender(
        account=AccountFactory(), name="Shop", email="shop@elsewhere.example", actor=SYSTEM, now=datetime.now(UTC)
    )


@pytest.fixture
def path(mailbox, sender):
    """Return the path in the mail that the address got."""
    outbox.drain(now=datetime.now(UTC))
    ((_, recipients, content),) = mailbox.received
    assert recipients == ["shop@elsewhere.example"]
    text = email.message_from_bytes(content, policy=email.policy.default).get_body(("plain",)).get_content()
    return re.search(re.escape(settings.SITE_URL) + r"(\S+)", text)[1]


def is_verified(sender):
    with account_scope(sender.account_id):
        return Sender.objects.get(pk=sender.pk).verified_at is not None


def test_opening_the_link_changes_nothing_and_pressing_the_button_verifies(client, sender, path):
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert not is_verified(sender)

    assert b"is verified" in client.post(path).content
    assert is_verified(sender)
    assert client.post(path).status_code == 200


def test_opening_the_link_again_says_that_it_was_done(client, path):
    client.post(path)

    again = client.get(path)

    assert b"is verified" in again.content
    assert b"Is this your address?" not in again.content


def test_changed_link_verifies_nothing(client, sender, path):
    changed = path[:-3] + ("A" if path[-3] != "A" else "B") + path[-2:]

    assert client.post(changed).status_code == 410
    assert not is_verified(sender)
