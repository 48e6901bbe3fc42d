"""Whom a sent campaign can go to afterwards, and that nobody gets a follow-up twice."""

import pytest

from accounts.services.auditing import SYSTEM
from campaigns import audiences
from campaigns.models import Campaign
from campaigns.services import checking, drafting, following, following_up, sending
from contacts.models import Contact, DepartedContact, Subscription
from delivery.models import Batch, Mailing, Message, Outcome, Reason, Signal
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.conftest import make_people, signed_in
from tests.campaigns.test_sending import LATER, make_ready
from tests.factories import NOW
from tracking.models import MessageActivity

pytestmark = pytest.mark.django_db
FAILED = {6: (Reason.MAILBOX_FULL, 552), 7: (Reason.REJECTED, 450), 8: (Reason.MAILBOX_UNKNOWN, 550)}


def finish(campaign):
    """Let everything that is queued be sent, and the campaign end."""
    ids = list(Mailing.objects.filter(variants__campaign=campaign).values_list("pk", flat=True))
    for mailing_id in ids:
        count = Message.objects.filter(mailing_id=mailing_id, outcome=Outcome.QUEUED).update(
            outcome=Outcome.SENT, settled_at=LATER
        )
        Batch.objects.filter(mailing_id=mailing_id).update(sent=count, state="done")
    Mailing.objects.filter(pk__in=ids).update(state="done")
    campaign.refresh_from_db()
    following.follow(campaign=campaign, now=LATER)


def send(campaign, now=NOW):
    sending.send_campaign(campaign=campaign, now=now, actor=SYSTEM)
    sending.start_mailings(campaign_id=campaign.pk, now=now)


def names(campaign):
    """Return who has a message of a campaign."""
    ids = Message.objects.filter(mailing__variants__campaign=campaign).values("contact_id")
    return set(Contact.objects.filter(pk__in=ids).values_list("first_name", flat=True))


@pytest.fixture
def sent(alice, sender, news):
    """To nine: 0 opened, 1 clicked, 2 was opened by a machine, 3 to 5 did nothing, 6 to 8 failed; two joined since."""
    draft = make_ready(alice, sender, news, people=9)
    with account_scope(alice.account):
        send(draft)
        mailing = Mailing.objects.get()
        for n, (reason, code) in FAILED.items():
            Message.objects.filter(sequence=n + 1).update(outcome=Outcome.FAILED, reason=reason, reply_code=code)
        seen = {0: "first_open_people", 1: "first_click_people", 2: "first_open_machine"}
        for n, what in seen.items():
            message = Message.objects.get(sequence=n + 1)
            MessageActivity.objects.create(
                mailing_id=mailing.pk, sequence=n + 1, contact_id=message.contact_id, **{what: LATER}
            )
        finish(draft)
        make_people(alice.account, news, 2, start=20)
    return draft


@pytest.fixture
def scope(alice):
    with account_scope(alice.account):
        yield


def follow_up(campaign, kind):
    return following_up.begin(campaign=campaign, kind=kind, created_by=None, now=LATER)


WHO = {
    "not_opened": {"Reader2", "Reader3", "Reader4", "Reader5"},
    "joined": {"Reader20", "Reader21"},
    "failed": {"Reader6", "Reader7"},
}


@pytest.mark.parametrize("kind", WHO)
def test_it_goes_to_exactly_those_who_were_counted_and_never_twice(sent, scope, kind):
    offers = {each.kind: each.people for each in following_up.offers(campaign=sent, now=LATER)}
    draft = follow_up(sent, kind)
    reviewed = checking.review(campaign=draft, now=LATER).audience.people
    send(draft, LATER)

    assert names(draft) == WHO[kind]
    assert offers == {each: len(who) for each, who in WHO.items()}
    assert reviewed == len(WHO[kind])
    finish(draft)
    again = follow_up(sent, kind)
    assert again.pk != draft.pk
    assert checking.review(campaign=again, now=LATER).audience.people == 0
    with pytest.raises(sending.CannotSend, match="Nobody"):
        send(again, LATER)


def test_clicking_twice_makes_one_draft(sent, scope):
    assert follow_up(sent, "joined").pk == follow_up(sent, "joined").pk
    assert Campaign.objects.count() == 2


def test_two_follow_ups_of_one_kind_that_go_together_reach_nobody_twice(sent, scope):
    first = follow_up(sent, "not_opened")
    second = drafting.duplicate_campaign(campaign=first, created_by=None)
    for each in (first, second):
        sending.send_campaign(campaign=each, now=LATER, actor=SYSTEM)

    for each in (first, second):
        sending.start_mailings(campaign_id=each.pk, now=LATER)
    assert (names(first), names(second)) == (WHO["not_opened"], set())
    second.refresh_from_db()
    assert (second.state, "Nobody would receive this" in second.problem) == ("draft", True)


