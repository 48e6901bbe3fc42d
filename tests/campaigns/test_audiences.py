"""Segments as audiences: who is gathered, who is left out and why, and that a person's no holds."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.services.auditing import SYSTEM
from campaigns import audiences
from campaigns.models import Campaign
from campaigns.numbers import numbers_of
from campaigns.services import checking, drafting, sending
from contacts.models import Contact, List, Segment, Subscription
from contacts.services.lists import organising, subscribing
from contacts.services.segments import segmenting
from delivery.models import Mailing, Message
from delivery.services import claiming
from emailconcert.lib.tenancy import account_scope
from privacy.services import standing
from tests.campaigns.conftest import make_people, signed_in
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def draft(alice, sender, news):
    """Readers 0 to 3 are on News; 4 and 5 are on Offers; 6 is on no list."""
    draft = make_ready(alice, sender, news, people=4)
    with account_scope(alice.account):
        offers = List.objects.create(name="Offers")
        make_people(alice.account, offers, 3, start=4)
        Subscription.objects.filter(contact__email__startswith="reader6").delete()
    return draft


@pytest.fixture
def scope(draft, alice):
    with account_scope(alice.account):
        yield


def segment(name, condition, operator, **values):
    rule = {"condition": condition, "operator": operator, "values": values}
    made = Segment(name=name)
    made.account_id = List.objects.first().account_id
    definition = {"match": "all", "rules": [rule]}
    return segmenting.save_segment(segment=made, name=name, definition=definition, now=NOW)


def named(name, *numbers):
    """Return a segment of the readers with these numbers."""
    rules = [{"condition": "first_name", "operator": "is", "values": {"value": f"Reader{n}"}} for n in numbers]
    made = Segment(name=name)
    made.account_id = List.objects.first().account_id
    return segmenting.save_segment(segment=made, name=name, definition={"match": "any", "rules": rules}, now=NOW)


def choose(draft, *, lists=(), segments=(), without_lists=(), without_segments=()):
    drafting.set_audience(
        campaign=draft, lists=lists, segments=segments, without_lists=without_lists,
        without_segments=without_segments, now=NOW,
    )  # fmt: skip


def gather(draft):
    """Send, and return who has a message."""
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)
    ids = Message.objects.filter(mailing__variants__campaign=draft).values_list("contact_id", flat=True)
    return readers(ids)


def readers(ids):
    return sorted(int(email[6]) for email in Contact.objects.filter(pk__in=list(ids)).values_list("email", flat=True))


def left_out(draft):
    return dict(checking.count_audience(campaign=draft, now=NOW).left_out)


def test_lists_and_segments_are_put_together_and_each_gets_it_once(draft, scope):
    news, some = List.objects.get(name="News"), named("Some", 2, 3, 4, 6)
    choose(draft, lists=[news], segments=[some])

    audience = checking.count_audience(campaign=draft, now=NOW)
    assert (audience.people, audience.lists, audience.segments) == (6, (("News", 4),), (("Some", 4),))
    assert gather(draft) == [0, 1, 2, 3, 4, 6]
    numbers = numbers_of([draft.pk])[draft.pk]
    assert (numbers.audience, numbers.adds_up, numbers.excluded) == (6, True, {})


def test_who_is_in_an_excluded_list_or_segment_is_left_out_and_counted(draft, scope):
    everybody = segment("Everybody", "email", "contains", value="reader")
    choose(
        draft,
        segments=[everybody],
        without_lists=[List.objects.get(name="Offers")],
        without_segments=[named("Not them", 0, 1)],
    )

    audience = checking.count_audience(campaign=draft, now=NOW)
    assert (audience.people, audience.without) == (3, ("Offers", "Not them"))
    assert dict(audience.left_out) == {"In an excluded list or segment": 4}
    assert gather(draft) == [2, 3, 6]
    assert Mailing.objects.get().excluded == {"excluded": 4}
    numbers = numbers_of([draft.pk])[draft.pk]
    assert (numbers.audience, numbers.adds_up) == (3, True)


def test_what_a_person_said_is_the_reason_that_is_told_first(draft, scope):
    zero, one = Contact.objects.get(email="reader0@example.com"), Contact.objects.get(email="reader1@example.com")
    standing.restrict(account_id=zero.account_id, address_hash=bytes(zero.email_hash), now=NOW)
    subscribing.unsubscribe(account_id=one.account_id, contact_id=one.pk, list_ids=None, now=NOW)
    choose(draft, lists=[List.objects.get(name="Offers")], segments=[named("Some", 0, 1, 2)],
           without_segments=[named("Not them", 1, 2)])  # fmt: skip

    # Restricted people are in no segment at all, so that nothing is counted of them.
    assert left_out(draft) == {"Unsubscribed": 1, "In an excluded list or segment": 1}
    assert gather(draft) == [4, 5]


def test_who_left_every_list_is_not_reached_by_a_segment(draft, scope):
    """Reader 0 unsubscribed from News, their only list; reader 1 never confirmed."""
    zero, one = Contact.objects.get(email="reader0@example.com"), Contact.objects.get(email="reader1@example.com")
    news = List.objects.get(name="News")
    subscribing.unsubscribe(account_id=zero.account_id, contact_id=zero.pk, list_ids=[news.pk], now=NOW)
    Subscription.objects.filter(contact=one).update(state="pending")
    choose(draft, segments=[named("Some", 0, 1, 2, 6)])

    assert left_out(draft) == {"Unsubscribed": 2}
    assert gather(draft) == [2, 6]


def test_who_left_a_list_that_is_chosen_is_not_reached_by_a_segment_beside_it(draft, scope):
    four, offers = Contact.objects.get(email="reader4@example.com"), List.objects.get(name="Offers")
    news = List.objects.get(name="News")
    Subscription.objects.create(contact=four, list=news, state="subscribed", source="member")
    subscribing.unsubscribe(account_id=four.account_id, contact_id=four.pk, list_ids=[offers.pk], now=NOW)
    choose(draft, lists=[offers], segments=[named("Some", 4, 6)])

    assert left_out(draft) == {"Unsubscribed": 1}
    assert gather(draft) == [5, 6]


def test_an_opt_out_between_gathering_and_sending_holds(draft, scope, settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    choose(draft, lists=[List.objects.get(name="News")], segments=[named("Some", 4, 6)])
    assert gather(draft) == [0, 1, 2, 3, 4, 6]
    zero, four = Contact.objects.get(email="reader0@example.com"), Contact.objects.get(email="reader4@example.com")
    news, offers = List.objects.get(name="News"), List.objects.get(name="Offers")
    subscribing.unsubscribe(account_id=zero.account_id, contact_id=zero.pk, list_ids=[news.pk], now=NOW)
    subscribing.unsubscribe(account_id=four.account_id, contact_id=four.pk, list_ids=[offers.pk], now=NOW)

    mailing = Mailing.objects.get()
    batch = mailing.batches.get()
    people, skipped = claiming._judge(mailing, batch, LATER)

    assert (sorted(int(each.email[6]) for each in people), skipped) == ([1, 2, 3, 6], 2)


def test_an_opt_out_from_a_mailing_to_segments_is_one_from_all_mail(draft, scope):
    news = List.objects.get(name="News")
    choose(draft, lists=[news], segments=[named("Some", 4)])
    gather(draft)

    mailing = Mailing.objects.get()
    assert (mailing.list_ids, mailing.beside_lists, mailing.list_name) == ([], [news.pk], draft.account.name)


def test_a_mailing_to_lists_alone_is_as_it_was(draft, scope):
    news = List.objects.get(name="News")
    choose(draft, lists=[news])
    assert gather(draft) == [0, 1, 2, 3]

    mailing = Mailing.objects.get()
    assert (mailing.list_ids, mailing.beside_lists, mailing.list_name) == ([news.pk], None, "News")


def test_a_segment_that_needs_mending_stops_the_campaign(draft, scope):
    choose(draft, segments=[named("Some", 0)], without_segments=[broken := named("Broken", 1)])
    Segment.objects.filter(pk=broken.pk).update(definition={"match": "all", "rules": [{"condition": "gone"}]})

    review = checking.review(campaign=Campaign.objects.select_related("account", "sender").get(), now=NOW)

    assert next(each.sentence for each in review.blocking).startswith("The segment “Broken” needs mending.")
    with pytest.raises(sending.CannotSend):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)


def test_a_segment_that_breaks_after_the_click_makes_a_draft_of_it_again(draft, scope):
    choose(draft, lists=[List.objects.get(name="News")], without_segments=[late := named("Late", 1)])
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    Segment.objects.filter(pk=late.pk).update(definition={})
    sending.start_mailings(campaign_id=draft.pk, now=NOW)

    draft.refresh_from_db()
    assert (draft.state, Message.objects.count()) == ("draft", 0)
    assert "“Late” needs mending" in draft.problem


def test_a_segment_of_nobody_leaves_nobody_out(draft, scope):
    """“Was sent something in the last days”, where nothing ever was, is a query that Django knows to be empty."""
    nobody = segment("Nobody", "campaign", "sent_lately", days="3")
    choose(draft, lists=[List.objects.get(name="News")], segments=[nobody], without_segments=[nobody])

    assert (left_out(draft), gather(draft)) == ({}, [0, 1, 2, 3])


def test_a_segment_that_a_draft_uses_is_not_deleted(draft, scope):
    some = named("Some", 0)
    choose(draft, without_segments=[some])

    with pytest.raises(segmenting.InUse, match="“Some” is part of the audience of the campaign “Spring”"):
        segmenting.delete_segment(segment=some, now=NOW)
    Campaign.objects.update(state=Campaign.State.SENT)
    [use] = segmenting.uses(account_id=some.account_id, segment_ids=[some.pk])[some.pk]
    assert (use.label, use.url, use.holds) == ("the campaign “Spring”", f"/campaigns/{draft.pk}/", False)
    segmenting.delete_segment(segment=some, now=NOW)


def test_a_list_that_a_draft_leaves_out_is_not_deleted(draft, scope):
    offers = List.objects.get(name="Offers")
    choose(draft, lists=[List.objects.get(name="News")], without_lists=[offers])

    with pytest.raises(organising.InUse, match="The campaign “Spring” leaves this list's people out"):
        organising.delete_list(list=offers, now=NOW)
    Campaign.objects.update(state=Campaign.State.SENT)
    organising.delete_list(list=offers, now=NOW)


def test_duplicate_has_the_same_audience(draft, scope):
    some, other = named("Some", 0), named("Other", 1)
    news, offers = List.objects.get(name="News"), List.objects.get(name="Offers")
    choose(draft, lists=[news], segments=[some], without_lists=[offers], without_segments=[other])

    copy = drafting.duplicate_campaign(campaign=draft, created_by=None)

    chosen = audiences.chosen(copy)
    assert (chosen.lists, chosen.segments, chosen.without) == ([news], [some], ["Offers", "Other"])


def test_audience_is_chosen_on_the_page(draft, alice):
    with account_scope(alice.account):
        news, some = List.objects.get(name="News"), named("Some", 0)
    client, here = signed_in(alice), f"/campaigns/{draft.pk}/audience/"

    page = client.post(here, {"lists": [news.pk], "without_lists": [news.pk]})
    assert page.status_code == 422
    assert "“News” is chosen both to get it and to be left out." in page.content.decode()
    assert client.post(here, {"lists": [news.pk], "without_segments": [some.pk]}).status_code == 302

    review = client.get(f"/campaigns/{draft.pk}/review/").content.decode()
    assert "In an excluded list or segment" in review
    assert "<dt>Not to</dt><dd>Some</dd>" in review
    assert "without Some" in client.get(f"/campaigns/{draft.pk}/").content.decode()


def test_another_accounts_segment_is_refused(draft, alice, charlie):
    with account_scope(alice.account):
        some = named("Some", 0)
    with account_scope(charlie.account):
        mine = drafting.create_campaign(account=charlie.account, name="Mine", created_by=None, now=NOW)
        List.objects.create(name="Mine")

    answer = signed_in(charlie).post(f"/campaigns/{mine.pk}/audience/", {"segments": [some.pk]})

    assert answer.status_code == 422
    with account_scope(charlie.account):
        assert audiences.chosen(mine).is_empty


def test_command_sends_to_a_segment_without_another(draft, alice, tmp_path):
    with account_scope(alice.account):
        named("Some", 0, 1, 6)
        named("Other", 1)
    (tmp_path / "mail.md").write_text("# Hello")

    call_command(
        "send_campaign", account=alice.account.slug, subject="Bread", segment=["Some"], exclude=["Other"],
        markdown=tmp_path / "mail.md",
    )  # fmt: skip

    with account_scope(alice.account):
        campaign = Campaign.objects.get(name="Bread")
        sending.start_mailings(campaign_id=campaign.pk, now=NOW)
        assert numbers_of([campaign.pk])[campaign.pk].audience == 2
