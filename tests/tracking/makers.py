"""Mailings with messages, as they are once sent, and requests about them."""

from datetime import timedelta

from django.db import connection

from contacts.models import Contact, List, Subscription
from delivery.models import Link, Mailing, Message, Outcome
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.factories import NOW, AccountFactory
from tracking.models import Inbox, Kind

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
LAPTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
)
HOME = "93.184.216.0"


def add_contact(number=1, **values):
    """Return a contact of the account in scope."""
    from emailconcert.lib.tenancy import current_account_id

    email = f"reader{number}@example.com"
    return Contact.objects.create(
        email=email,
        email_hash=addresses.address_hash(email, account_id=current_account_id()),
        first_name=f"Ada{number}",
        source=Contact.Source.MEMBER,
        **values,
    )


def make_mailing(*, people=1, on_list=True, links=2, account=None, **values):
    """Return a mailing that was sent to `people` contacts (messages 1 to n), subscribed to its list."""
    account = account or AccountFactory()
    with account_scope(account):
        weekly = List.objects.create(name=f"Weekly {List.objects.count()}") if on_list else None
        mailing = Mailing.objects.create(
            kind=Mailing.Kind.CAMPAIGN,
            state=Mailing.State.DONE,
            from_name="Bakery",
            from_email="bakery@example.org",
            program=b"{}",
            list_ids=[weekly.pk] if weekly else [],
            list_name="Weekly",
            audience=people,
            started_at=NOW - timedelta(hours=1),
            **values,
        )
        for number in range(1, links + 1):
            Link.objects.create(mailing=mailing, number=number, url=f"https://example.org/page{number}?a=ü b")
        with connection.cursor() as cursor:
            cursor.execute("SELECT delivery_make_partition(%s)", [mailing.pk])
        already = Contact.objects.count()
        for sequence in range(1, people + 1):
            contact = add_contact(already + sequence)
            if weekly:
                Subscription.objects.create(
                    list=weekly,
                    contact=contact,
                    state="subscribed",
                    source="member",
                    created_at=NOW - timedelta(days=9),
                )
            Message.objects.create(
                account_id=mailing.account_id,
                mailing=mailing,
                sequence=sequence,
                contact_id=contact.pk,
                outcome=Outcome.SENT,
                settled_at=NOW,
            )
    return mailing


def arrive(mailing, sequence=1, *, kind=Kind.OPEN, link=None, at=NOW, agent=LAPTOP, network=HOME, method="GET"):
    """Put one request into the inbox, as the edge does."""
    row = Inbox(
        kind=kind,
        mailing_id=mailing.pk,
        sequence=sequence,
        link=link,
        at=at,
        network=network,
        agent=agent,
        method=method,
    )
    with platform_scope("tests: put into the inbox"):
        row.save()


def click(mailing, sequence=1, link=1, **values):
    arrive(mailing, sequence, kind=Kind.CLICK, link=link, **values)


def contact_of(mailing, sequence=1):
    """Return the contact behind a message. Call in the account's scope."""
    return Contact.objects.get(pk=Message.objects.get(mailing_id=mailing.pk, sequence=sequence).contact_id)
