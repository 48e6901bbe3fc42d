from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.services.auditing import SYSTEM
from campaigns import queries
from campaigns.models import Campaign
from campaigns.services import drafting
from emailconcert.lib.addresses import BadAddress
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW

# What PostgreSQL can hold: any text without NUL; lone surrogates never arrive over HTTP.
texts = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=400)


def make_draft(membership, name="Spring"):
    return drafting.create_campaign(account=membership.account, name=name, created_by=membership.user, now=NOW)


def test_a_new_draft_takes_the_only_verified_sender(alice, sender):
    with account_scope(alice.account):
        draft = make_draft(alice)

    assert (draft.state, draft.sender) == ("draft", sender)


@given(source=texts, kind=st.sampled_from(["markdown", "html"]))
def test_source_comes_back_byte_for_byte(alice, source, kind):
    with account_scope(alice.account):
        draft = make_draft(alice)
        drafting.save_content(campaign=draft, kind=kind, source=source, now=NOW)
        variant = queries.only_variant(draft)

    assert (variant.source, variant.kind) == (source, kind)


@given(source=texts.filter(lambda text: "\r" not in text))
def test_what_a_browser_posts_is_what_the_page_shows_again(alice, client, source):
    with account_scope(alice.account):
        draft = make_draft(alice)

    posted = {"kind": "markdown", "source": source.replace("\n", "\r\n")}
    client.post(f"/campaigns/{draft.pk}/content/", posted, headers={"HX-Request": "true"})

    with account_scope(alice.account):
        assert queries.only_variant(draft).source == source


def test_audience_may_be_changed_as_often_as_one_likes(alice, news):
    with account_scope(alice.account):
        draft = make_draft(alice)
        for lists in ([news], [news], [], [news]):
            drafting.set_audience(campaign=draft, lists=lists, now=NOW)
            assert queries.chosen_list_ids(draft) == [each.pk for each in lists]


def test_reply_to_has_to_be_an_address(alice, sender):
    with account_scope(alice.account):
        draft = make_draft(alice)
        with pytest.raises(BadAddress):
            drafting.set_envelope(campaign=draft, sender=sender, reply_to="nobody", subject="Hi", preheader="", now=NOW)


@pytest.mark.parametrize("state", ["sending", "paused", "sent", "cancelled"])
def test_what_was_sent_cannot_be_changed(alice, sender, news, state):
    with account_scope(alice.account):
        draft = make_draft(alice)
        Campaign.objects.filter(pk=draft.pk).update(state=state)
        for change in (
            lambda: drafting.set_audience(campaign=draft, lists=[news], now=NOW),
            lambda: drafting.save_content(campaign=draft, kind="html", source="x", now=NOW),
            lambda: drafting.set_envelope(
                campaign=draft, sender=sender, reply_to="", subject="x", preheader="", now=NOW
            ),
            lambda: drafting.delete_draft(campaign=draft, actor=SYSTEM, now=NOW),
        ):
            with pytest.raises(drafting.NotADraft):
                change()
        assert queries.only_variant(draft).source == ""


def test_a_duplicate_is_a_draft_with_the_same_content(alice, sender, news):
    with account_scope(alice.account):
        first = make_draft(alice)
        drafting.set_audience(campaign=first, lists=[news], now=NOW)
        drafting.save_content(campaign=first, kind="html", source="<p>x</p>", now=NOW)
        Campaign.objects.filter(pk=first.pk).update(state="sent")
        copy = drafting.duplicate_campaign(campaign=first, created_by=alice.user)
        variant = queries.only_variant(copy)

    assert (copy.state, copy.name, variant.source, variant.mailing_id) == ("draft", "Copy of Spring", "<p>x</p>", None)


def test_a_deleted_draft_comes_back_within_a_day_and_is_gone_after(alice):
    with account_scope(alice.account):
        draft = make_draft(alice)
        drafting.delete_draft(campaign=draft, actor=SYSTEM, now=NOW)
        gone = queries.campaign_page(account=alice.account).rows
        drafting.purge_deleted(now=NOW + timedelta(hours=23))
        drafting.restore_draft(campaign=draft, actor=SYSTEM, now=NOW)
        back = queries.campaign_page(account=alice.account).rows
        drafting.delete_draft(campaign=draft, actor=SYSTEM, now=NOW)
        purged = drafting.purge_deleted(now=NOW + timedelta(hours=25))

    assert (gone, [row.campaign.pk for row in back], purged) == ([], [draft.pk], 1)
