import pytest
from django.db import connection

from accounts.models import Membership
from emailconcert.lib.tenancy import NoScope, account_scope
from tests.factories import make_cast

pytestmark = pytest.mark.django_db


def test_scope_shows_only_its_accounts_rows():
    alice, bob, charlie = make_cast()

    with account_scope(alice.account):
        found = set(Membership.objects.values_list("pk", flat=True))

    assert found == {alice.pk, bob.pk}


def test_query_without_scope_raises():
    with pytest.raises(NoScope):
        Membership.objects.count()


def test_tests_query_as_ec_app():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("ec_app",)
