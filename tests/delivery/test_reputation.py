"""Figures of how mail is received add up with the ledger, and count each thing once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from contacts.models import Contact
from delivery.models import Batch, Outcome, Reason, ReputationDay
from delivery.services import claiming, proving, reputation, settling
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict, judge
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers

pytestmark = pytest.mark.django_db

HOST = "emailconcert.localhost"  # mail of domains that are not verified leaves in the platform's name
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
PLACES = [
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "yahoo.fr",
    "me.com",
    "tiny.example",
    "other.example",
    "gmail.com",
]


def claimed(*, people=8, places=PLACES):
    mailing = makers.make_started(people=people)
    with account_scope(mailing.account_id):
        for number, place in enumerate(places, 1):
            Contact.objects.filter(email=f"p{number}@example.com").update(email=f"p{number}@{place}")
    claim = claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=datetime.now(UTC))
    claim.journal.close()
    return claim


def settle(claim, verdicts, *, hand_on=True, now=NOON):
    providers = reputation.providers_of((each.sequence, each.email) for each in claim.people) if hand_on else None
    report = settling.Report(claim.account_id, claim.batch_id, claim.journal_name, verdicts, providers=providers)
    return settling.settle(report, now=now)


def counted(account_id):
    with account_scope(account_id):
        found = {}
        for row in ReputationDay.objects.order_by("day", "provider"):
            numbers = {name: getattr(row, name) for name in reputation._COLUMNS if getattr(row, name)}
            found[row.day.day, row.domain, row.provider] = numbers
        return found


def total(account_id):
    numbers = Counter()
    for row in counted(account_id).values():
        numbers.update(row)
    return dict(numbers)


@pytest.mark.parametrize("hand_on", [True, False])
def test_a_batch_counts_by_provider_and_adds_up_with_the_ledger(journals, hand_on):
    claim = claimed()
    verdicts = dict.fromkeys(range(1, 9), Verdict(Outcome.SENT, code=250))
    verdicts |= {2: judge(550, (5, 1, 1)), 3: judge(550, (5, 7, 1)), 4: judge(552, (5, 2, 2)), 8: UNCONFIRMED}

    assert settle(claim, verdicts, hand_on=hand_on)
    assert not settle(claim, verdicts, hand_on=hand_on)

    assert counted(claim.account_id) == {
        (1, HOST, "apple"): {"sent": 1},
        (1, HOST, "gmail"): {"sent": 1, "failed": 1, "hard_bounces": 1},
        (1, HOST, "microsoft"): {"failed": 1, "refused": 1},
        (1, HOST, "other"): {"sent": 2},
        (1, HOST, "yahoo"): {"failed": 1, "soft_bounces": 1},
    }
    with account_scope(claim.account_id):
        batch = Batch.objects.get(pk=claim.batch_id)
    numbers = total(claim.account_id)
    assert (numbers["sent"], numbers["failed"]) == (batch.sent, batch.failed)


def test_what_waits_counts_once_it_has_left_and_giving_up_is_a_soft_bounce(journals):
    claim = claimed(people=3)
    settle(claim, {1: Verdict(Outcome.SENT, code=250), 2: LATER})
    assert total(claim.account_id) == {"sent": 1}

    with account_scope(claim.account_id):
        Batch.objects.update(put_off={"2": [settling.MAX_ATTEMPTS - 1, 0]}, state="leased", journal=claim.journal_name)
    settle(claim, {2: judge(451, (4, 3, 2)), 3: Verdict(Outcome.SENT, code=250)}, now=NOON + timedelta(days=1))

    assert counted(claim.account_id) == {
        (1, HOST, "gmail"): {"sent": 1},
        (2, HOST, "gmail"): {"failed": 1, "soft_bounces": 1},
        (2, HOST, "microsoft"): {"sent": 1},
    }


def test_an_unconfirmed_message_counts_as_sent_once_it_is_proved(journals):
    claim = claimed(people=2)
    settle(claim, {1: UNCONFIRMED, 2: Verdict(Outcome.SKIPPED, Reason.LIMIT)})
    assert total(claim.account_id) == {}

    later = NOON + timedelta(days=1)
    for _ in range(2):
        proving.prove_sent(account_id=claim.account_id, mailing_id=claim.mailing_id, sequence=1, now=later)
    assert counted(claim.account_id) == {(2, HOST, "gmail"): {"sent": 1}}
