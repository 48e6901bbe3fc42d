from datetime import timedelta

import pytest

from accounts.models import Account
from campaigns.models import Campaign
from campaigns.services import checking, drafting
from contacts.models import Contact
from delivery.models import Mailing, Sender
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from privacy.services import standing
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(alice, sender, news):
    return make_ready(alice, sender, news, people=5)


def look(membership, draft):
    with account_scope(membership.account):
        campaign = Campaign.objects.select_related("account", "sender").get(pk=draft.pk)
        return checking.review(campaign=campaign, now=NOW)


def blocking(review):
    return [check.sentence for check in review.blocking]


def test_a_finished_draft_is_ready(alice, draft):
    assert blocking(look(alice, draft)) == []


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (
            lambda draft: drafting.set_audience(campaign=draft, lists=[], now=NOW),
            "Choose at least one list or segment.",
        ),
        (lambda draft: Sender.objects.update(verified_at=None), "has not been verified"),
        (lambda draft: Campaign.objects.update(sender=None), "Choose who it comes from."),
        (lambda draft: draft.variants.update(subject=""), "Write a subject."),
        (lambda draft: draft.variants.update(source=""), "Write something in the body."),
        (lambda draft: draft.variants.update(source="{{ contact.nope }}"), "contact.nope"),
        (lambda draft: Account.objects.update(postal_address=" "), "postal address"),
        (lambda draft: Account.objects.update(sending_quota=4), "may send 4 more messages"),
        (lambda draft: Account.objects.update(status="suspended", status_reason="Spam."), "at the moment. Spam."),
        (lambda draft: Contact.objects.update(paused_until=NOW + timedelta(days=1)), "Nobody in this audience"),
    ],
)
def test_what_is_missing_blocks_and_says_so(alice, draft, break_it, words):
    with account_scope(alice.account):
        break_it(draft)
    found = blocking(look(alice, draft))

    assert any(words in sentence for sentence in found), found


def test_the_quota_counts_what_was_sent_in_30_days(alice, draft):
    with account_scope(alice.account):
        Account.objects.update(sending_quota=10)
        for days, audience in ((29, 6), (31, 100)):
            Mailing.objects.create(
                kind="campaign", program=b"", audience=audience, started_at=NOW - timedelta(days=days)
            )

    assert "may send 4 more messages" in blocking(look(alice, draft))[0]


def test_who_is_left_out_is_told_by_reason(alice, draft, news):
    with account_scope(alice.account):
        people = list(Contact.objects.order_by("pk"))
        standing.suppress(
            account_id=alice.account_id, address=people[0].email, reason=Suppression.Reason.COMPLAINED, now=NOW
        )
        standing.restrict(account_id=alice.account_id, address_hash=bytes(people[1].email_hash), now=NOW)
        Contact.objects.filter(pk=people[2].pk).update(paused_until=NOW + timedelta(days=3))
    audience = look(alice, draft).audience

    assert audience.people == 2
    assert audience.lists == (("News", 5),)
    assert dict(audience.left_out) == {
        "On the suppression list": 1,
        "Restricted": 1,
        "Paused by the person": 1,
    }


def test_a_long_subject_is_worth_a_look_but_blocks_nothing(alice, draft):
    with account_scope(alice.account):
        draft.variants.update(subject="x" * 71, preheader="")
    found = look(alice, draft)
    notices = [check.sentence for check in found.checks if check.level == "notice"]

    assert found.is_ready
    assert any("71 characters" in sentence for sentence in notices)
    assert any("no preheader" in sentence for sentence in notices)
