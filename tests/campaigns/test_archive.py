"""The archive: what is in it, what strangers see of it, the feed, and what members choose."""

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, AuditEvent, Role
from accounts.services.auditing import SYSTEM
from campaigns import archive_queries
from campaigns.archive_boxes import without_empty_buttons
from campaigns.models import Archive, Campaign, CampaignSegment, Variant
from campaigns.services import archiving, sending
from campaigns.services.archiving import Choices
from contacts.hosted.blueprint import Blueprint
from contacts.models import Form, Segment
from contacts.services.hosted import form_keeping
from delivery.services import publishing
from emailconcert.lib import limits
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.conftest import signed_in
from tests.campaigns.test_sending import make_ready
from tests.factories import make_member

pytestmark = pytest.mark.django_db

BODY = """Hello {{ contact.first_name | default: 'friend' }}, it is {{ "now" | date: "%Y" }}.

[Our bread](https://example.com/bread?a=1&b=2) for {{ contact.email }}.

[Leave]({{ unsubscribe_url }}) · [Choose]({{ preferences_url }}) · [The shop](https://example.com/shop)
"""
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def stranger():
    return Client(headers={"host": settings.CONTENT_URL.partition("//")[2]})


@pytest.fixture
def account(alice):
    Account.objects.filter(pk=alice.account_id).update(name="Harbour Bakery", slug="harbour")
    alice.account.refresh_from_db()
    open_archive(alice.account)
    return alice.account


def open_archive(account, **more):
    given = {"is_open": True, "includes_new": True, "is_indexed": False, "intro": "", "form": None, **more}
    with account_scope(account):
        archiving.keep(account=account, chosen=Choices(**given), actor=SYSTEM, now=timezone.now() - timedelta(days=30))


@pytest.fixture
def send(alice, sender, news, account):
    """Make a campaign to a list that was sent some days ago."""

    def send(*, days=1, subject="Rye, {{ contact.first_name }}!", **more):
        draft = make_ready(alice, sender, news, people=0)
        at = timezone.now() - timedelta(days=days)
        with account_scope(account):
            Variant.objects.filter(campaign=draft).update(subject=subject, preheader="Warm & early", source=BODY)
            variant = Variant.objects.get(campaign=draft)
            variant.mailing = sending.compile_variant(draft, variant)
            variant.save()
            Campaign.objects.filter(pk=draft.pk).update(**{"state": "sent", "sent_at": at, "finished_at": at, **more})
            draft.refresh_from_db()
        return draft

    return send


def counted():
    return CaptureQueriesContext(connection)


def shown(account):
    with account_scope(account):
        archive = archive_queries.archive_of(account)
        return set(archive_queries.shown(archive, now=timezone.now()).values_list("pk", flat=True))


def test_in_it_is_what_went_to_whole_lists_since_and_what_was_added(send, account):
    plain, added = send(), send(days=40, in_archive=True)
    send(days=40)  # before it was switched on
    send(in_archive=False)
    send(follow_up_of=plain)
    send(deleted_at=timezone.now())
    for state in ("draft", "scheduled", "paused", "cancelled", "testing"):
        send(state=state)
    send(state="sending", sent_at=timezone.now())  # can still be taken back
    going = send(state="sending")
    some = send()
    with account_scope(account):
        segment = Segment.objects.create(name="Lapsed", definition={})
        CampaignSegment.objects.create(campaign=some, segment=segment)

    assert shown(account) == {plain.pk, added.pk, going.pk}


def test_of_a_test_of_variants_the_winner_is_shown_once_there_is_one(send, stranger, account):
    tested = send(subject="Losing words")
    with account_scope(account):
        loser = Variant.objects.get(campaign=tested)
        winner = Variant.objects.create(
            campaign=tested, name="B", subject="Winning words", kind="markdown", source="B body", preheader=""
        )
        winner.mailing = sending.compile_variant(tested, winner)
        winner.save()
    assert (shown(account), loser.name) == (set(), "A")

    with account_scope(account):
        Campaign.objects.filter(pk=tested.pk).update(winner="B")

    page = stranger.get("/a/harbour/").content.decode()
    assert "Winning words" in page
    assert "Losing words" not in page
    assert "B body" in stranger.get(f"/a/harbour/{tested.pk}/mail").content.decode()


