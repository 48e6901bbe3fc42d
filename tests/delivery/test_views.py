import pytest
from django.urls import reverse

from delivery.limit_models import SendingLimit, WarmUp
from delivery.models import Sender, SendingDomain
from delivery.services import easing
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


def test_owner_sets_limits_quiet_hours_and_a_warm_up_plan_and_sees_who_asked_to_slow_down(client, cast):
    alice, bob, charlie = cast
    client.force_login(alice.user)
    client.post(reverse("delivery:add-domain"), {"domain": "alices.example"})
    with account_scope(alice.account):
        pk = SendingDomain.objects.get().pk
    at = easing.key(alice.account.pk, None)
    easing.slow_down(at=at, provider="gmail", rate=40.0, full=100.0, words="421 4.7.28 Too <fast>")
    page, change = reverse("delivery:limits"), reverse("delivery:change-limits")
    typed = {"per_hour": "600", "quiet_from": "21:00", "quiet_until": "08:00", f"domain_{pk}": "100"}

    assert "when they end" in client.post(change, {"quiet_from": "21:00"}).content.decode()
    assert client.post(change, typed).status_code == 302
    client.post(reverse("delivery:warm-up", args=[pk, "start"]))
    shown = client.get(page).content.decode()

    assert 'value="600"' in shown
    assert 'value="21:00' in shown
    assert 'value="100"' in shown
    assert "Gmail asked us to slow down" in shown
    assert "421 4.7.28 Too &lt;fast&gt;" in shown
    assert "Sent from alices.example beside its plan" in shown
    client.post(reverse("delivery:warm-up", args=[pk, "skip"]))
    with account_scope(alice.account):
        assert WarmUp.objects.get().is_on
        assert set(SendingLimit.objects.values_list("domain_id", "own_per_hour")) == {(None, 600), (pk, 100)}
    assert client.post(reverse("delivery:warm-up", args=[pk, "stop"]), follow=True).status_code == 200

    client.force_login(bob.user)
    assert client.get(page).status_code == 200
    assert client.post(change, typed).status_code == 403
    client.force_login(charlie.user)
    assert client.post(reverse("delivery:warm-up", args=[pk, "start"])).status_code == 404
    assert "alices.example" not in client.get(page).content.decode()
