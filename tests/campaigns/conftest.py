"""Signed-in members, and an account that has all it takes to send."""

import pytest
from django.test import Client

from contacts.models import Contact, List, Subscription
from delivery.models import Sender
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW, make_cast

BODY = "# Hello {{ contact.first_name | default: 'friend' }}\n\n[Our bread](https://example.com/bread)\n"


def make_people(account, list_, count, *, start=0):
    """Subscribe `count` people to a list; call inside the account's scope."""
    people = []
    for n in range(start, start + count):
        email = f"reader{n}@example.com"
        person = Contact.objects.create(
            email=email,
            email_hash=addresses.address_hash(email, account_id=account.pk),
            first_name=f"Reader{n}",
            source="member",
        )
        Subscription.objects.create(list=list_, contact=person, state="subscribed", source="member")
        people.append(person)
    return people


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def alice(cast):
    return cast[0]


@pytest.fixture
def charlie(cast):
    return cast[2]


def signed_in(membership):
    client = Client()
    client.force_login(membership.user)
    return client


@pytest.fixture
def client(alice):
    return signed_in(alice)


@pytest.fixture
def sender(alice):
    with account_scope(alice.account):
        return Sender.objects.create(name="Harbour Bakery", email="hello@harbour.example", verified_at=NOW)


@pytest.fixture
def news(alice):
    with account_scope(alice.account):
        return List.objects.create(name="News")