def test_the_mail_is_nobodys(send, stranger, account):
    sent = send(days=700, in_archive=True)

    answer = stranger.get(f"/a/harbour/{sent.pk}/mail")

    html = answer.content.decode()
    assert f"Hello friend, it is {sent.sent_at.year}." in html
    assert 'href="https://example.com/bread?a=1&amp;b=2"' in html
    assert "Harbour Bakery" in html
    for gone in ("Leave", "Choose", "Unsubscribe", "/u/", "/p/", "/v/", "/c/", "/o/", "nobody", "{{", "contact"):
        assert gone not in html, gone
    assert re.search(r'<p [^>]*><a [^>]*href="https://example.com/shop"', html)  # nothing is left of what stood beside
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert ("allow-scripts" in policy, "allow-same-origin" in policy) == (False, False)
    assert f"frame-ancestors {settings.CONTENT_URL}" in policy
    assert (answer["X-Robots-Tag"], answer["Referrer-Policy"]) == ("noindex", "no-referrer")
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>{0} · {0} · K</p>", "<p>K</p>"),
        ("<p>K · {0} | {0}</p>", "<p>K</p>"),
        ("<p>K · {0} · L</p>", "<p>K · L</p>"),
        ('<p>K <a href="{1}">never closed <b>x</b></p>', "<p>K never closed <b>x</b></p>"),
        ("<!--[if mso]>{0}<![endif]--><p>at {1}</p>", '<!--[if mso]><a href="">U</a><![endif]--><p>at </p>'),
        ('<a href="{1}"><table><tr><td>U</td></tr></table></a>K', "K"),
    ],
)
def test_links_of_one_persons_own_leave_no_gap(before, after):
    address = publishing._personal()[0]

    assert publishing._without_personal(before.format(f'<a href="{address}">U</a>', address)) == after


def test_no_box_is_left_of_a_button_that_only_one_person_could_press(send, stranger, account):
    sent = send(in_archive=True)
    with account_scope(account):
        variant = Variant.objects.get(campaign=sent)
        variant.kind = "mjml"
        variant.source = (
            "<mjml><mj-body><mj-section><mj-column>"
            '<mj-button background-color="#aa0011" href="{{ unsubscribe_url }}">Unsubscribe</mj-button>'
            '<mj-button background-color="#00bb11" href="https://example.com/shop">Shop</mj-button>'
            "</mj-column></mj-section></mj-body></mjml>"
        )
        variant.mailing = sending.compile_variant(sent, variant)
        variant.save()
    html = stranger.get(f"/a/harbour/{sent.pk}/mail").content.decode()
    assert ("#aa0011" in html, "#00bb11" in html, "Unsubscribe" in html) == (False, True, False)

    button = '<div style="background:#a01;border-radius:4px;padding:9px">{}</div>'
    for kept in (
        button.format("&nbsp;<b>Shop</b>"),
        button.format('<img src="https://example.com/a.png">'),
        button.format("<div>never closed"),
        '<td bgcolor="#a01" style="height:4px;border-radius:2px"></td>',
        '<td bgcolor="#a01" style="padding:9px"></td>',
        '<div style="border-radius:4px;background:none"></div>',
    ):
        assert without_empty_buttons(kept) == kept
    for gone in (button.format(""), button.format("&nbsp;<span> </span><!-- x -->"), button.format(button.format(""))):
        assert without_empty_buttons(f"<p>a</p>{gone}<p>b</p>") == "<p>a</p><p>b</p>"


def test_strangers_read_pages_of_twenty_with_neighbours(send, stranger, account):
    sent = [send(days=days, subject=f"Mail {days}") for days in range(1, 23)]

    first = stranger.get("/a/harbour/")
    older = stranger.get("/a/harbour/", {"after": sent[19].pk})
    back = stranger.get("/a/harbour/", {"before": sent[20].pk})

    assert [each.subject for each in first.context["page"].entries] == [f"Mail {n}" for n in range(1, 21)]
    assert (first.context["page"].newer, first.context["page"].older) == (None, sent[19].pk)
    assert [each.subject for each in older.context["page"].entries] == ["Mail 21", "Mail 22"]
    assert back.content.count(b"<li>") == 20
    one = stranger.get(f"/a/harbour/{sent[1].pk}/").content.decode()
    assert f'href="/a/harbour/{sent[0].pk}/"' in one
    assert f'href="/a/harbour/{sent[2].pk}/"' in one


