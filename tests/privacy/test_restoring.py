"""A backup made while a campaign was going out, put back: nothing leaves or shows until erasures are replayed."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Outbox
from accounts.services import outbox
from campaigns.models import Campaign
from campaigns.services import following
from contacts.services.imports import import_runs
from delivery import tasks
from delivery.models import Mailing
from delivery.services import claiming, holding, single
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import ledger
from tests.delivery import makers

SITE = {"host": "localhost:8000"}


def claim(mailing):
    return claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=timezone.now())


def restored_from(folder):
    call_command("restore", folder, yes=True, stdout=StringIO())


def entries():
    with platform_scope("test"):
        return list(Outbox.objects.order_by("pk").values_list("topic", "error"))


@pytest.mark.django_db(transaction=True)
def test_nothing_leaves_until_the_replay_and_then_only_what_a_person_resumes(tmp_path, client):
    now = timezone.now()
    mailing = makers.make_started(people=2)
    with account_scope(mailing.account_id):
        campaign = Campaign.objects.create(name="Spring", state=Campaign.State.SENDING, sent_at=now)
        campaign.variants.create(account_id=mailing.account_id, mailing=mailing)
    outbox.put_mail(template="left_since", to="ada@example.com", context={}, account_id=None, now=now)
    call_command("backup", tmp_path / "backup", stdout=StringIO())
    with platform_scope("test"):
        Outbox.objects.all().delete()

    restored_from(tmp_path / "backup")

    assert claim(mailing) is None
    assert tasks.wake_due() == 0
    assert entries() == [("left_since", "restored")]
    outbox.put_mail(template="new", to="ada@example.com", context={}, account_id=None, now=now)
    assert outbox.drain(now=timezone.now()) == 0
    for path, status in (("/healthz", 200), ("/readyz", 503), ("/sign-in/", 503), ("/privacy/", 503)):
        assert client.get(path, headers=SITE).status_code == status, path

    call_command("replay_erasures", stdout=StringIO())

    assert client.get("/sign-in/", headers=SITE).status_code == 200
    with account_scope(mailing.account_id):
        mailing.refresh_from_db()
        campaign.refresh_from_db()
    assert (mailing.state, mailing.held_reason) == (Mailing.State.PAUSED, holding.RESTORED)
    assert campaign.state == Campaign.State.PAUSED
    assert claim(mailing) is None
    assert len(holding.RESTORED) <= Mailing._meta.get_field("held_reason").max_length

    holding.resume_mailing(mailing=mailing, now=datetime.now(UTC))
    taken = claim(mailing)
    assert len(taken.people) == 2
    taken.journal.close()


@pytest.mark.django_db(transaction=True)
def test_numbers_given_out_after_the_backup_are_not_given_out_again(tmp_path):
    makers.make_started(people=1)
    call_command("backup", tmp_path / "backup", stdout=StringIO())
    since = makers.make_started(people=1)  # whose mails hold its number, for opting out

    restored_from(tmp_path / "backup")
    call_command("replay_erasures", stdout=StringIO())

    assert makers.make_started(people=1).pk > since.pk


@pytest.mark.django_db
def test_work_that_was_ready_waits_while_a_replay_is_demanded(monkeypatch):
    mailing = makers.make_started(people=1)
    outbox.put_event(topic="nobody.listens", payload={}, account_id=mailing.account_id, now=timezone.now())
    ledger.demand_replay()

    def never(**_):
        raise AssertionError

    monkeypatch.setattr("campaigns.services.sending.start_mailings", never)
    following.look_after(account_id=mailing.account_id, campaign_id=1, now=timezone.now())
    assert not import_runs.run_slice(account_id=mailing.account_id, import_id=1, clock=timezone.now)
    assert claim(mailing) is None
    assert outbox.drain(now=timezone.now()) == 0
    with pytest.raises(single.CannotSend, match="restored"):
        single.send_letter(None, None)

    ledger.replayed()

    taken = claim(mailing)
    assert len(taken.people) == 1
    taken.journal.close()
    assert outbox.drain(now=timezone.now()) >= 1
