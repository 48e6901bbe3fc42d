import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from accounts.models import AcceptedTerms, Account, Membership, SignUpInvitation, User
from accounts.services import documents, keys, mailboxes, signing_up
from emailconcert.lib.tenancy import account_scope
from tests.accounts.helpers import ACTOR, actions, mails, now, path_in
from tests.factories import PASSWORD, make_member

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Ada Berg",
    "email": "Ada@Example.org",
    "password": PASSWORD,
    "business_name": "Berg & Daughters",
    "postal_address": "1 High Street\nSpringfield",
    "country": "AT",
    "time_zone": "Europe/Vienna",
    "language": "de",
    "accept": "on",
}


def sign_up(client, **changes):
    return client.post("/sign-up/", {**FORM, **changes})


def test_sign_up_opens_an_account_with_its_own_key_and_first_owner(client, settings):
    settings.NEW_ACCOUNT_QUOTA = 1234

    response = sign_up(client)

    user = User.objects.get(email="ada@example.org")
    account = Account.objects.get()
    with account_scope(account):
        membership = Membership.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/sign-up/sent/")
    assert (account.slug, account.sending_quota, account.country) == ("berg-daughters", 1234, "AT")
    assert (membership.user_id, membership.role) == (user.pk, "owner")
    assert user.password.startswith("argon2")
    assert keys.unseal_text(
        keys.seal_text("x", account_id=account.pk, context="t.c"), account_id=account.pk, context="t.c"
    )


def test_sign_up_records_the_versions_accepted(client, monkeypatch):
    monkeypatch.setattr(documents, "_providers", [lambda: {"terms": "3", "notice": "7"}])

    sign_up(client)

    assert set(AcceptedTerms.objects.values_list("document", "version")) == {("terms", "3"), ("notice", "7")}


def test_sign_up_is_confirmed_by_the_button_not_by_the_link(client):
    sign_up(client)
    ((template, to, context),) = mails()
    link = path_in(context)

    page = client.get(link)
    before = User.objects.get().email_confirmed_at
    response = client.post(f"{link}yes/")

    assert (template, to) == ("confirm_sign_up", "ada@example.org")
    assert (page.status_code, before) == (200, None)
    assert User.objects.get().email_confirmed_at is not None
    assert response["Location"] == "/"
    assert "profile.confirmed" in actions(Account.objects.get())


def test_link_used_before_says_that_it_was_done(client):
    sign_up(client)
    link = path_in(mails()[0][2])
    client.post(f"{link}yes/")

    again = client.get(link).content.decode()

    assert "You used this link before" in again
    assert "Confirm this address" not in again


def test_confirming_in_another_browser_asks_to_sign_in(client):
    sign_up(client)
    other = Client()

    response = other.post(f"{path_in(mails()[0][2])}yes/")

    assert (response.status_code, "_auth_user_id" in other.session) == (200, False)
    assert User.objects.get().email_confirmed_at is not None


def test_unconfirmed_profile_cannot_sign_in_and_gets_the_link_again(client):
    sign_up(client)

    response = client.post("/sign-in/", {"email": "ada@example.org", "password": PASSWORD})

    assert (response["Location"], "_auth_user_id" in client.session) == ("/sign-up/sent/", False)
    assert [template for template, _, _ in mails()] == ["confirm_sign_up", "confirm_sign_up"]


def test_sign_up_again_before_confirming_kills_the_first_link(client):
    sign_up(client)
    sign_up(client, password="another passphrase entirely", business_name="Second thoughts")
    first, second = (path_in(context) for _, _, context in mails())

    assert (client.get(first).status_code, client.get(second).status_code) == (410, 200)
    assert list(Account.objects.values_list("name", flat=True)) == ["Second thoughts"]


def test_link_runs_out(client):
    sign_up(client)
    with time_machine.travel(now() + timedelta(days=4), tick=False):
        assert client.get(path_in(mails()[0][2])).status_code == 410


def test_sign_up_answers_the_same_whether_or_not_there_is_a_profile(client):
    make_member(email="known@example.org")
    answers = []
    for email in ("known@example.org", "unknown@example.org"):
        browser = Client()
        response = browser.post("/sign-up/", {**FORM, "email": email}, follow=True)
        body = re.sub(r'value="[A-Za-z0-9]{64}"|"X-CSRFToken": "[^"]*"', "", response.content.decode())
        answers.append((response.status_code, response.redirect_chain, body, sorted(browser.cookies)))

    assert answers[0] == answers[1]
    assert [template for template, _, _ in mails()] == ["already_signed_up", "confirm_sign_up"]
    assert Account.objects.count() == 2