def test_the_page_speaks_its_readers_language_and_shows_the_name_of_no_campaign(send, stranger, account):
    send(name="Secret plan", sent_at=timezone.now() - timedelta(days=3))
    day = timezone.localdate() - timedelta(days=3)

    german = stranger.get("/a/harbour/", headers={"accept-language": "de-AT,de;q=0.9"}).content.decode()
    french = stranger.get("/a/harbour/?lang=fr").content.decode()

    assert '<html lang="de"' in german
    assert f"{day.day}. " in german
    assert "Rye!" in german
    assert "Warm &amp; early" in german
    assert "Secret plan" not in german
    assert "Lettres d’information" in french


def test_an_archive_that_is_not_there_is_not_found_whatever_the_reason(send, stranger, account, charlie):
    sent = send()
    paths = ("/a/harbour/", "/a/harbour/feed.atom", f"/a/harbour/{sent.pk}/", f"/a/harbour/{sent.pk}/mail")
    assert [stranger.get(path).status_code for path in paths] == [200] * 4
    assert stranger.get(f"/a/{charlie.account.slug}/").status_code == 404
    assert stranger.get(f"/a/harbour/{sent.pk + 1}/").status_code == 404
    open_archive(charlie.account)
    assert stranger.get(f"/a/{charlie.account.slug}/{sent.pk}/").status_code == 404

    gone = stranger.get("/a/nobody/").content
    open_archive(account, is_open=False)
    assert {(stranger.get(path).status_code, stranger.get(path).content == gone) for path in paths} == {(404, True)}
    open_archive(account)
    Account.objects.filter(pk=account.pk).update(status="suspended")
    assert {stranger.get(path).status_code for path in paths} == {404}


