"""Rows for delivery's tests."""

from contacts.models import Contact, List, Subscription
from delivery.models import Mailing, Sender, SendingDomain
from delivery.services import compiling, materialising
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW, AccountFactory

SOURCE = "# Hi {{ contact.first_name | default: 'friend' }}\n\nRead [more](https://shop.example/more)."


def make_contacts(account, count, *, prefix="p", subscribed_to=None):
    """Make contacts p1@example.com …, subscribed to a list where one is given."""
    with account_scope(account):
        made = Contact.objects.bulk_create(
            Contact(
                email=f"{prefix}{number}@example.com",
                email_hash=address_hash(f"{prefix}{number}@example.com", account_id=account.pk),
                first_name=f"Name{number}",
                source=Contact.Source.IMPORT,
            )
            for number in range(1, count + 1)
        )
        if subscribed_to:
            Subscription.objects.bulk_create(
                Subscription(list=subscribed_to, contact=contact, state="subscribed", source="import")
                for contact in made
            )
    return made


def make_mailing(
    *, account=None, people=3, source=SOURCE, subject="Hi {{ contact.first_name }}", domain=None, prefix="p", **kwargs
):
    """Compile a mailing to a fresh list of people; returns (mailing, list)."""
    account = account or AccountFactory()
    with account_scope(account):
        a_list = List.objects.create(name=f"List {List.objects.count()}")
        if kwargs.get("connection") and domain is None:  # own connections send in verified names only
            domain = SendingDomain.objects.create(domain="shop.example", verified_at=NOW)
        sender = Sender.objects.create(name="Shop", email=f"news{Sender.objects.count()}@shop.example", domain=domain)
    make_contacts(account, people, prefix=prefix, subscribed_to=a_list)
    mailing = compiling.compile_mailing(
        account=account,
        kind=Mailing.Kind.CAMPAIGN,
        content=compiling.Content(subject=subject, source=source),
        sender=sender,
        lists=[a_list],
        **kwargs,
    )
    return mailing, a_list


def audience_of(a_list):
    """Return everybody on a list, in whatever standing."""
    return Contact.objects.filter(subscriptions__list=a_list)


def start(mailing, a_list, *, now=NOW, start_at=None):
    """Materialise a mailing to its list."""
    with account_scope(mailing.account_id):
        return materialising.materialise(mailing=mailing, audience=audience_of(a_list), start_at=start_at, now=now)


def make_started(**kwargs):
    """Return a mailing that is being sent."""
    mailing, a_list = make_mailing(**kwargs)
    return start(mailing, a_list)
