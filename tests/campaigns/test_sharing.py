"""Sharing a report by a link that ends: who makes it, what it shows, and that it shows nothing afterwards."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, AuditEvent, Role
from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign, ReportLink
from campaigns.services import sharing
from emailconcert.lib import limits, signing
from emailconcert.lib.tenancy import account_scope
from tests.campaigns import test_reporting
from tests.campaigns.conftest import signed_in
from tests.factories import make_member

pytestmark = pytest.mark.django_db
sent = test_reporting.sent


@pytest.fixture
def stranger():
    return Client(headers={"host": settings.CONTENT_URL.partition("//")[2]})


def share(alice, sent, *, days=7, now=None):
    with account_scope(alice.account):
        return sharing.make(campaign=sent, days=days, user=alice.user, actor=SYSTEM, now=now or timezone.now())


def path_of(live):
    return live.url.removeprefix(settings.CONTENT_URL)


def test_who_has_the_link_reads_numbers_and_no_person(alice, sent, stranger):
    live = share(alice, sent)

    answer = stranger.get(path_of(live))

    page = answer.content.decode()
    assert answer.status_code == 200
    for told in ("Fresh bread", "50.0", "of 6 delivered", "https://example.com/bread", "Opens in the first hours"):
        assert told in page, told
    for kept in ("Spring", "reader", "Reader", "Mailbox full", "alice", "/campaigns/", "csrf"):
        assert kept not in page, kept
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")
    assert "no-store" in answer["Cache-Control"]
    assert "Set-Cookie" not in answer
    with account_scope(alice.account):
        assert ReportLink.objects.get().opened_at is not None
    assert stranger.post(path_of(live)).status_code == 405


def test_a_link_that_ended_was_taken_back_or_never_was_says_the_same(alice, sent, stranger, client):
    gone, back, live = (
        share(alice, sent, now=timezone.now() - timedelta(days=8)),
        share(alice, sent),
        share(alice, sent),
    )
    client.post(f"/campaigns/{sent.pk}/report/links/{back.link.pk}/take-back/")
    later = timezone.now() + timedelta(days=1)
    payload = sharing._PAYLOAD.pack(alice.account_id, live.link.pk)
    other = signing.sign(payload, purpose="preview", expires_at=later)
    nobodys = signing.sign(sharing._PAYLOAD.pack(2**63, 2**64 - 1), purpose=sharing.PURPOSE, expires_at=later)
    short = signing.sign(b"x", purpose=sharing.PURPOSE, expires_at=later)

    paths = [path_of(gone), path_of(back), *(f"/r/{token}" for token in (other, nobodys, short, "made", "é"))]
    answers = {(answer.status_code, answer.content) for answer in map(stranger.get, paths)}

    assert len(answers) == 1
    status, content = answers.pop()
    assert (status, b"This link has ended" in content) == (404, True)
    assert stranger.get(path_of(live)).status_code == 200
    Account.objects.filter(pk=alice.account_id).update(status="closed")
    assert stranger.get(path_of(live)).content == content


def test_members_see_who_made_which_link_and_take_one_back(alice, sent, client, stranger):
    client.post(f"/campaigns/{sent.pk}/report/links/make/", {"days": "30"})
    with account_scope(alice.account):
        link = ReportLink.objects.get()
    assert link.expires_at - link.created_at == timedelta(days=30)
    page = client.get(f"/campaigns/{sent.pk}/report/links/").content.decode()
    assert sharing.address(link) in page
    assert "Alice" in page
    assert "Not yet" in page
    assert client.post(f"/campaigns/{sent.pk}/report/links/make/", {"days": "365"}).status_code == 422

    client.post(f"/campaigns/{sent.pk}/report/links/{link.pk}/take-back/")

    assert stranger.get(sharing.address(link).removeprefix(settings.CONTENT_URL)).status_code == 404
    assert "Nobody has a link" in client.get(f"/campaigns/{sent.pk}/report/links/").content.decode()
    with account_scope(alice.account):
        made = AuditEvent.objects.filter(action__startswith="report_link.").order_by("pk")
        assert list(made.values_list("action", flat=True)) == ["report_link.made", "report_link.taken_back"]


def test_only_editors_make_links_and_take_them_back(alice, sent, charlie):
    live = share(alice, sent)
    viewer = signed_in(make_member(account=alice.account, role=Role.VIEWER))
    links = f"/campaigns/{sent.pk}/report/links/"

    assert live.url not in viewer.get(links).content.decode()
    for member, status in ((viewer, 403), (signed_in(charlie), 404)):
        assert member.post(f"{links}make/", {"days": "7"}).status_code == status
        assert member.post(f"{links}{live.link.pk}/take-back/").status_code == status
    with account_scope(alice.account):
        assert ReportLink.objects.count() == 1


def test_a_report_has_no_more_links_than_can_be_watched(alice, sent, client, monkeypatch):
    monkeypatch.setattr(sharing, "MOST", 1)
    share(alice, sent)

    assert client.post(f"/campaigns/{sent.pk}/report/links/make/", {"days": "7"}).status_code == 422


def test_a_restored_backup_brings_no_link_back_and_ended_ones_are_swept(alice, sent, stranger):
    live = share(alice, sent)
    with account_scope(alice.account):
        sharing.end_restored()
    assert stranger.get(path_of(live)).status_code == 404

    later = timezone.now() + timedelta(days=1)
    assert (sharing.sweep(later, True), sharing.sweep(later, False), sharing.sweep(later, False)) == (1, 1, 0)


def test_a_network_that_asks_too_often_is_told_to_wait(stranger, monkeypatch):
    monkeypatch.setattr(limits, "hit", lambda name, *rest: name != "shared report")

    assert stranger.get("/r/made").status_code == 429


def test_the_list_asks_the_database_as_often_for_three_as_for_one(alice, sent, client):
    counts = []
    for _ in range(2):
        share(alice, sent)
        client.get(f"/campaigns/{sent.pk}/report/links/")
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/campaigns/{sent.pk}/report/links/")
        counts.append(len(seen))
        share(alice, sent)

    assert counts[0] == counts[1]
    with account_scope(alice.account):
        assert Campaign.objects.count() == 1