def test_caches_may_keep_it_and_ask_whether_it_changed(send, stranger, account):
    sent = send()
    for path in ("/a/harbour/", f"/a/harbour/{sent.pk}/", f"/a/harbour/{sent.pk}/mail", "/a/harbour/feed.atom"):
        first = stranger.get(path)
        again = stranger.get(path, headers={"if-none-match": first["ETag"]})
        assert first["Cache-Control"].startswith("public, max-age="), path
        assert first["Vary"] == "Accept-Language"
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"]), path

    with account_scope(account):
        archiving.include(campaign=sent, is_in=False, actor=SYSTEM, now=timezone.now())
    assert stranger.get(path, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_search_engines_are_let_in_only_by_choice(send, stranger, account):
    sent = send()
    assert b'name="robots" content="noindex"' in stranger.get("/a/harbour/").content
    assert stranger.get("/a/harbour/feed.atom")["X-Robots-Tag"] == "noindex"

    open_archive(account, is_indexed=True)

    page = stranger.get("/a/harbour/")
    assert (b'name="robots" content="all"' in page.content, "X-Robots-Tag" in page) == (True, False)
    assert stranger.get(f"/a/harbour/{sent.pk}/mail")["X-Robots-Tag"] == "noindex, indexifembedded"


def test_the_feed_is_atom(send, stranger, account):
    newer, older = send(subject="A & <b>"), send(days=2, subject="Bell \x07 {{ contact.last_name }}")

    answer = stranger.get("/a/harbour/feed.atom")

    feed = ET.fromstring(answer.content)
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    born = account.created_at.date()
    tag = f"tag:{settings.PLATFORM_DOMAIN},{born}:archive/{account.public_id}"
    page = f"{settings.CONTENT_URL}/a/harbour/"
    assert (feed.findtext(f"{ATOM}id"), feed.findtext(f"{ATOM}title")) == (tag, "Harbour Bakery")
    assert feed.findtext(f"{ATOM}updated") == newer.sent_at.isoformat(timespec="seconds")
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Harbour Bakery"
    assert {each.get("rel"): each.get("href") for each in feed.findall(f"{ATOM}link")} == {
        "self": f"{page}feed.atom",
        "alternate": page,
    }
    entries = feed.findall(f"{ATOM}entry")
    assert [each.findtext(f"{ATOM}id") for each in entries] == [f"{tag}/{newer.pk}", f"{tag}/{older.pk}"]
    assert [each.findtext(f"{ATOM}title") for each in entries] == ["A & <b>", "Bell"]
    assert entries[0].find(f"{ATOM}link").get("href") == f"{page}{newer.pk}/"
    content = entries[0].find(f"{ATOM}content")
    assert content.get("type") == "html"
    assert "Hello friend" in content.text
    assert not any(part in content.text for part in ("<html", "<style", "<body", "Warm", "<base"))


def test_readers_sign_up_at_its_form_and_see_its_colours(send, stranger, account, news):
    with account_scope(account):
        form = form_keeping.create_form(
            account=account, name="F", slug="join", draft=Blueprint(lists=(news.pk,)), now=timezone.now()
        )
        form_keeping.publish(form=form, draft=Blueprint(lists=(news.pk,)), now=timezone.now())
    open_archive(account, form=form)
    assert b'href="/f/join"' in stranger.get("/a/harbour/").content

    with account_scope(account):
        Form.objects.update(is_active=False)

    assert b"/f/join" not in stranger.get("/a/harbour/").content


def test_a_network_that_asks_too_often_is_told_to_wait(stranger, account, monkeypatch):
    monkeypatch.setattr(limits, "hit", lambda name, *rest: name != "archive")

    answer = stranger.get("/a/harbour/")

    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


@pytest.mark.parametrize("path", ["/a/harbour/", "/a/harbour/feed.atom"])
def test_strangers_pages_ask_the_database_as_often_for_three_as_for_one(path, send, stranger, account):
    send()
    with counted() as one:
        stranger.get(path)
    send(days=2)
    send(days=3)
    with counted() as three:
        stranger.get(path)

    assert len(one) == len(three)


def test_members_add_and_take_out_with_a_way_back(client, send, account):
    sent = send(days=40)
    page = client.get("/campaigns/archive/").content.decode()
    assert f"/campaigns/{sent.pk}/archive/add/" in page

    client.post(f"/campaigns/{sent.pk}/archive/add/")
    assert shown(account) == {sent.pk}
    page = client.post(f"/campaigns/{sent.pk}/archive/take-out/", follow=True).content.decode()
    assert shown(account) == set()
    assert f'action="/campaigns/{sent.pk}/archive/add/"' in page
    assert "Undo" in page

    pages = {"review": f"/campaigns/{sent.pk}/review/", "https://evil.example/": "/campaigns/archive/"}
    for page, leads_to in pages.items():
        assert client.post(f"/campaigns/{sent.pk}/archive/add/", {"page": page})["Location"] == leads_to
    with account_scope(account):
        actions = (
            AuditEvent.objects.filter(action__startswith="archive.").order_by("pk").values_list("action", flat=True)
        )
        assert list(actions)[-3:] == ["archive.added", "archive.taken_out", "archive.added"]


def test_the_list_asks_the_database_as_often_for_three_as_for_one(client, send):
    send()
    client.get("/campaigns/archive/")
    with counted() as one:
        client.get("/campaigns/archive/")
    send(days=2)
    send(days=3)
    with counted() as three:
        client.get("/campaigns/archive/")

    assert len(one) == len(three)


def test_the_review_and_the_campaigns_page_tell_whether_it_becomes_public(client, alice, sender, news, send, account):
    draft, sent = make_ready(alice, sender, news), send()

    assert "It will be in your public archive" in client.get(f"/campaigns/{draft.pk}/review/").content.decode()
    assert "In your public archive" in client.get(f"/campaigns/{sent.pk}/").content.decode()
    open_archive(account, is_open=False)
    assert "public archive" not in client.get(f"/campaigns/{sent.pk}/").content.decode()


def test_admins_switch_it_on_and_what_was_in_it_stays_when_the_setting_goes(client, alice, bob_client, send, account):
    first = send()
    chosen = {"is_open": "on", "includes_new": "no", "intro": "Every Friday", "form": "", "is_indexed": "on"}

    answer = client.post("/settings/archive/", chosen)

    assert answer.status_code == 302
    later = send()
    with account_scope(account):
        kept = Archive.objects.get()
        assert (kept.intro, kept.is_indexed, kept.includes_since) == ("Every Friday", True, None)
    assert shown(account) == {first.pk}
    assert later.pk not in shown(account)
    assert bob_client.get("/settings/archive/").status_code == 403
    assert client.post("/settings/archive/", {"includes_new": "perhaps"}).status_code == 422


@pytest.fixture
def bob_client(cast):
    return signed_in(cast[1])


def test_viewers_change_nothing_and_others_find_nothing(send, account, alice, charlie):
    sent = send()
    viewer = signed_in(make_member(account=alice.account, role=Role.VIEWER))

    assert viewer.post(f"/campaigns/{sent.pk}/archive/take-out/").status_code == 403
    assert signed_in(charlie).post(f"/campaigns/{sent.pk}/archive/take-out/").status_code == 404
    assert b"Spring" not in signed_in(charlie).get("/campaigns/archive/").content
    assert shown(account) == {sent.pk}
