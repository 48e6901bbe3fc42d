from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from campaigns import queries
from campaigns.services import drafting, previewing
from contacts.models import Contact
from emailconcert.lib.tenancy import account_scope
from privacy.models import Restriction
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOST = urlsplit(settings.CONTENT_URL).netloc


@pytest.fixture
def draft(alice, sender, news):
    return make_ready(alice, sender, news)


def open_preview(url, host=HOST):
    return Client(SERVER_NAME=host.partition(":")[0], SERVER_PORT=host.partition(":")[2] or "80").get(
        urlsplit(url).path, headers={"Host": host}
    )


def url_of(alice, draft, *, now=None, first=True):
    with account_scope(alice.account):
        contact = Contact.objects.earliest("pk") if first else None
        eyes = previewing.Eyes(contact)
        return previewing.preview_url(campaign=draft, eyes=eyes, now=now or timezone.now())


def test_the_preview_is_filled_for_the_chosen_contact_in_a_sandbox(alice, draft):
    answer = open_preview(url_of(alice, draft))

    assert "Hello Reader0" in answer.content.decode()
    assert answer["Content-Security-Policy"].startswith("sandbox ")
    assert "script-src" not in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert not answer.cookies


def test_nobody_chosen_shows_the_defaults(alice, draft):
    assert "Hello friend" in open_preview(url_of(alice, draft, first=False)).content.decode()


def test_nobody_restricted_is_looked_through(alice, draft):
    url = url_of(alice, draft)
    with account_scope(alice.account):
        first = Contact.objects.earliest("pk")
        Restriction.objects.create(address_hash=first.email_hash)

        assert first not in queries.preview_contacts(draft, now=timezone.now())
        assert len(queries.preview_contacts(draft, now=timezone.now())) == Contact.objects.count() - 1
        assert queries.preview_contact(first.pk) is None
    assert "Reader0" not in open_preview(url).content.decode()


def test_the_members_host_serves_no_preview(alice, draft):
    host = urlsplit(settings.SITE_URL).netloc

    answer = open_preview(url_of(alice, draft), host=host)

    assert (answer.status_code, answer["Location"].startswith(settings.CONTENT_URL)) == (302, True)


def test_the_content_host_serves_no_campaign(client, draft):
    answer = client.get(f"/campaigns/{draft.pk}/", headers={"Host": HOST})

    assert answer.status_code == 404


def test_a_preview_runs_out_after_an_hour(alice, draft):
    old = url_of(alice, draft, now=timezone.now() - timedelta(minutes=61))

    assert open_preview(old).status_code == 404


def test_a_changed_token_opens_nothing(alice, draft):
    url = url_of(alice, draft)
    changed = url[:-3] + ("A" if url[-3] != "A" else "B") + url[-2:]

    assert open_preview(changed).status_code == 404


def test_mistakes_are_shown_in_place_of_the_mail(alice, draft):
    with account_scope(alice.account):
        drafting.save_content(campaign=draft, kind="markdown", source="{{ contact.", now=NOW)
    answer = open_preview(url_of(alice, draft))

    assert "There is no preview until this is mended" in answer.content.decode()


def test_what_an_owner_writes_runs_no_script(alice, draft):
    with account_scope(alice.account):
        drafting.save_content(campaign=draft, kind="html", source="<p>Hi</p><script>alert(1)</script>", now=NOW)
    answer = open_preview(url_of(alice, draft))

    assert "<script" not in answer.content.decode()
