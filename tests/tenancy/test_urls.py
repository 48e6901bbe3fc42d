"""Every address of the members' host, asked for by a member of another account."""

import re

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Membership, Role
from emailconcert.lib.tenancy import account_scope
from tests.factories import AccountFactory, make_member
from tests.tenancy.rows import PK, make_rows

pytestmark = pytest.mark.django_db

# Addresses that are nobody's: the admin (its own door), probes, and pages that show no account's rows.
OPEN = ("admin/", "healthz", "readyz", "metrics", "_components/", "static/", "-/tls-ask")
_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


def addresses(resolver=None, prefix=""):
    """Yield the route of every view below the resolver."""
    for entry in (resolver or get_resolver("emailconcert.urls")).url_patterns:
        route = prefix + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            if not route.startswith(OPEN):
                yield from addresses(entry, route)
        elif isinstance(entry, URLPattern) and not route.startswith(OPEN):
            yield route


WITH_KEYS = sorted({route for route in addresses() if "<int:" in route})


def fill(route):
    """Return the address that leads to Alice's rows: every number is the key they all have."""
    values = {"int": str(PK), "uuid": "6f1c9b1e-0000-4000-8000-000000000000"}
    return "/" + _PARAMETER.sub(lambda found: values.get(found.group(1), "made"), route)


@pytest.fixture
def alice():
    alice = make_member(account=AccountFactory(name="Saltwater Traders"), email="alice@example.org")
    with account_scope(alice.account):
        make_rows(alice.account)
    return alice


def test_there_are_addresses_to_walk():
    assert len(WITH_KEYS) >= 20, WITH_KEYS


def test_another_accounts_member_gets_404(client, alice):
    client.force_login(make_member(role=Role.OWNER, email="charlie@example.net").user)

    asked = [(method, fill(route)) for route in WITH_KEYS for method in ("get", "post")]
    answers = {(method, path): getattr(client, method)(path).status_code for method, path in asked}

    assert {asked: status for asked, status in answers.items() if status not in (404, 405)} == {}
    assert 404 in answers.values()


def test_most_of_them_exist_for_the_accounts_own_member(client, alice):
    client.force_login(alice.user)
    client.raise_request_exception = False

    found = [route for route in WITH_KEYS if client.get(fill(route)).status_code != 404]

    assert len(found) > len(WITH_KEYS) * 0.6, sorted(set(WITH_KEYS) - set(found))
    with account_scope(alice.account):
        assert Membership.objects.filter(pk=alice.pk).exists()


def test_strangers_get_no_page_of_an_account(client, alice):
    wrong = {}
    for route in sorted(set(addresses())):
        client.cookies.clear()
        response = client.get(fill(route))
        if response.status_code not in (200, 302, 400, 404, 405, 410) or b"Saltwater" in response.content:
            wrong[route] = response.status_code

    assert wrong == {}
