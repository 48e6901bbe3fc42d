import pytest
from django.urls import reverse

from delivery.models import Sender, SendingDomain
from emailconcert.lib.tenancy import account_scope
from tests.factories import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def test_owner_adds_a_domain_and_sees_its_records(client, cast):
    alice, _, charlie = cast
    client.force_login(alice.user)

    answer = client.post(reverse("delivery:add-domain"), {"domain": "alices.example"}, follow=True)

    assert answer.status_code == 200
    assert b"._domainkey.alices.example" in answer.content
    assert b"v=DKIM1; k=rsa; p=" in answer.content
    with account_scope(alice.account):
        address = reverse("delivery:domain", args=[SendingDomain.objects.get().pk])

    client.force_login(charlie.user)
    assert client.get(address).status_code == 404
    assert b"alices.example" not in client.get(reverse("delivery:sending")).content


def test_editor_sees_and_may_not_add(client, cast):
    _, bob, _ = cast
    client.force_login(bob.user)

    assert client.get(reverse("delivery:sending")).status_code == 200
    assert client.post(reverse("delivery:add-domain"), {"domain": "alices.example"}).status_code == 403


def test_link_of_an_unverified_sender_can_be_sent_again_a_few_times(client, cast):
    alice, bob, charlie = cast
    client.force_login(alice.user)
    client.post(reverse("delivery:add-sender"), {"name": "Shop", "email": "shop@elsewhere.example"})
    with account_scope(alice.account):
        path = reverse("delivery:ask-sender-again", args=[Sender.objects.get().pk])

    assert path in client.get(reverse("delivery:sending")).content.decode()
    told = [client.post(path, follow=True).content.decode() for _ in range(4)]
    assert "We mailed another link to shop@elsewhere.example" in told[0]
    assert "got this mail several times" in told[3]

    client.force_login(bob.user)
    assert client.post(path).status_code == 403
    client.force_login(charlie.user)
    assert client.post(path).status_code == 404


def test_mistake_is_said_beside_the_field_and_nothing_is_lost(client, cast):
    alice, _, _ = cast
    client.force_login(alice.user)

    answer = client.post(reverse("delivery:add-domain"), {"domain": "nonsense"})

    assert answer.status_code == 422
    assert b"Write a domain such as" in answer.content
    assert b'value="nonsense"' in answer.content


def test_own_confirmed_address_is_a_verified_sender(client, cast):
    alice, _, _ = cast
    client.force_login(alice.user)

    client.post(reverse("delivery:add-sender"), {"name": "Alice", "email": alice.user.email})

    with account_scope(alice.account):
        assert Sender.objects.get().verified_at is not None
