"""Tests of variants that say something of their own: written with the same services, checked and tried like the first."""

import re
from datetime import timedelta

import pytest

from accounts.models import Outbox
from campaigns import presence, queries
from campaigns.models import Campaign, ContentVersion, RehearsalFailure, Variant
from campaigns.services import checking, drafting, following_up, previewing, variants, versions, writing
from campaigns.services.versions import Origin, Written
from contacts.models import Contact
from delivery.models import Mailing
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.campaigns.conftest import BODY
from tests.campaigns.test_variants import DECIDED, deliver, got, make_test, opened, start, tick
from tests.factories import NOW

pytestmark = pytest.mark.django_db
OTHER = "# Warm rolls for {{ contact.first_name }}\n\n[Rolls](https://example.com/rolls)\n"


def save(campaign, source, *, name="A", now=NOW, **origin):
    return versions.save_content(
        campaign=campaign, written=Written("markdown", source), origin=Origin(**origin), now=now, name=name
    )


def sources(campaign):
    return {each.name: each.source for each in queries.alternatives(campaign)}


@pytest.fixture
def draft(alice, sender, news):
    return make_test(alice, sender, news, subjects=("Bread is here", "Warm rolls"), people=60)


@pytest.fixture
def scope(alice):
    with account_scope(alice.account):
        yield


def own(campaign, name="C", source=OTHER):
    variants.begin_own_content(campaign=campaign, name=name, author=None, now=NOW)
    if source:
        save(campaign, source, name=name)


def test_it_begins_as_a_copy_is_written_apart_and_nothing_of_it_is_lost(draft, scope):
    own(draft, source="")
    assert sources(draft) == dict.fromkeys("ABC", BODY)
    save(draft, OTHER, name="C")
    save(draft, "# All", name="A")
    assert sources(draft) == {"A": "# All", "B": "# All", "C": OTHER}
    with pytest.raises(versions.NoOwnContent):
        save(draft, "lost?", name="B")

    variants.drop_own_content(campaign=draft, name="C", author=None, now=NOW)
    save(draft, "# Later", name="A")
    assert sources(draft) == dict.fromkeys("ABC", "# Later")
    own(draft, source="")
    kept = queries.content_versions(draft, "C")
    assert kept[0].source == "# Later"
    number = next(each.number for each in kept if each.source == OTHER)
    versions.restore_version(campaign=draft, number=number, author=None, now=NOW, name="C")
    assert sources(draft) == {"A": "# Later", "B": "# Later", "C": OTHER}


def test_saves_of_one_variant_never_meet_those_of_another(draft, scope):
    own(draft)
    c = queries.variant(draft, "C")
    save(draft, "# A again", name="A")
    later = NOW + timedelta(minutes=1)
    assert save(draft, "# Mine", name="C", page="one", revision=c.revision, now=later).beside is None
    beside = save(draft, "# Theirs", name="C", page="two", revision=c.revision, now=later).beside
    assert (beside.why, beside.variant.name) == (ContentVersion.Why.BESIDE, "C")
    assert queries.content_version(draft, beside.number, "A") is None or beside.number == 1

    turned = writing.change_way(
        campaign=draft, written=Written("markdown", "# Mine"), to="html", origin=Origin(), now=later, name="C"
    )
    writing.begin_own_text(
        campaign=draft,
        written=Written("html", queries.variant(draft, "C").source),
        origin=Origin(revision=turned.revision),
        now=later,
        name="C",
    )
    a, c = queries.variant(draft, "A"), queries.variant(draft, "C")
    assert ((a.kind, a.text), (c.kind, "Mine" in c.text)) == (("markdown", ""), ("html", True))


def test_who_writes_one_variant_is_not_told_of_who_writes_another(alice):
    def call(variant, user):
        key = {"account_id": alice.account_id, "campaign_id": 10**9, "variant": variant}
        return presence.call(**key, user_id=user, page="p", at=NOW.timestamp())

    assert (call("A", 1), call("B", 2), call("B", 3)) == ([], [], [(2, "p")])


def test_checks_and_the_rehearsal_name_the_variant_and_lead_to_it(draft, scope):
    Contact.objects.filter(first_name="Reader3").update(first_name="")
    own(draft, source="{{ contact.nonsense }}")
    found = checking.review(campaign=draft, now=NOW)
    assert [(each.sentence.partition(":")[0], each.page) for each in found.blocking] == [
        ("Variant C", f"/campaigns/{draft.pk}/content/C/")
    ]

    save(draft, "{{ 1 | divided_by: contact.first_name.size }}", name="C")
    found = checking.review(campaign=draft, now=NOW)
    footers = [each.sentence for each in found.good if "postal address" in each.sentence]
    assert [each.partition(":")[0] for each in footers] == ["Variant A", "Variant C"]
    assert [each.variant for each in RehearsalFailure.objects.all()] == ["C"]
    failing = next(each for each in found.blocking if "can't be filled in" in each.sentence)
    assert (failing.sentence, failing.page) == (
        "It can't be filled in for 1 person of 60.",
        f"/campaigns/{draft.pk}/content/C/",
    )