def test_who_left_meanwhile_or_is_suppressed_does_not_get_it(sent, scope):
    Subscription.objects.filter(contact__first_name__in=("Reader3", "Reader6")).update(state="unsubscribed")

    offers = following_up.offers(campaign=sent, now=LATER)

    assert [(each.people, each.left_out) for each in offers] == [
        (3, (("Unsubscribed", 1),)),
        (2, ()),
        (1, (("Unsubscribed", 1),)),
    ]


def test_a_retry_that_failed_again_can_be_tried_again(sent, scope):
    draft = follow_up(sent, "failed")
    send(draft, LATER)
    Message.objects.filter(mailing__variants__campaign=draft, sequence=1).update(outcome=Outcome.FAILED, reply_code=421)
    finish(draft)

    assert checking.review(campaign=follow_up(sent, "failed"), now=LATER).audience.people == 1


def test_whoever_got_the_same_mail_by_another_way_does_not_get_it_again(sent, scope):
    """Reader6 fails in the retry and in the retry's retry; Reader20 in what went to those who joined since."""
    retry, joined = follow_up(sent, "failed"), follow_up(sent, "joined")
    for each in (retry, joined):
        send(each, LATER)
        failing = {"outcome": Outcome.FAILED, "reason": Reason.MAILBOX_FULL, "reply_code": 552}
        Message.objects.filter(mailing__variants__campaign=each, sequence=1).update(**failing)
        finish(each)
    ways = [
        follow_up(retry, "failed"),
        follow_up(sent, "failed"),
        follow_up(joined, "failed"),
        follow_up(sent, "joined"),
    ]
    for each in ways:
        sending.send_campaign(campaign=each, now=LATER, actor=SYSTEM)
    for each in ways:
        sending.start_mailings(campaign_id=each.pk, now=LATER)

    assert [names(each) for each in ways] == [{"Reader6"}, set(), {"Reader20"}, set()]


def test_soft_bounces_are_tried_again_and_hard_ones_never(sent, scope):
    mine = Message.objects.filter(mailing__variants__campaign=sent)
    mine.filter(sequence=4).update(signal=Signal.SOFT_BOUNCE)
    mine.filter(sequence=5).update(signal=Signal.HARD_BOUNCE)

    counts = {str(each.kind): each.people for each in following_up.offers(campaign=sent, now=LATER)}
    assert counts == {"not_opened": 2, "joined": 2, "failed": 3}


def test_who_got_it_before_being_merged_did_not_join_since(sent, scope):
    gone, kept = Contact.objects.get(first_name="Reader3"), Contact.objects.get(first_name="Reader20")
    DepartedContact.objects.create(contact_id=gone.pk, email_hash=kept.email_hash)
    gone.delete()

    draft = follow_up(sent, "joined")
    assert checking.review(campaign=draft, now=LATER).audience.people == 1


def test_its_audience_cannot_be_changed_and_only_sent_campaigns_are_followed(sent, scope, news):
    draft = follow_up(sent, "joined")

    with pytest.raises(drafting.FollowsAnother):
        drafting.set_audience(campaign=draft, lists=[news], now=LATER)
    with pytest.raises(following_up.CannotFollowUp, match="Wait"):
        follow_up(draft, "not_opened")


def test_without_its_lists_nobody_is_offered(sent, scope):
    sent.list_links.all().delete()

    assert audiences.chosen(sent).is_empty
    assert all(each.problem and not each.people for each in following_up.offers(campaign=sent, now=LATER))
    with pytest.raises(following_up.CannotFollowUp, match="are gone"):
        follow_up(sent, "not_opened")


def test_the_pages(client, charlie, sent, alice, django_assert_max_num_queries):
    url = f"/campaigns/{sent.pk}/follow-ups/"
    assert url in client.get(f"/campaigns/{sent.pk}/").content.decode()
    with django_assert_max_num_queries(41):
        page = client.get(url).content.decode()
    assert page.count("Make a draft") == 3

    answer = client.post(f"{url}not_opened/")
    draft = client.get(answer["Location"]).content.decode()

    assert "To those who did not open it" in draft
    assert f"{answer['Location']}audience/" not in draft
    assert client.get(f"{answer['Location']}audience/").status_code == 302
    assert "Open the draft" in client.get(url).content.decode()
    assert client.post(f"{url}whatever/").status_code == 404
    other = signed_in(charlie)
    assert (other.get(url).status_code, other.post(f"{url}joined/").status_code) == (404, 404)
    with account_scope(alice.account):
        assert Campaign.objects.count() == 2
