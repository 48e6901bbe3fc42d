import base64
from urllib.parse import urlsplit

import pytest
from anymail.signals import AnymailTrackingEvent
from django.conf import settings

from accounts.models import Role
from delivery.models import Batch, Connection, Message, Outcome, Signal
from delivery.services import connections
from emailconcert.lib import limits, signing
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from tests.accounts.helpers import ACTOR
from tests.factories import NOW, AccountFactory, make_member
from tests.tracking import payloads
from tests.tracking.makers import make_mailing
from tracking.models import Notice, WebhookDoor
from tracking.services import provider_events, webhook_doors

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(client):
    """A machine at the content host."""
    client.defaults["HTTP_HOST"] = urlsplit(settings.CONTENT_URL).netloc
    return client


@pytest.fixture(autouse=True)
def _clock(time_machine_at_payloads):
    pass


@pytest.fixture
def time_machine_at_payloads():
    import time_machine

    with time_machine.travel(payloads.AT, tick=False):
        limits.forget("webhook refused", "127.0.0.1")
        yield


def door(name, account, secret=None):
    with account_scope(account):
        connection = Connection.objects.create(
            name=name,
            kind=Connection.Kind.ANYMAIL,
            backend=f"anymail.backends.{name}.EmailBackend",
            sealed_settings=connections.seal_settings({"api_key": "x"}, account_id=account.pk),
        )
        return webhook_doors.open_door(
            connection=connection, secret=secret or payloads.SECRETS.get(name, ""), actor=ACTOR, now=NOW
        )


def post(visitor, address, made):
    body, kind, headers = made
    parts = urlsplit(address)
    if parts.username:
        login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", **headers}
    return visitor.post(parts.path, body, content_type=kind, headers=headers)


def state(mailing):
    with account_scope(mailing.account_id):
        reasons = list(Suppression.objects.values_list("reason", flat=True))
        signal = Message.objects.get(mailing_id=mailing.pk, sequence=1).signal
        return Signal(signal), reasons, Notice.objects.count()


@pytest.mark.parametrize("name", payloads.ALL)
def test_each_provider_is_believed_by_its_own_proof_and_once(visitor, name):
    mailing = make_mailing()
    address = door(name, mailing.account)
    made = payloads.ALL[name](signing.message_token(mailing.pk, 1), address)

    was, now_is = (b"nonce", b"other") if name == "mailgun" else (b"5.1.1", b"5.1.2")  # Mailgun signs no more than that
    forged = (made[0].replace(was, now_is), made[1], made[2])
    wrong = address.replace(urlsplit(address).password or "no password", "guessed")
    for refused in (post(visitor, wrong, forged), post(visitor, address + "x", made)):
        assert (refused.status_code, refused.content) == (403, b"")
    assert state(mailing) == (Signal.NONE, [], 0)

    assert [post(visitor, address, made).status_code for _ in range(2)] == [200, 200]

    assert state(mailing) == (Signal.HARD_BOUNCE, ["bounced"], 1)
    with account_scope(mailing.account_id):
        found = WebhookDoor.objects.get()
        assert found.last_event_at is not None
        assert payloads.SECRET.encode() not in bytes(found.sealed_secret)


def test_a_provider_reports_for_its_own_account_only(visitor):
    mine, theirs = make_mailing(), make_mailing(account=AccountFactory())
    address = door("postmark", mine.account)

    made = payloads.postmark(signing.message_token(theirs.pk, 1), address)
    assert post(visitor, address, made).status_code == 200
    made = payloads.postmark("A" * 32, address)
    assert post(visitor, address, made).status_code == 200

    assert state(mine)[1:] == state(theirs)[1:] == ([], 0)


def test_an_old_signature_and_a_door_that_is_gone_are_refused(visitor):
    mailing = make_mailing()
    address = door("resend", mailing.account)
    token = signing.message_token(mailing.pk, 1)

    assert post(visitor, address, payloads.resend(token, address, at=payloads.AT - 3_600)).status_code == 403
    with account_scope(mailing.account_id):
        WebhookDoor.objects.all().delete()
    assert post(visitor, address, payloads.resend(token, address)).status_code == 403
    assert visitor.get(urlsplit(address).path).status_code == 200  # some ask first whether anybody is there


