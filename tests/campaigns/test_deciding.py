"""Tests of what can go wrong between a sample and its rest."""

from datetime import timedelta

import pytest

from accounts.services.auditing import SYSTEM
from campaigns import chances
from campaigns.chances import Tally
from campaigns.models import Campaign, CampaignList
from campaigns.numbers import numbers_of
from campaigns.services import deciding, progress, sending, variants
from campaigns.services.variants import Plan
from contacts.models import Contact, List, Subscription
from delivery.models import Batch, Mailing, Message, Outcome
from delivery.services import claiming
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.test_variants import DECIDED, LEFT, PLAN, deliver, got, make_test, opened, start, tick
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(alice, sender, news):
    return make_test(alice, sender, news)


def test_a_spread_rest_leaves_from_the_winner_on_and_is_not_taken_for_missed(draft, alice):
    with account_scope(alice.account):
        Campaign.objects.update(spread_hours=2)
        draft.refresh_from_db()
    start(draft)
    opened(draft, A=1, B=4)
    assert tick(draft, DECIDED) == "sending"

    with account_scope(alice.account):
        rest = Mailing.objects.get(variants__name="R")
        batches = Batch.objects.filter(mailing=rest).order_by("number")
        assert batches[0].not_before == DECIDED
        assert DECIDED + timedelta(hours=1, minutes=50) < batches.last().not_before < DECIDED + timedelta(hours=2)
    claim = claiming.claim_batch(account_id=alice.account_id, mailing_id=rest.pk, now=DECIDED + timedelta(minutes=1))
    claim.journal.close()
    with account_scope(alice.account):
        rest.refresh_from_db()
    assert (rest.state, bool(claim.people)) == ("sending", True)


def test_who_is_left_out_is_counted_once_and_who_of_the_sample_opts_out_stays_there(draft, alice):
    with account_scope(alice.account):
        gone = list(Contact.objects.order_by("pk").values_list("pk", flat=True)[:7])
        staff = List.objects.create(name="Staff")
        for pk in gone:
            Subscription.objects.create(list=staff, contact_id=pk, state="subscribed", source="member")
        CampaignList.objects.create(campaign=draft, list=staff, excluded=True)
    start(draft)
    sample = got(draft)
    assert not set(gone) & (sample["A"] | sample["B"])
    with account_scope(alice.account):
        Subscription.objects.filter(contact_id=min(sample["A"])).update(state="unsubscribed")
    opened(draft, A=1, B=4)
    tick(draft, DECIDED)
    deliver(draft, DECIDED)
    assert tick(draft, DECIDED) == "sent"

    with account_scope(alice.account):
        numbers = numbers_of([draft.pk])[draft.pk]
    assert (numbers.audience, sum(numbers.excluded.values()), numbers.adds_up) == (33, 7, True)
    assert min(sample["A"]) not in got(draft)["R"]


def test_opens_of_mails_nobody_knows_the_end_of_do_not_stop_the_choice(draft, alice):
    """Unconfirmed mails may have arrived and be opened, so that more people opened it than it was delivered to."""
    start(draft)
    with account_scope(alice.account):
        a = Mailing.objects.get(variants__name="A")
        Message.objects.filter(mailing_id=a.pk).exclude(sequence=1).update(outcome=Outcome.UNCONFIRMED)
        Batch.objects.filter(mailing=a).update(sent=1, unconfirmed=a.audience - 1)
    opened(draft, A=a.audience, B=4)

    with account_scope(alice.account):
        assert deciding.result(campaign=draft, now=LEFT).verdict.leader == "A"
    assert tick(draft, DECIDED) == "sending"


def test_a_few_people_prove_nothing_by_an_exact_test():
    def judge(*rows):
        return chances.judge([Tally(*each) for each in rows], did="opened it")

    # Fisher's exact test: 3 of 5 against 0 of 5 gives 0.167, where the approximation would say 0.04.
    assert chances.p_value(Tally("A", 3, 5), Tally("B", 0, 5)) == pytest.approx(1 / 6)
    assert "can be chance (p = 0.17)" in judge(("A", 3, 5), ("B", 0, 5)).sentence
    # Fisher's tea: 3 of 4 against 1 of 4 is 0.486 (The Design of Experiments, 1935).
    assert chances.p_value(Tally("A", 3, 4), Tally("B", 1, 4)) == pytest.approx(34 / 70)
    assert chances.p_value(Tally("A", 9, 100_000), Tally("B", 0, 100_000)) == pytest.approx(2 * 0.5**9, rel=1e-3)
    assert judge(("A", 1, 9), ("B", 5, 9), ("C", 5, 9)).level == ("B", "C")
    assert judge(("A", 0, 9), ("B", 0, 9)).level == ("A", "B")


def test_of_level_ones_the_first_goes_and_never_one_that_did_worse(alice, sender, news):
    draft = make_test(alice, sender, news, subjects=("Bread is here", "Warm loaves"), people=60)
    start(draft)
    with account_scope(alice.account):
        sizes = {each.variants.get().name: each.audience for each in Mailing.objects.all()}
    opened(draft, A=1, B=sizes["B"], C=sizes["C"])

    tick(draft, DECIDED)
    assert (draft.winner, draft.winner_why) == ("B", "No winner: B and C are level.")


def test_once_it_waits_for_a_member_a_pause_does_not_make_it_choose_by_itself(alice, sender, news):
    draft = make_test(alice, sender, news, plan=Plan(50, "opens", 4, "wait"))
    start(draft)
    assert tick(draft, DECIDED) == "testing"
    opened(draft, A=1, B=4)
    with account_scope(alice.account):
        sending.pause(campaign=draft, now=DECIDED, actor=SYSTEM)
        sending.resume(campaign=draft, now=DECIDED, actor=SYSTEM)

    assert tick(draft, DECIDED + timedelta(minutes=1)) == "testing"
    assert (tick(draft, DECIDED + timedelta(days=2)), draft.decide_at) == ("testing", None)


def test_the_hours_count_from_when_the_last_of_the_sample_left(draft, alice):
    with account_scope(alice.account):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    tick(draft, NOW)
    deliver(draft, LEFT)

    assert tick(draft, LEFT + timedelta(hours=3)) == "testing"
    assert draft.decide_at == DECIDED


def test_numbers_stay_on_the_page_when_the_rest_is_held_or_cancelled(draft, alice):
    start(draft)
    type(alice.account).objects.filter(pk=alice.account_id).update(sending_quota=21)
    assert tick(draft, DECIDED) == "paused"
    with account_scope(alice.account):
        assert not progress.look(campaign=draft, now=DECIDED).is_gathering
        sending.cancel(campaign=draft, now=DECIDED, actor=SYSTEM)
        assert not progress.look(campaign=draft, now=DECIDED).is_gathering


@pytest.mark.parametrize(("by", "switch"), [("opens", "tracks_opens"), ("clicks", "tracks_clicks")])
def test_what_is_not_counted_can_not_choose_a_winner(alice, sender, news, by, switch):
    draft = make_test(alice, sender, news, plan=PLAN.__class__(50, by, 4, "first"), people=4)
    type(alice.account).objects.filter(pk=alice.account_id).update(**{switch: False})
    with account_scope(alice.account):
        draft = Campaign.objects.select_related("account").get(pk=draft.pk)
        said = [each.sentence for each in variants.check_variants(draft, 4, now=NOW) if each.level == "blocking"]
    assert f"Your account does not count {by}" in " ".join(said)
