import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import resetting
from emailconcert.lib import limits
from tests.accounts.helpers import give_device, give_password, mails, now, path_in, sign_in
from tests.factories import make_member

pytestmark = pytest.mark.django_db
NEW = "an entirely new phrase"


@pytest.fixture
def alice():
    return give_password(make_member(name="Alice", email="alice@example.org").user)


def ask(client, email="alice@example.org"):
    return client.post("/password/reset/", {"email": email})


def test_link_sets_a_new_password_once_and_signs_out_everywhere(client, alice):
    signed_in = Client()
    sign_in(signed_in, alice)
    ask(client)
    link = path_in(mails()[0][2])

    looked = client.get(link).status_code
    done = client.post(link, {"password": NEW})
    again = client.post(link, {"password": "yet another long phrase"})

    assert (looked, done.status_code, again.status_code) == (200, 200, 410)
    assert signed_in.get("/settings/profile/").status_code == 302
    assert sign_in(Client(), alice, NEW)["Location"] == "/"


def test_asking_answers_the_same_whether_or_not_there_is_a_profile(alice):
    answers = []
    for email in ("alice@example.org", "nobody@example.org"):
        browser = Client()
        response = browser.post("/password/reset/", {"email": email}, follow=True)
        body = re.sub(r'value="[A-Za-z0-9]{64}"|"X-CSRFToken": "[^"]*"', "", response.content.decode())
        answers.append((response.status_code, response.redirect_chain, body, sorted(browser.cookies)))

    assert answers[0] == answers[1]
    assert [to for _, to, _ in mails()] == ["alice@example.org"]


def test_asking_does_as_much_for_an_unknown_address(alice):
    asked = []
    for email in ("alice@example.org", "nobody@example.org"):
        with CaptureQueriesContext(connection) as queries:
            resetting.ask(email=email, now=now())
        asked.append(len(queries))

    assert abs(asked[0] - asked[1]) <= 1
    assert asked[1] > 3


def test_link_runs_out_after_an_hour(client, alice):
    ask(client)
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert client.get(path_in(mails()[0][2])).status_code == 410


def test_link_is_no_use_after_the_password_changed(client, alice):
    ask(client)
    give_password(alice, "changed by other means")

    assert client.get(path_in(mails()[0][2])).status_code == 410


@pytest.mark.parametrize("change", [{"is_active": False}, {"restricted_at": now()}])
def test_inactive_and_restricted_profiles_get_no_link(client, alice, change):
    User.objects.filter(pk=alice.pk).update(**change)

    assert (ask(client).status_code, mails()) == (302, [])


def test_weak_password_is_refused_and_the_link_stays(client, alice):
    ask(client)
    link = path_in(mails()[0][2])

    assert (client.post(link, {"password": "Alice2027!"}).status_code, client.get(link).status_code) == (422, 200)


def test_second_factor_is_still_asked_after_a_reset(client, alice):
    give_device(alice)
    ask(client)
    client.post(path_in(mails()[0][2]), {"password": NEW})

    assert sign_in(client, alice, NEW)["Location"] == "/sign-in/code/"


def test_one_mailbox_is_not_flooded(client, alice):
    for _ in range(8):
        ask(client)

    assert len(mails()) == 3


def test_one_mailbox_gets_ten_links_a_day(client, alice):
    for _hour in range(6):
        limits.forget("password reset: mailbox", "alice@example.org")
        for _ in range(3):
            ask(client)

    assert len(mails()) == 10


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "a" * 200])
def test_made_up_links_do_not_work(client, token):
    assert client.get(f"/password/reset/{token}/").status_code == 410