def event(kind, token, **values):
    return AnymailTrackingEvent(event_type=kind, metadata={"ec": token}, esp_event=values.pop("raw", {}), **values)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"raw": {"RecordType": "Bounce", "Type": "SoftBounce"}, "mta_response": "552 5.2.2 full"}, "4.2.2"),
        ({"raw": {"bounce": {"bounceType": "Transient"}}}, "4.0.0"),
        ({"raw": {"event": "soft_bounce"}, "description": "550 5.1.1 unknown"}, "4.1.1"),
        ({"raw": {"hard_bounce": False}}, "4.0.0"),
        ({"raw": {"hard_bounce": True}}, "5.1.1"),
        ({"raw": {"event": "hard_bounce"}, "mta_response": "554 blocked using zen.spamhaus.org"}, "5.7.1"),
        ({"reject_reason": "spam"}, "5.7.1"),
        ({"reject_reason": "timed_out"}, "4.0.0"),
        ({"reject_reason": "bounced"}, "5.0.0"),
    ],
)
def test_bounced_does_not_mean_a_hard_bounce(values, status):
    assert provider_events.status_of(event("bounced", "", **values)) == status


@pytest.mark.parametrize(
    ("kind", "raw", "signal"),
    [
        ("complained", {"RecordType": "Bounce", "Type": "SpamNotification"}, Signal.SOFT_BOUNCE),
        ("rejected", {"type": "policy_rejection", "bounce_class": "52"}, Signal.SOFT_BOUNCE),
        ("rejected", {"event": "reject"}, Signal.COMPLAINED),
    ],
)
def test_what_a_filter_says_of_the_content_is_no_complaint_of_the_person(kind, raw, signal):
    mailing = make_mailing()
    made = event(kind, signing.message_token(mailing.pk, 1), raw=raw, reject_reason="spam")

    assert provider_events.apply_event(event=made, account_id=mailing.account_id, now=NOW)

    assert state(mailing)[:2] == (signal, ["complained"] if signal == Signal.COMPLAINED else [])


def test_events_in_any_order_end_the_same():
    mailing = make_mailing(people=2)
    token = signing.message_token(mailing.pk, 1)
    with account_scope(mailing.account_id):
        Message.objects.filter(mailing_id=mailing.pk).update(outcome=Outcome.UNCONFIRMED)
        Batch.objects.create(mailing=mailing, number=1, first=1, last=2, state=Batch.State.DONE, unconfirmed=2)

    for kind in ("complained", "opened", "delivered", "bounced", "delivered", "complained", "deferred"):
        made = event(kind, token, mta_response="550 5.1.1 unknown" if kind == "bounced" else None)
        assert provider_events.apply_event(event=made, account_id=mailing.account_id, now=NOW)

    assert state(mailing) == (Signal.COMPLAINED, ["complained"], 2)
    with account_scope(mailing.account_id):
        batch = Batch.objects.get()
        assert (batch.sent, batch.unconfirmed) == (1, 1)


def test_a_provider_without_events_or_without_its_key_has_no_door():
    account = AccountFactory()

    with pytest.raises(webhook_doors.CannotOpen, match="reports nothing"):
        door("scaleway", account)
    with pytest.raises(webhook_doors.CannotOpen, match="HTTP webhook signing key"):
        door("mailgun", account, secret=" ")


def test_an_admin_makes_the_address_and_sees_the_password_once(client):
    alice = make_member()
    with account_scope(alice.account):
        made = {
            name: Connection.objects.create(
                name=name,
                kind=Connection.Kind.ANYMAIL,
                backend=f"anymail.backends.{name}.EmailBackend",
                sealed_settings=b"x",
            )
            for name in ("postmark", "mailgun", "scaleway")
        }
    page = "/settings/sending/events/"
    client.force_login(alice.user, backend="accounts.backends.ProfileBackend")

    listed = client.get(page).content.decode()
    assert ("Postmark" in listed, "Mailgun" in listed, "scaleway" in listed) == (True, True, False)
    shown = client.post(f"{page}{made['postmark'].pk}/").content.decode()
    assert "emailconcert:" in shown
    assert "emailconcert:" not in client.get(page).content.decode()
    asked = client.post(f"{page}{made['mailgun'].pk}/", {"secret": " "})
    assert (asked.status_code, "HTTP webhook signing key" in asked.content.decode()) == (422, True)
    assert "/hooks/" in client.post(f"{page}{made['mailgun'].pk}/", {"secret": "k"}).content.decode()
    with account_scope(alice.account):
        assert WebhookDoor.objects.count() == 2

    client.force_login(make_member(account=alice.account, role=Role.EDITOR, email="ed@example.org").user)
    assert client.get(page).status_code == 403
