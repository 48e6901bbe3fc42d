import json

import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import Account, Membership, User
from emailconcert.lib.tenancy import account_scope
from tests.accounts.helpers import actions, sign_in

pytestmark = pytest.mark.django_db

ACCOUNT = {
    "name": "Berg & Daughters",
    "owner_email": "Ada@Example.org",
    "postal_address": "1 High Street",
    "country": "at",
}


def test_create_account_makes_the_owner_who_can_sign_in(capsys, client):
    call_command("create_account", json=True, **ACCOUNT)

    facts = json.loads(capsys.readouterr().out)
    account, owner = Account.objects.get(), User.objects.get()
    assert (facts["slug"], facts["owner"], account.country) == ("berg-daughters", "ada@example.org", "AT")
    assert sign_in(client, owner, facts["password"])["Location"] == "/"
    assert "account.opened" in actions(account)


def test_create_account_takes_the_password_of_the_environment(capsys, client, monkeypatch):
    monkeypatch.setenv("OWNER_PASSWORD", "a phrase of one's own")

    call_command("create_account", **ACCOUNT)

    assert "Password" not in capsys.readouterr().out
    assert sign_in(client, User.objects.get(), "a phrase of one's own")["Location"] == "/"


def test_create_account_uses_the_profile_there_is(capsys):
    call_command("create_account", **ACCOUNT)
    call_command("create_account", **ACCOUNT)

    owner = User.objects.get()
    for account in Account.objects.all():
        with account_scope(account):
            assert Membership.objects.get().user_id == owner.pk
    assert Account.objects.count() == 2


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"country": "XX"}, "no country"),
        ({"time_zone": "Mars"}, "no time zone"),
        ({"language": "xx"}, "no language"),
        ({"owner_email": "nonsense"}, "not an email address"),
    ],
)
def test_create_account_refuses_bad_facts_with_a_sentence(bad, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("create_account", **{**ACCOUNT, **bad})
    assert (Account.objects.count(), User.objects.count()) == (0, 0)


def test_bootstrap_makes_a_dpo_who_must_set_up_a_second_factor(capsys, client):
    call_command("bootstrap", email="dora@example.org", name="Dora", json=True)

    facts = json.loads(capsys.readouterr().out)
    dora = User.objects.get()
    sign_in(client, dora, facts["password"])
    chain = [url for url, _ in client.get("/admin/", follow=True).redirect_chain]
    assert (dora.platform_role, dora.is_staff, dora.is_superuser) == ("dpo", True, False)
    assert chain[-1] == reverse("accounts:enrol")
    assert actions(None)[0] == "platform.person_made"


def test_bootstrap_refuses_an_address_that_has_a_profile():
    call_command("bootstrap", email="dora@example.org", name="Dora")
    with pytest.raises(CommandError, match="already"):
        call_command("bootstrap", email="Dora@example.org", name="Dora")


MAIL = {
    "name": "Ada",
    "business": "Berg & <Daughters>",
    "inviter": "Bob",
    "role": "editor",
    "url": "https://app.example.com/x/",
    "reset_url": "https://app.example.com/r/",
    "days": 3,
    "what": "The password of your profile was changed.",
    "new_email": "new@example.org",
    "suspended": True,
    "reason": "Many <complaints>.",
    "platform_name": "EmailConcert",
}
BUTTONLESS = {"security_change", "account_standing"}


@pytest.mark.parametrize(
    "template",
    [
        "confirm_sign_up",
        "already_signed_up",
        "sign_up_invitation",
        "password_reset",
        "security_change",
        "change_email_old",
        "change_email_new",
        "change_email_taken",
        "invitation",
        "account_standing",
    ],
)
def test_mails_say_the_same_in_both_parts_and_why_one_gets_them(template, settings):
    settings.TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = ""
    context = {**MAIL, "url": ""} if template in BUTTONLESS else MAIL
    subject, text, html = (
        render_to_string(f"mail/{template}.{part}", context) for part in ("subject.txt", "txt", "html")
    )

    assert (subject.count("\n"), "&amp;" in subject + text) == (1, False)
    assert ("You get this because" in text, "You get this because" in html) == (True, True)
    assert (context["url"] in text, context["url"] in html) == (True, True)
    assert "<Daughters>" not in html
    assert "<complaints>" not in html