def test_sign_up_hashes_a_password_for_a_known_address_as_well(monkeypatch):
    """Argon2 is nearly all of the time that sign-up takes, and so what would tell the two apart."""
    make_member(email="known@example.org")
    hashed, encode = [], Argon2PasswordHasher.encode
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *args: hashed.append(1) or encode(*args))
    spent = {}
    for email in ("known@example.org", "unknown@example.org"):
        form = signing_up.SignUp(
            name="A",
            email=email,
            password=PASSWORD,
            business_name="B",
            postal_address="C",
            country="AT",
            time_zone="UTC",
            language="en",
        )
        hashed.clear()
        signing_up.sign_up(form=form, invitation="", network="", now=now())
        spent[email] = len(hashed)

    assert spent == {"known@example.org": 1, "unknown@example.org": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("password", "Passw0rd2027!"),
        ("password", "short"),
        ("country", "XX"),
        ("time_zone", "Mars/Olympus"),
        ("accept", ""),
        ("business_name", ""),
    ],
)
def test_sign_up_refuses_bad_values_and_keeps_the_rest(client, field, value):
    response = sign_up(client, **{field: value})

    assert (response.status_code, User.objects.count()) == (422, 0)
    assert response.context["form"].errors.keys() == {field}
    assert b"Ada Berg" in response.content


def test_sign_up_guesses_from_the_browser(client):
    response = client.get("/sign-up/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})

    initial = response.context["form"].initial
    assert (initial["language"], initial["country"]) == ("de", "AT")
    assert b"data-guess-zone" in response.content


def test_closed_sign_up_says_so(client, settings):
    settings.SIGN_UP = "closed"

    assert (client.get("/sign-up/").status_code, sign_up(client).status_code) == (403, 403)
    assert User.objects.count() == 0


def test_invited_sign_up_needs_the_link_of_the_same_address_once(client, settings):
    settings.SIGN_UP = "invited"
    signing_up.invite(email="ada@example.org", actor=ACTOR, now=now())
    secret = mails()[0][2]["url"].partition("invitation=")[2]

    without = sign_up(client)
    other = sign_up(client, email="eve@example.org", invitation=secret)
    right = sign_up(client, invitation=secret)
    again = sign_up(client, email="ada@example.org", invitation=secret)

    assert [each.status_code for each in (without, other, right, again)] == [403, 403, 302, 403]
    assert SignUpInvitation.objects.get().used_at is not None


def test_sign_up_is_limited_by_network(client, settings):
    from emailconcert.lib import limits

    for _ in range(20):
        limits.hit("sign up", "127.0.0.1", 20, 3600)

    assert (sign_up(client).status_code, User.objects.count()) == (422, 0)


def test_one_mailbox_is_not_flooded_and_the_last_mail_confirms(client):
    answers = [sign_up(Client()) for _ in range(6)]
    last = mails()[-1]
    client.post("/sign-in/", {"email": "ada@example.org", "password": FORM["password"]})

    assert {(each.status_code, each["Location"]) for each in answers} == {(302, "/sign-up/sent/")}
    assert len(mails()) == 3
    assert client.post(f"{path_in(last[2])}yes/").status_code in (200, 302)
    assert User.objects.get(email="ada@example.org").email_confirmed_at is not None


def test_invitation_is_kept_while_the_mailbox_had_enough(client, settings):
    settings.SIGN_UP = "invited"
    signing_up.invite(email="ada@example.org", actor=ACTOR, now=now())
    secret = mails()[0][2]["url"].partition("invitation=")[2]
    for _ in range(3):
        mailboxes.may_mail("sign up", "ada@example.org")

    assert sign_up(client, invitation=secret).status_code == 302
    assert SignUpInvitation.objects.get().used_at is None


def test_slugs_of_equal_names_differ(client):
    sign_up(client)
    sign_up(client, email="second@example.org")

    first, second = Account.objects.order_by("pk").values_list("slug", flat=True)
    assert (first, second.startswith("berg-daughters-")) == ("berg-daughters", True)


def test_documents_to_accept_can_be_read_where_they_are_linked(client, settings):
    from urllib.parse import urlsplit

    page = client.get("/sign-up/").content.decode()
    links = re.findall(r'href="([^"]+)" target="_blank"', page)

    answers = [client.get(urlsplit(link).path, headers={"Host": urlsplit(link).netloc}).status_code for link in links]

    assert answers == [200, 200]
    assert all(link.startswith(settings.CONTENT_URL) for link in links)


def test_sign_up_is_limited_by_the_network_a_customer_has(settings):
    answers = [
        sign_up(Client(REMOTE_ADDR=f"2001:db8::{number:x}"), email=f"ada{number}@example.org").status_code
        for number in range(21)
    ]

    assert answers == [302] * 20 + [422]
