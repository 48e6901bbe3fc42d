"""Rows for tests, without surprises. Tenants' rows are made inside `account_scope`."""

from datetime import UTC, datetime

import factory
from django.utils.text import slugify

from accounts.models import Account, Membership, Role, User
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import account_scope

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "a rather long passphrase"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@example.com")
    email_confirmed_at = NOW
    password_changed_at = factory.LazyFunction(lambda: datetime.now(UTC))


class AccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Account
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Business {n}")
    slug = factory.LazyAttribute(lambda account: slugify(account.name))
    postal_address = "1 High Street\nSpringfield"
    country = "IE"
    sending_quota = 10_000

    @factory.post_generation
    def data_key(self, create, extracted, **kwargs):
        _, self.wrapped_key = encryption.new_data_key(account_id=self.pk)
        self.save()


def make_member(*, account=None, role=Role.OWNER, **user):
    """Return a membership; its account is made where none is given."""
    account = account or AccountFactory()
    with account_scope(account):
        return Membership.objects.create(account=account, user=UserFactory(**user), role=role)


def make_cast():
    """Return Alice (owner) and Bob (editor), who share an account, and Charlie, who owns another."""
    alice = make_member(name="Alice", email="alice@example.org")
    bob = make_member(account=alice.account, role=Role.EDITOR, name="Bob", email="bob@example.org")
    charlie = make_member(name="Charlie", email="charlie@example.net")
    return alice, bob, charlie
