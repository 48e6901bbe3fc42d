"""The pages of templates, and drafts that start from one."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from campaigns import gallery
from campaigns.models import Campaign
from campaigns.services import starting_points
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.conftest import signed_in
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db


def only_draft(account):
    with account_scope(account):
        campaign = Campaign.objects.get()
        return campaign, campaign.variants.get()


def pictures(page):
    return re.findall(r'<iframe src="https?://[^/]+(/preview/template/[^"]+)"', page.content.decode())


def ask_content_host(path, settings):
    host = settings.CONTENT_URL.partition("//")[2]
    return Client().get(path, headers={"host": host})


def test_the_gallery_shows_pictures_and_filters(client, settings):
    page = client.get("/content/templates/")
    shown = pictures(page)

    assert len(shown) == len(set(shown)) == len(gallery.SAMPLES)
    picture = ask_content_host(shown[0], settings)
    assert picture.status_code == 200
    assert "A slower month" in picture.content.decode()
    assert picture["Cache-Control"] == "private, max-age=3600"
    assert "default-src 'none'" in picture["Content-Security-Policy"]
    assert 'href="/content/media/"' in page.content.decode()
    assert len(pictures(client.get("/content/templates/?occasion=offers"))) == 2
    assert "No template is like that" in client.get("/content/templates/?q=zebra").content.decode()


def test_a_template_is_looked_at_in_dark_and_unknown_ones_are_not_there(client):
    page = client.get("/content/templates/gallery/birthday/?scheme=dark").content.decode()

    assert page.count("?scheme=dark") == 3  # two screens, and the link that is on
    assert 'value="gallery:birthday"' in page
    assert client.get("/content/templates/gallery/none/").status_code == 404


def test_using_a_template_makes_a_draft_of_it(client, alice):
    answer = client.post("/content/templates/use/", {"start": "gallery:letter"})
    campaign, variant = only_draft(alice.account)

    letter = gallery.sample("letter")
    assert answer["Location"] == f"/campaigns/{campaign.pk}/content/"
    assert (campaign.name, variant.kind, variant.source) == ("Plain letter", "mjml", letter.source)
    assert (variant.subject, variant.preheader) == (letter.subject, letter.preheader)
    for start in ("", "gallery:none", "campaign:x", "campaign:999999", "campaign:" + "9" * 40, "?"):
        assert client.post("/content/templates/use/", {"start": start}).status_code == 404


def test_viewers_look_but_make_nothing(alice):
    viewer = signed_in(make_member(account=alice.account, role=Role.VIEWER))

    assert ">Use<" not in viewer.get("/content/templates/").content.decode()
    assert viewer.post("/content/templates/use/", {"start": "gallery:letter"}).status_code == 403


def test_pictures_are_for_a_while_and_the_address_stays_for_an_hour(alice, settings):
    at = timezone.now().replace(minute=10)
    ask = {"key": "gallery:letter", "account": alice.account}
    address = starting_points.picture_url(**ask, now=at)

    assert starting_points.picture_url(**ask, now=at + timedelta(minutes=40)) == address
    assert starting_points.picture_url(**ask, now=at, state="2") != address
    old = starting_points.picture_url(**ask, now=at - timedelta(hours=3))
    host_less = old.removeprefix(settings.CONTENT_URL)
    assert ask_content_host(host_less, settings).status_code == 404
    assert ask_content_host("/preview/template/none/", settings).status_code == 404


def test_a_draft_starts_from_an_earlier_campaign_of_the_account_only(alice, charlie):
    with account_scope(alice.account):
        earlier = starting_points.create_campaign(
            account=alice.account, name="March", start=gallery.sample("sale"), created_by=None, now=NOW
        )
        start = starting_points.find_start(f"campaign:{earlier.pk}", account=alice.account)
        assert start.source == gallery.sample("sale").source
    with account_scope(charlie.account):
        assert starting_points.find_start(f"campaign:{earlier.pk}", account=charlie.account) is None
