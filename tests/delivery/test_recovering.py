"""What dead workers held is settled from their journals, to the letter of DESIGN.md."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction

from delivery import queries
from delivery.models import Batch, Message, Outcome
from delivery.services import claiming, lasting, recovering, settling
from delivery.wire import journal
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers

pytestmark = pytest.mark.django_db(transaction=True)


def claimed(mailing):
    return claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=datetime.now(UTC))


@pytest.fixture
def claim(journals):
    """A batch of six whose worker has died: one sent, one refused, one deferred, one lost, one begun, one untouched."""
    claim = claimed(makers.make_started(people=6))
    book = claim.journal
    for index in range(5):
        book.intend(index)
    book.settle(0, 250)
    book.settle(1, 550, (5, 1, 1))
    book.settle(2, 451, (4, 7, 1))
    book.lose(3)
    book.close()
    return claim


def outcomes(claim):
    with account_scope(claim.account_id):
        rows = Message.objects.filter(account_id=claim.account_id, mailing_id=claim.mailing_id).order_by("sequence")
        return [Outcome(outcome).name for outcome in rows.values_list("outcome", flat=True)]


def batch_of(claim):
    with account_scope(claim.account_id):
        return Batch.objects.get(pk=claim.batch_id)


def change(claim, **fields):
    with account_scope(claim.account_id):
        Batch.objects.filter(pk=claim.batch_id).update(**fields)


def past(**kwargs):
    return datetime.now(UTC) - timedelta(**kwargs)


def test_outcomes_known_are_recorded_and_the_unbegun_returns_to_the_queue(claim):
    assert recovering.recover_batches(now=datetime.now(UTC)) == 1

    assert outcomes(claim) == ["SENT", "FAILED", "QUEUED", "UNCONFIRMED", "UNCONFIRMED", "QUEUED"]
    batch = batch_of(claim)
    assert (batch.state, batch.sent, batch.failed, batch.unconfirmed, batch.sending) == ("open", 1, 1, 2, 0)
    assert batch.lease_until is None
    assert not claim.journal.path.exists()
    assert recovering.recover_batches(now=datetime.now(UTC)) == 0


def test_living_worker_is_left_alone_even_after_its_lease(journals):
    claim = claimed(makers.make_started(people=2))
    change(claim, lease_until=past(hours=1))

    assert recovering.recover_batches(now=datetime.now(UTC)) == 0
    assert batch_of(claim).state == "leased"
    claim.journal.close()


@pytest.mark.parametrize(("expired", "settled"), [(False, 0), (True, 1)])
def test_missing_journal_makes_the_batch_unconfirmed_after_its_lease(claim, expired, settled):
    claim.journal.path.unlink()
    if expired:
        change(claim, lease_until=past(seconds=1))

    assert recovering.recover_batches(now=datetime.now(UTC)) == settled
    assert outcomes(claim) == (["UNCONFIRMED"] * 6 if expired else ["QUEUED"] * 6)


def test_only_what_the_worker_took_of_a_batch_is_unconfirmed(journals):
    mailing = makers.make_started(people=6)
    now = datetime.now(UTC)
    claim = claiming.claim_batch(
        account_id=mailing.account_id,
        mailing_id=mailing.pk,
        now=now,
        share_out=lambda people: claiming.Share(people[1:3], rest_in=60.0),
    )
    claim.journal.close()
    claim.journal.path.unlink()
    change(claim, lease_until=past(seconds=1))

    assert recovering.recover_batches(now=now) == 1
    assert outcomes(claim) == ["QUEUED", "UNCONFIRMED", "UNCONFIRMED", "QUEUED", "QUEUED", "QUEUED"]
    batch = batch_of(claim)
    assert (batch.state, batch.unconfirmed, batch.claimed) == ("open", 2, None)
    assert queries.ledger(mailing).adds_up


@pytest.mark.parametrize(("expired", "settled"), [(False, 0), (True, 1)])
def test_journal_of_an_earlier_boot_makes_the_batch_unconfirmed(claim, expired, settled, monkeypatch):
    monkeypatch.setattr(journal, "boot_id", lambda: "another-boot")
    if expired:
        change(claim, lease_until=past(seconds=1))

    assert recovering.recover_batches(now=datetime.now(UTC)) == settled
    assert outcomes(claim) == (["UNCONFIRMED"] * 6 if expired else ["QUEUED"] * 6)


@pytest.mark.parametrize(("minutes", "settled"), [(1, 0), (16, 1)])
def test_batch_of_another_host_waits_for_it_to_come_back(claim, minutes, settled):
    claim.journal.path.unlink()
    change(claim, host="elsewhere", lease_until=past(minutes=minutes))

    assert recovering.recover_batches(now=datetime.now(UTC)) == settled
    assert set(outcomes(claim)) == ({"UNCONFIRMED"} if settled else {"QUEUED"})


def test_worker_that_comes_back_late_changes_nothing(claim):
    recovering.recover_batches(now=datetime.now(UTC))
    before = outcomes(claim)
    verdicts = dict.fromkeys(range(1, 7), settling.Verdict(Outcome.SENT, code=250))

    report = settling.Report(claim.account_id, claim.batch_id, claim.journal_name, verdicts)
    assert settling.settle(report, now=datetime.now(UTC)) is False
    assert outcomes(claim) == before


def test_two_workers_never_hold_the_same_batch(journals, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 2)
    mailing = makers.make_started(people=4)

    claims = [claimed(mailing), claimed(mailing), claimed(mailing)]

    assert claims[2] is None
    assert [person.sequence for claim in claims[:2] for person in claim.people] == [1, 2, 3, 4]
    assert queries.ledger(mailing).sending == 4
    for claim in claims[:2]:
        claim.journal.close()


def test_lease_is_renewed_only_by_its_holder(claim):
    later = datetime.now(UTC) + timedelta(seconds=60)
    claiming.renew([claim], now=later)
    assert claim.lease_until == later + claiming.lease_length() == batch_of(claim).lease_until

    recovering.recover_batches(now=datetime.now(UTC))
    held = claim.lease_until
    claiming.renew([claim], now=later + timedelta(seconds=60))
    assert claim.lease_until == held


def test_old_journal_that_nobody_names_is_removed(journals):
    import os

    book = journal.Journal.create(journals / "9-x.journal", batch_id=9, count=1, lease_until=0)
    book.close()
    os.utime(book.path, (0, 0))

    assert recovering.remove_orphans(now=datetime.now(UTC)) == 1
    assert list(journals.iterdir()) == []


@pytest.mark.parametrize(("default", "inside"), [("off", "on"), ("local", "local"), ("on", "on")])
def test_claims_and_outcomes_are_on_disk_before_they_count_whatever_the_server_is_set_to(default, inside):
    def setting():
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return cursor.fetchone()[0]

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL synchronous_commit TO {default}")
        lasting.must_last()
        assert setting() == inside