def test_links_of_all_variants_are_asked(draft, scope):
    own(draft)
    found = checking.review(campaign=draft, now=NOW)
    assert any("0 of 2 so far" in each.sentence for each in found.checks)
    assert "0 of 2 so far" in checking.live_check(campaign=draft, what="links", now=NOW).sentence


def test_everybody_gets_the_mail_of_their_variant_and_the_rest_the_winners(draft, alice):
    with account_scope(alice.account):
        own(draft)
    assert start(draft) == "testing"
    opened(draft, A=1, B=2, C=6)
    tick(draft, DECIDED)
    deliver(draft, DECIDED)
    assert (tick(draft, DECIDED), draft.winner) == ("sent", "C")

    assert sum(map(len, got(draft).values())) == 60
    with account_scope(alice.account):
        links = {
            each.name: set(each.mailing.links.values_list("url", flat=True))
            for each in Variant.objects.filter(campaign=draft).select_related("mailing")
        }
        rolls = {"https://example.com/rolls"}
        assert (links["A"] & rolls, links["B"] == links["A"], links["C"] >= rolls, links["R"]) == (
            set(),
            True,
            True,
            links["C"],
        )
        assert Mailing.objects.count() == 4
        copy = drafting.duplicate_campaign(campaign=draft, created_by=None)
        assert [each.has_own_content for each in queries.alternatives(copy)] == [False, False, True]
        save(copy, "# New", name="A")
        assert sources(copy) == {"A": "# New", "B": "# New", "C": OTHER}
        variants.drop_own_content(campaign=copy, name="C", author=None, now=NOW)
        assert OTHER in queries.content_versions(copy, "C").values_list("source", flat=True)
        after = following_up.begin(campaign=draft, kind="joined", created_by=None, now=DECIDED)
        assert sources(after) == {"A": OTHER}


def test_the_pages_write_show_and_restore_a_variant(client, draft, alice):
    base = f"/campaigns/{draft.pk}"
    assert client.get(f"{base}/content/B/")["Location"] == f"{base}/variants/B/"
    page = client.get(f"{base}/variants/B/").content.decode()
    assert "It says what variant A says" in page
    there = client.post(f"{base}/variants/B/own/")["Location"]
    assert there == f"{base}/content/B/"
    page = client.get(there).content.decode()
    revision = re.search(r'name="revision" id="id_revision" value="(\d+)"', page)[1]
    assert re.search(rf'hx-get="{base}/content/B/presence/"', page)
    given = {"kind": "markdown", "source": "# Only B", "page": "here", "revision": revision, "do": "save"}
    assert client.post(there, given)["Location"] == there
    with account_scope(alice.account):
        assert sources(draft) == {"A": BODY, "B": "# Only B", "C": BODY}
        tickets = [
            previewing.preview_url(campaign=draft, eyes=previewing.Eyes(), now=NOW, name=name).split("/")[-2]
            for name in "AB"
        ]
        shown = [previewing.fill_ticket(previewing.read_ticket(each, now=NOW), now=NOW).html for each in tickets]
    assert [("Only B" in each) for each in shown] == [False, True]
    for address, words in {
        f"{base}/variants/": "Variant B as an invented contact would get it",
        f"{base}/variants/B/": "Say what A says",
        f"{base}/content/B/versions/": "Version 2",
        f"{base}/content/B/versions/1/": "What is different",
        f"{base}/content/B/presence/?page=x&revision=1": "",
        f"{base}/review/?variant=B": "Bread is here",
        f"{base}/": "with its own content",
    }.items():
        answer = client.get(address)
        assert (answer.status_code, words in answer.content.decode()) == (200, True), address
    page = client.get(f"{base}/test/?variant=B").content.decode()
    assert re.findall(r'name="variants" value="(.)"[^>]*checked', page) == ["B"]
    mine = {"members": [alice.user_id]}
    assert (
        client.post(f"{base}/test/", mine).status_code
        == client.post(f"{base}/test/", mine | {"variants": "R"}).status_code
        == 422
    )
    many = mine | {"variants": ["B", "C"], "others": ",".join(f"a{n}@example.com" for n in range(5))}
    assert "at most 10 test mails" in client.post(f"{base}/test/", many).content.decode()
    assert client.post(f"{base}/test/", mine | {"variants": ["B", "C"]}).status_code == 302
    with platform_scope("test"):
        assert Outbox.objects.filter(topic="campaign.test_asked").count() == 2
    assert client.get(f"{base}/content/R/").status_code == client.get(f"{base}/content/D/").status_code == 404
    assert client.post(f"{base}/content/B/versions/1/restore/").status_code == 302
    assert client.post(f"{base}/variants/B/same/")["Location"] == f"{base}/variants/B/"
    with account_scope(alice.account):
        assert sources(draft) == dict.fromkeys("ABC", BODY)
        Campaign.objects.filter(pk=draft.pk).update(state="sent")
    assert client.post(f"{base}/variants/B/own/")["Location"] == f"{base}/variants/"
