"""The doors that anybody may knock at: the same answer for everybody, and links that do nothing when they are looked at."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.services import auditing
from contacts.models import Contact
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import PrivacyRequest, RequestToken, Suppression
from privacy.services import desk, moving, routing, states
from privacy.services.states import State
from tests.factories import UserFactory, make_cast
from tests.privacy.mails import mails_to

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
HOST = {"headers": {"host": "localhost:8000"}}


def officer_of():
    officer = UserFactory()
    return auditing.Actor(user_id=officer.pk, name=officer.name, network="")


def add_contact(account, email=ADA, **more):
    with account_scope(account):
        return Contact.objects.create(
            account=account,
            email=email,
            email_hash=address_hash(email, account_id=account.pk),
            source=Contact.Source.MEMBER,
            **more,
        )


def send(client, *, email=ADA, type="erase", **more):
    data = {"type": type, "full_name": "Ada Byron", "email": email, "regime": "eu", **more}
    return client.post("/privacy/request/send/", data, **HOST)


def test_too_many_requests_from_one_network_are_told_so(client):
    answers = []
    for number in range(21):
        client.defaults["REMOTE_ADDR"] = f"2001:db8::{number:x}"
        answers.append(send(client, email=f"ada{number}@example.com").status_code)

    assert answers == [302] * 20 + [422]


def link_of(email=ADA):
    url = mails_to(email)[-1]["url"]
    return url[url.index("/privacy/") :]


def the_request():
    with platform_scope("test"):
        return PrivacyRequest.objects.get()


@pytest.mark.parametrize("path", ["/privacy/", "/privacy/terms/", "/privacy/request/", "/privacy/request/sent/"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000"])
def test_public_pages_open_on_both_hosts(client, path, host):
    response = client.get(path, headers={"host": host})

    assert response.status_code == 200
    assert b"phone" in response.content or "sent" in path or "terms" in path


def test_the_answer_is_the_same_for_known_and_unknown_addresses(client):
    alice, *_ = make_cast()
    add_contact(alice.account, "known@example.com")

    answers = []
    for email in ("known@example.com", "nobody@example.net", "alice@example.org"):
        response = send(client, email=email)
        shown = client.get(response["Location"], **HOST)
        unlike = {"X-Request-ID", "Set-Cookie", "Expires"}  # it names the second
        headers = {name: value for name, value in response.headers.items() if name not in unlike}
        answers.append((response.status_code, headers, response.content, shown.status_code, shown.content))

    assert answers[0] == answers[1] == answers[2]
    assert [len(mails_to(email)) for email in ("known@example.com", "nobody@example.net")] == [1, 1]
    mails = [mails_to(email)[0] for email in ("known@example.com", "nobody@example.net")]
    assert {tuple(sorted(mail)) for mail in mails} == {tuple(sorted(mails[0]))}


def test_a_bad_spelling_is_said_beside_the_field(client):
    response = send(client, email="not an address")

    assert response.status_code == 422
    assert "is not an email address" in response.content.decode()
    with platform_scope("test"):
        assert not PrivacyRequest.objects.exists()


def test_texts_are_sealed_and_the_token_hashed(client):
    send(client, details="Everything you have")

    request = the_request()
    raw = b"".join(bytes(getattr(request, name)) for name in ("sealed_full_name", "sealed_email", "sealed_details"))
    assert b"Ada" not in raw
    assert b"ada@" not in raw
    secret = link_of().split("/")[-2]
    with platform_scope("test"):
        token = RequestToken.objects.get()
    assert secret.encode() not in bytes(token.secret_hash)
    assert len(secret) >= 22  # 128 bits and more in base64


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_the_link_changes_nothing(client, method):
    send(client)
    path = link_of()

    for _ in range(3):
        assert getattr(client, method)(path, **HOST).status_code == 200
    assert getattr(client, method)(f"{path}confirm/", **HOST).status_code == 405
    assert the_request().state == State.UNVERIFIED


def test_the_button_verifies_once(client):
    send(client)
    path = link_of()

    assert client.post(f"{path}confirm/", **HOST).status_code == 200
    assert the_request().state == State.REVIEW  # nobody holds the address, so there is no owner to ask
    assert the_request().verified_by == "link"
    assert client.post(f"{path}confirm/", **HOST).status_code == 410
    assert client.get(path, **HOST).status_code == 410


def test_the_link_lives_for_24_hours(client):
    send(client)
    path = link_of()

    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        assert client.post(f"{path}confirm/", **HOST).status_code == 410
    assert the_request().state == State.UNVERIFIED


def test_a_guessed_link_is_refused(client):
    assert client.post("/privacy/verify/guess/confirm/", **HOST).status_code == 410


def test_a_contacts_request_goes_to_the_owner_of_the_named_account(client):
    alice, _bob, charlie = make_cast()
    for account in (alice.account, charlie.account):
        add_contact(account)

    send(client, business_name=alice.account.name.upper())
    client.post(f"{link_of()}confirm/", **HOST)

    request = the_request()
    assert (request.state, request.account_id) == (State.WITH_CONTROLLER, alice.account_id)
    assert [mail["reference"] for mail in mails_to("alice@example.org")] == [request.reference]
    assert mails_to("charlie@example.net") == []


def test_with_two_accounts_and_none_named_the_dpo_chooses(client):
    alice, _bob, charlie = make_cast()
    for account in (alice.account, charlie.account):
        add_contact(account)

    send(client)
    client.post(f"{link_of()}confirm/", **HOST)

    assert (the_request().state, the_request().account_id) == (State.REVIEW, None)
    assert mails_to("alice@example.org") == mails_to("charlie@example.net") == []


def test_an_account_that_the_dpo_names_in_review_is_asked_before_anything_is_decided(client):
    alice, _bob, charlie = make_cast()
    for account in (alice.account, charlie.account):
        add_contact(account)
    send(client)
    client.post(f"{link_of()}confirm/", **HOST)
    officer, pk = officer_of(), the_request().pk

    desk.choose_account(pk=pk, account_id=alice.account_id, actor=officer, now=timezone.now())

    request = the_request()
    assert (request.state, request.account_id) == (State.WITH_CONTROLLER, alice.account_id)
    assert [mail["reference"] for mail in mails_to("alice@example.org")] == [request.reference]
    assert mails_to("charlie@example.net") == []
    with pytest.raises(states.NotAllowed):
        desk.view_dry_run(pk=pk, actor=officer, now=timezone.now())
    with pytest.raises(states.NotAllowed):
        desk.approve(pk=pk, actor=officer, now=timezone.now())


def test_an_answer_of_the_wrong_account_does_not_speak_for_the_right_one(client):
    alice, _bob, charlie = make_cast()
    for account in (alice.account, charlie.account):
        add_contact(account)
    send(client, business_name=alice.account.name)
    client.post(f"{link_of()}confirm/", **HOST)
    officer, pk = officer_of(), the_request().pk
    routing.answer_for_account(
        account_id=alice.account_id,
        reference=the_request().reference,
        agrees=False,
        reason="She owes us",
        actor=officer,
        now=timezone.now(),
    )
    desk.view_dry_run(pk=pk, actor=officer, now=timezone.now())

    desk.choose_account(pk=pk, account_id=charlie.account_id, actor=officer, now=timezone.now())

    request = the_request()
    assert (request.state, request.account_id) == (State.WITH_CONTROLLER, charlie.account_id)
    assert (request.controller_answer, request.sealed_controller_reason, request.dry_run) == ("", None, None)
    assert len(mails_to("charlie@example.net")) == 1


def test_an_owner_asked_late_has_the_day_itself(client):
    alice, _bob, charlie = make_cast()
    for account in (alice.account, charlie.account):
        add_contact(account)
    send(client)
    client.post(f"{link_of()}confirm/", **HOST)
    late = timezone.now() + timedelta(days=25)

    desk.choose_account(pk=the_request().pk, account_id=alice.account_id, actor=officer_of(), now=late)
    moving.move_requests(now=late)

    assert the_request().state == State.WITH_CONTROLLER
    moving.move_requests(now=late + timedelta(days=1))
    assert (the_request().state, the_request().controller_answer) == (State.REVIEW, "silent")


def test_an_objection_is_carried_out_at_once(client):
    alice, _bob, charlie = make_cast()
    for account in (alice.account, charlie.account):
        add_contact(account)

    send(client, type="object", business_name=alice.account.name)
    client.post(f"{link_of()}confirm/", **HOST)

    assert the_request().state == State.DONE
    with platform_scope("test"):
        assert [(each.account_id, each.reason) for each in Suppression.objects.all()] == [
            (alice.account_id, "objected")
        ]
    assert mails_to(ADA)[-1]["done"]


def test_withdrawing_by_the_link(client):
    send(client)
    path = link_of()

    assert client.post(f"{path}withdraw/", **HOST).status_code == 200
    assert the_request().state == State.WITHDRAWN
    assert client.post(f"{path}confirm/", **HOST).status_code == 410


def test_too_many_from_one_network_are_told_so_whatever_the_address(client):
    for number in range(20):
        assert send(client, email=f"a{number}@example.com").status_code == 302

    assert send(client, email="new@example.com").status_code == 422
    assert send(client, email="a1@example.com").status_code == 422


def test_too_many_for_one_address_look_the_same_and_mail_nothing(client):
    answers = {send(client).status_code for _ in range(7)}

    assert answers == {302}
    assert len(mails_to(ADA)) == 5


def test_reminders_and_lapse(client):
    send(client)
    began = timezone.now()

    for days, mails in ((6, 1), (7, 2), (8, 2), (21, 3), (29, 3)):
        moving.move_requests(now=began + timedelta(days=days, minutes=1))
        assert (len(mails_to(ADA)), the_request().state) == (mails, State.UNVERIFIED)
    moving.move_requests(now=began + timedelta(days=30, minutes=1))

    assert the_request().state == State.LAPSED
    assert the_request().closed_at is not None


def test_a_signed_in_member_of_another_account_may_use_the_link(client):
    alice, _bob, charlie = make_cast()
    add_contact(alice.account)
    client.force_login(charlie.user)

    send(client, type="object", business_name=alice.account.name)
    assert client.post(f"{link_of()}confirm/", **HOST).status_code == 200

    assert the_request().state == State.DONE
    with platform_scope("test"):
        assert Suppression.objects.get().account_id == alice.account_id
