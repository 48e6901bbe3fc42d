"""The pages of templates, and drafts that start from one."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, AuditEvent, Role
from accounts.services.auditing import SYSTEM
from campaigns import gallery, template_queries
from campaigns.models import Campaign, Template
from campaigns.services import following, starting_points, templating
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


def test_a_picture_is_filled_once_until_the_template_or_the_business_changes(alice, mine, monkeypatch):
    filled = []
    fill = starting_points.fill
    monkeypatch.setattr(starting_points, "fill", lambda *args, **kwargs: filled.append(1) or fill(*args, **kwargs))
    ticket = starting_points.Ticket(alice.account_id, f"own:{mine.pk}")

    def look():
        with account_scope(alice.account):
            return starting_points.fill_ticket(ticket, now=timezone.now())

    assert look() == look()
    assert len(filled) == 1
    with account_scope(alice.account):
        Template.objects.update(source="<mjml><mj-body></mj-body></mjml>")
    look()
    Account.objects.update(name="Quay Bakery")
    look()
    assert len(filled) == 3
    with account_scope(alice.account):
        Template.objects.update(deleted_at=timezone.now())
    assert look() is None


def test_a_draft_starts_from_an_earlier_campaign_of_the_account_only(alice, charlie):
    with account_scope(alice.account):
        earlier = starting_points.create_campaign(
            account=alice.account, name="March", start=gallery.sample("sale"), created_by=None, now=NOW
        )
        start = starting_points.find_start(f"campaign:{earlier.pk}", account=alice.account)
        assert start.source == gallery.sample("sale").source
    with account_scope(charlie.account):
        assert starting_points.find_start(f"campaign:{earlier.pk}", account=charlie.account) is None


def test_a_new_campaign_starts_empty_from_a_template_or_from_an_earlier_one(client, alice):
    page = client.get("/campaigns/new/?start=gallery:sale").content.decode()
    assert page.count('name="start"') == 1 + len(gallery.SAMPLES)
    assert 'value="gallery:sale" checked' in page

    client.post("/campaigns/new/", {"name": "Summer", "start": "gallery:sale"})
    campaign, variant = only_draft(alice.account)
    assert (campaign.name, variant.source) == ("Summer", gallery.sample("sale").source)
    again = client.get("/campaigns/new/").content.decode()
    assert f'value="campaign:{campaign.pk}"' in again
    assert again.count(" checked>") == 1

    client.post("/campaigns/new/", {"name": "Autumn", "start": f"campaign:{campaign.pk}"})
    client.post("/campaigns/new/", {"name": "Blank", "start": ""})
    with account_scope(alice.account):
        sources = dict(Campaign.objects.values_list("name", "variants__source"))
    assert sources == {"Summer": variant.source, "Autumn": variant.source, "Blank": ""}


def test_a_start_that_is_gone_is_told(client):
    answer = client.post("/campaigns/new/", {"name": "Summer", "start": "campaign:999999"})

    assert answer.status_code == 422
    assert "This is no longer there." in answer.content.decode()


@pytest.fixture
def mine(alice):
    with account_scope(alice.account):
        return templating.create_template(
            account=alice.account, name="Our look", occasion="offers", start=gallery.sample("sale"), now=NOW
        )


def own(account):
    with account_scope(account):
        return {each.name: each for each in template_queries.templates_of(account)}


def test_an_own_template_is_kept_renamed_doubled_deleted_and_brought_back(client, alice):
    there = client.post("/content/templates/keep/", {"start": "gallery:sale"})["Location"]
    assert client.post(f"{there}name/", {"name": ""}).status_code == 422
    client.post(f"{there}name/", {"name": "Our sale", "occasion": "events"})
    client.post(f"{there}duplicate/")
    found = own(alice.account)
    assert set(found) == {"Our sale", "Copy of Our sale"}
    assert {each.source for each in found.values()} == {gallery.sample("sale").source}
    listed = client.get("/content/templates/?occasion=events&q=our").content.decode()
    assert (listed.count("of your templates on this page"), listed.count('value="own:')) == (1, 2)

    client.post(f"{there}delete/")
    assert client.get(there).status_code == 404
    assert set(own(alice.account)) == {"Copy of Our sale"}
    client.post(f"{there}restore/")
    assert client.get(there).status_code == 200
    with account_scope(alice.account):
        actions = AuditEvent.objects.filter(action__startswith="template.").order_by("pk")
        assert [each.action for each in actions] == ["template.deleted", "template.restored"]


def test_a_template_is_edited_in_a_draft_and_saved_back(client, alice, mine):
    opened = client.post(f"/content/templates/{mine.pk}/edit/")["Location"]
    assert client.post(f"/content/templates/{mine.pk}/edit/")["Location"] == opened
    draft, variant = only_draft(alice.account)
    with account_scope(alice.account):
        variant.source = "<mjml><mj-body></mj-body></mjml>"
        variant.save()
    page = client.get(f"/content/templates/from/{draft.pk}/").content.decode()
    assert f'value="{mine.pk}" selected' in page
    client.post(f"/content/templates/from/{draft.pk}/", {"into": mine.pk, "name": "Our look", "occasion": ""})

    assert own(alice.account)["Our look"].source == variant.source
    with account_scope(alice.account):
        draft.refresh_from_db()
        former = Template.objects.exclude(deleted_at=None).get()
    assert draft.deleted_at is not None
    client.post(f"/content/templates/{former.pk}/restore/")
    assert own(alice.account)[f"{mine.name}, as it was"].source == mine.source


def test_a_campaign_becomes_a_template_and_stays(client, alice):
    client.post("/content/templates/use/", {"start": "gallery:letter"})
    campaign, variant = only_draft(alice.account)
    answer = client.post(f"/content/templates/from/{campaign.pk}/", {"name": "Letter", "occasion": "news"})

    kept = own(alice.account)["Letter"]
    assert answer["Location"] == f"/content/templates/{kept.pk}/"
    assert (kept.source, kept.subject, kept.kind) == (variant.source, variant.subject, "mjml")
    assert only_draft(alice.account)[0].deleted_at is None
    assert "Save as template" in client.get(f"/campaigns/{campaign.pk}/").content.decode()


def test_an_empty_template_opens_to_be_written(client, alice):
    opened = client.post("/content/templates/keep/")["Location"]

    draft, _ = only_draft(alice.account)
    assert opened == f"/campaigns/{draft.pk}/content/"
    assert own(alice.account)["New template"].draft_id == draft.pk


def test_templates_of_others_are_not_there(charlie, alice, mine, settings):
    other = signed_in(charlie)
    for path in ("", "name/"):
        assert other.get(f"/content/templates/{mine.pk}/{path}").status_code == 404
    for path in ("edit/", "name/", "duplicate/", "delete/", "restore/"):
        assert other.post(f"/content/templates/{mine.pk}/{path}", {"name": "Mine"}).status_code == 404
    for path in ("use", "keep"):
        assert other.post(f"/content/templates/{path}/", {"start": f"own:{mine.pk}"}).status_code == 404
    assert other.post("/campaigns/new/", {"name": "x", "start": f"own:{mine.pk}"}).status_code == 422
    assert "Our look" not in other.get("/content/templates/").content.decode()
    stolen = starting_points.picture_url(f"own:{mine.pk}", account=charlie.account, now=timezone.now())
    assert ask_content_host(stolen.removeprefix(settings.CONTENT_URL), settings).status_code == 404
    theirs = starting_points.picture_url(f"own:{mine.pk}", account=alice.account, now=timezone.now())
    assert ask_content_host(theirs.removeprefix(settings.CONTENT_URL), settings).status_code == 200
    client = signed_in(alice)
    client.post("/content/templates/use/", {"start": f"own:{mine.pk}"})
    campaign, _ = only_draft(alice.account)
    assert other.post(f"/content/templates/from/{campaign.pk}/", {"name": "x"}).status_code == 404
    assert own(alice.account)["Our look"].deleted_at is None


def test_the_pages_ask_no_more_for_three_templates_than_for_one(client, alice, mine):
    def asked(path):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    paths = ("/content/templates/", "/campaigns/new/")
    for path in paths:
        client.get(path)
    before = [asked(path) for path in paths]
    with account_scope(alice.account):
        for _ in range(2):
            templating.duplicate_template(template=mine, now=NOW)
        for name in ("March", "April", "May"):
            starting_points.create_campaign(
                account=alice.account, name=name, start=gallery.sample("sale"), created_by=None, now=NOW
            )
    assert [asked(path) for path in paths] == before


def test_templates_are_shown_page_by_page(client, alice, mine, monkeypatch):
    monkeypatch.setattr(template_queries, "PAGE_SIZE", 2)
    with account_scope(alice.account):
        for _ in range(2):
            templating.duplicate_template(template=mine, now=NOW)
    first = client.get("/content/templates/").content.decode()
    assert first.count('value="own:') == 2
    after = re.search(r"after=(\d+)", first)[1]
    second = client.get(f"/content/templates/?after={after}").content.decode()

    assert (second.count('value="own:'), second.count('value="gallery:')) == (1, 0)


def test_deleted_templates_go_after_a_day(alice, mine):
    with account_scope(alice.account):
        templating.delete_template(template=mine, actor=SYSTEM, now=NOW)
    following.purge_all(now=NOW + timedelta(hours=23))
    with account_scope(alice.account):
        assert Template.objects.exists()
    following.purge_all(now=NOW + timedelta(hours=25))
    with account_scope(alice.account):
        assert not Template.objects.exists()
