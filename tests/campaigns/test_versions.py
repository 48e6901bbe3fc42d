"""Versions of what a campaign says: every save is one, none is lost, and two editors never overwrite each other."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import queries
from campaigns.models import ContentVersion
from campaigns.services import drafting, versions
from campaigns.services.versions import Origin, Written
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW

MINUTE = timedelta(minutes=1)


@pytest.fixture
def draft(alice):
    with account_scope(alice.account):
        yield drafting.create_campaign(account=alice.account, name="Spring", created_by=alice.user, now=NOW)


def save(draft, source, *, author=None, now=NOW, kind="markdown", text="", **origin):
    return versions.save_content(
        campaign=draft, written=Written(kind, source, text), origin=Origin(author, **origin), now=now
    )


def kept(draft):
    rows = ContentVersion.objects.filter(variant__campaign=draft).order_by("number")
    return [(each.number, each.why, each.source) for each in rows]


def content(draft):
    variant = queries.only_variant(draft)
    return variant.kind, variant.source, variant.text


def test_every_save_is_a_version_and_an_unchanged_one_is_none(draft):
    for source in ("one", "two", "two"):
        save(draft, source)

    assert kept(draft) == [(1, "saved", "one"), (2, "saved", "two")]


def test_what_was_there_before_there_were_versions_is_the_first(draft):
    draft.variants.update(source="old")
    save(draft, "new")

    assert kept(draft) == [(1, "saved", "old"), (2, "saved", "new")]


def test_saves_while_writing_replace_each_other_for_ten_minutes(draft, alice, cast):
    typing = {"author": alice.user, "page": "a", "is_autosave": True}
    for minute, source in ((0, "H"), (1, "He"), (9, "Hel"), (10, "Hell"), (11, "Hello")):
        save(draft, source, now=NOW + minute * MINUTE, **typing)
    save(draft, "Hello!", **typing | {"author": cast[1].user, "page": "b"})
    save(draft, "Hello!!", now=NOW, **typing | {"page": "a"})
    save(draft, "Hello!!!", now=NOW, author=alice.user, page="a")
    save(draft, "Bye", now=NOW, **typing)

    assert [(why, source) for _, why, source in kept(draft)] == [
        ("autosaved", "Hel"),
        ("autosaved", "Hello"),
        ("autosaved", "Hello!"),
        ("saved", "Hello!!!"),
        ("autosaved", "Bye"),
    ]


def test_a_save_over_what_was_not_seen_is_kept_beside(draft, alice, cast):
    begun = save(draft, "begun").revision
    theirs = save(draft, "hers", author=alice.user, page="a", revision=begun)
    mine = [save(draft, text, author=cast[1].user, page="b", revision=begun) for text in ("his", "his and more")]

    assert content(draft) == ("markdown", "hers", "")
    assert [each.revision for each in mine] == [theirs.revision] * 2
    assert kept(draft) == [(1, "saved", "begun"), (2, "saved", "hers"), (3, "beside", "his and more")]
    versions.restore_version(campaign=draft, number=3, author=cast[1].user, now=NOW)
    assert (content(draft), kept(draft)[3]) == (("markdown", "his and more", ""), (4, "restored", "his and more"))


def test_a_page_whose_answer_was_lost_is_not_in_its_own_way(draft):
    begun = save(draft, "begun").revision
    save(draft, "more", page="a", revision=begun)
    again = save(draft, "more and more", page="a", revision=begun)

    assert (again.beside, content(draft)[1]) == (None, "more and more")


def test_a_changed_way_of_writing_leaves_what_was_there(draft):
    save(draft, "# Hi", page="a", is_autosave=True, text="Own text")
    save(draft, "<h1>Hi</h1>", kind="html", page="a", is_autosave=True)
    save(draft, "<h1>Ho</h1>", kind="html", page="a", is_autosave=True)

    assert [why for _, why, _ in kept(draft)] == ["autosaved", "changed", "autosaved"]
    versions.restore_version(campaign=draft, number=1, author=None, now=NOW)
    assert content(draft) == ("markdown", "# Hi", "Own text")
    versions.restore_version(campaign=draft, number=3, author=None, now=NOW)
    assert content(draft) == ("html", "<h1>Ho</h1>", "")


def test_a_new_subject_is_a_version_and_stands_in_no_editors_way(draft):
    begun = save(draft, "begun", page="a").revision
    drafting.set_envelope(campaign=draft, sender=None, reply_to="", subject="New", preheader="", now=NOW)
    later = save(draft, "more", page="b", revision=begun)

    said = ContentVersion.objects.filter(variant__campaign=draft).order_by("number").values_list("subject", "source")
    assert (later.beside, list(said)) == (None, [("", "begun"), ("New", "begun"), ("New", "more")])


def test_the_oldest_versions_go(draft, settings):
    settings.CONTENT_VERSIONS = 3
    for number in range(5):
        save(draft, f"{number}")

    assert [number for number, _, _ in kept(draft)] == [3, 4, 5]
    with pytest.raises(versions.NoSuchVersion):
        versions.restore_version(campaign=draft, number=1, author=None, now=NOW)


def test_what_was_sent_takes_no_version(draft):
    save(draft, "one")
    type(draft).objects.filter(pk=draft.pk).update(state="sent")
    for change in (
        lambda: save(draft, "two"),
        lambda: versions.restore_version(campaign=draft, number=1, author=None, now=NOW),
    ):
        with pytest.raises(drafting.NotADraft):
            change()
    assert len(kept(draft)) == 1


def test_the_page_of_versions_asks_as_often_for_three_as_for_one(client, alice):

    counts = []
    with account_scope(alice.account):
        draft = drafting.create_campaign(account=alice.account, name="Spring", created_by=alice.user, now=NOW)
    client.get("/campaigns/")
    for sources in (["one"], ["two", "three"]):
        with account_scope(alice.account):
            for source in sources:
                save(draft, source, author=alice.user)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"/campaigns/{draft.pk}/content/versions/").content.decode()
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert page.count(alice.user.name) >= 3
    assert page.count(">Restore<") == 2


def test_a_version_is_looked_at_beside_what_is_there_and_restored_through_its_page(client, alice):
    with account_scope(alice.account):
        draft = drafting.create_campaign(account=alice.account, name="Spring", created_by=alice.user, now=NOW)
        for source in ("# Old line\n\nSame", "# New line\n\nSame"):
            save(draft, source, author=alice.user)
    here = f"/campaigns/{draft.pk}/content/versions/"
    page = client.get(f"{here}1/").content.decode()
    answer = client.post(f"{here}1/restore/")

    assert "only in this version:</span></span><code># Old line" in page
    assert "only in what is there now:</span></span><code># New line" in page
    assert answer["Location"] == f"/campaigns/{draft.pk}/content/"
    with account_scope(alice.account):
        assert content(draft)[1] == "# Old line\n\nSame"
        assert len(kept(draft)) == 3
