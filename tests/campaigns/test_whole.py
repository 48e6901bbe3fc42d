"""A campaign over a real SMTP server: what the server got is what the page says."""

import asyncio
import email
import email.policy
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection

from accounts.services import outbox
from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign
from campaigns.numbers import numbers_of
from campaigns.services import checking, following, progress, sending, trying, variants, versions
from contacts import conditions
from contacts.models import Contact
from delivery.models import Mailing
from delivery.services import single, starting
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import DomainSuppression, Restriction, Suppression
from tests.campaigns.test_sending import make_ready
from tests.campaigns.test_variants import make_test
from tests.delivery import smtp_servers
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mailbox(monkeypatch, tmp_path):
    box = smtp_servers.Mailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        monkeypatch.setattr(settings, "JOURNAL_DIR", tmp_path / "journal")
        yield box


def start(membership, draft, *, ago=30):
    """Send a draft some seconds ago and gather its audience; return the mailing."""
    now = datetime.now(UTC)
    with account_scope(membership.account):
        sending.send_campaign(campaign=draft, now=now - timedelta(seconds=ago), actor=SYSTEM)
    following.look_after(account_id=membership.account_id, campaign_id=draft.pk, now=now)
    with account_scope(membership.account):
        return Mailing.objects.get(variants__campaign=draft)


def run(mailing):
    starting.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, seconds=20, should_yield=lambda: False)


def run_apart(mailing):
    try:
        run(mailing)
    finally:
        connection.close()


def test_everybody_gets_it_once_and_the_campaign_is_sent(mailbox, alice, sender, news):
    draft = make_ready(alice, sender, news, people=7)
    mailing = start(alice, draft)
    run(mailing)
    while outbox.drain(now=datetime.now(UTC)):
        pass

    with account_scope(alice.account):
        numbers = numbers_of([draft.pk])[draft.pk]
        draft.refresh_from_db()
        seen = conditions.count(
            {
                "match": "all",
                "rules": [{"condition": "campaign", "operator": "sent", "values": {"campaigns": [str(draft.pk)]}}],
            },
            account_id=alice.account_id,
            now=datetime.now(UTC),
        )
    message = email.message_from_bytes(mailbox.received[0][2], policy=email.policy.default)
    assert sorted(mailbox.recipients) == [f"reader{n}@example.com" for n in range(7)]
    assert (draft.state, numbers.sent, numbers.left, numbers.adds_up, seen) == ("sent", 7, 0, True, 7)
    assert message["Subject"] == "Fresh bread"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_nothing_leaves_within_ten_seconds_whatever_workers_do(mailbox, alice, sender, news):
    draft = make_ready(alice, sender, news)
    mailing = start(alice, draft, ago=0)
    run(mailing)

    assert mailbox.recipients == []


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(mailbox, alice, sender, news):
    draft = make_ready(alice, sender, news)
    mailing = start(alice, draft)
    now = datetime.now(UTC)
    with account_scope(alice.account):
        sending.pause(campaign=Campaign.objects.get(pk=draft.pk), now=now, actor=SYSTEM)
    run(mailing)
    before = list(mailbox.recipients)
    with account_scope(alice.account):
        sending.resume(campaign=Campaign.objects.get(pk=draft.pk), now=now, actor=SYSTEM)
    run(mailing)

    assert (before, len(mailbox.recipients)) == ([], 3)


def test_cancelling_while_it_goes_out_stops_within_seconds_and_adds_up(monkeypatch, tmp_path, alice, sender, news):
    class SlowMailbox(smtp_servers.Mailbox):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
            await asyncio.sleep(0.05)
            return await super().handle_DATA(server, session, envelope)

    monkeypatch.setattr(settings, "JOURNAL_DIR", tmp_path / "journal")
    monkeypatch.setattr(settings, "BATCH_SIZE", 50)
    box = SlowMailbox()
    draft = make_ready(alice, sender, news, people=400)
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        mailing = start(alice, draft)
        worker = threading.Thread(target=run_apart, args=[mailing])
        worker.start()
        while len(box.received) < 20:
            time.sleep(0.01)
        with account_scope(alice.account):
            sending.cancel(campaign=Campaign.objects.get(pk=draft.pk), now=datetime.now(UTC), actor=SYSTEM)
        cancelled = time.monotonic()
        worker.join()
        took = time.monotonic() - cancelled

    with account_scope(alice.account):
        numbers = numbers_of([draft.pk])[draft.pk]
        state = Campaign.objects.get(pk=draft.pk).state
    assert (state, numbers.adds_up, numbers.left) == ("cancelled", True, 0)
    assert numbers.sent == len(box.received) < 400
    assert numbers.sent + numbers.skipped == 400
    assert took < 6


def test_unconfirmed_messages_wait_for_the_members_choice(monkeypatch, tmp_path, alice, sender, news):
    monkeypatch.setattr(settings, "JOURNAL_DIR", tmp_path / "journal")
    draft = make_ready(alice, sender, news)
    with account_scope(alice.account):
        Contact.objects.filter(email="reader0@example.com").update(email="drop@example.com")
    box = smtp_servers.DroppingMailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        mailing = start(alice, draft)
        run(mailing)
        now = datetime.now(UTC)
        with account_scope(alice.account):
            draft.refresh_from_db()
            look = progress.look(campaign=draft, now=now)
    calm = smtp_servers.Mailbox()
    with smtp_servers.running(calm) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        with account_scope(alice.account):
            again = sending.resend_unconfirmed(campaign=draft, now=now, actor=SYSTEM)
        run(mailing)
    with account_scope(alice.account):
        draft.refresh_from_db()
        after = progress.look(campaign=draft, now=now)

    assert (look.numbers.unconfirmed, look.asks_about_unconfirmed, look.numbers.adds_up) == (1, True, True)
    assert look.unsure.reasons == (("The connection broke after the mail was handed over", 1),)
    assert ([each.email for each in look.unsure.people], look.unsure.more) == (["drop@example.com"], 0)
    assert (again, calm.recipients) == (1, ["drop@example.com"])
    assert after.unsure is None
    assert (after.numbers.unconfirmed, after.numbers.sent, draft.state) == (0, 3, "sent")


@pytest.mark.parametrize("block", ["bounced", "erased", "restricted", "domain"])
def test_a_test_mail_goes_to_nobody_whom_the_account_must_not_write_to(mailbox, alice, sender, news, block):
    draft, address = make_ready(alice, sender, news), "eve@example.com"
    with account_scope(alice.account):
        by_hash = address_hash(address, account_id=alice.account_id)
        if block == "restricted":
            Restriction.objects.create(address_hash=by_hash)
        elif block == "domain":
            DomainSuppression.objects.create(domain="example.com")
        else:
            Suppression.objects.create(address_hash=by_hash, reason=block)
        with pytest.raises(single.MayNotTest) as refusal:
            trying.send_test(campaign=draft, to=["Eve@Example.com"], now=datetime.now(UTC))
        Suppression.objects.create(
            address_hash=address_hash(alice.user.email, account_id=alice.account_id), reason="bounced"
        )
        trying.send_test(campaign=draft, to=[alice.user.email], now=datetime.now(UTC))
    while outbox.drain(now=datetime.now(UTC)):
        pass

    assert str(refusal.value).startswith("Your account doesn't write to Eve@Example.com")
    assert mailbox.recipients == [alice.user.email]


def test_a_test_mail_that_waited_is_given_up_once_its_address_is_blocked(mailbox, alice, sender, news):
    draft = make_ready(alice, sender, news)
    with account_scope(alice.account):
        trying.send_test(campaign=draft, to=["eve@example.com"], now=datetime.now(UTC))
        by_hash = address_hash("eve@example.com", account_id=alice.account_id)
        Suppression.objects.create(address_hash=by_hash, reason="erased")
    while outbox.drain(now=datetime.now(UTC)):
        pass

    assert mailbox.recipients == []


def test_a_test_mail_is_the_campaign_with_a_mark_and_never_counted(mailbox, alice, sender, news):
    draft = make_ready(alice, sender, news)
    with account_scope(alice.account):
        count = trying.send_test(campaign=draft, to=["eve@example.com"], now=datetime.now(UTC))
    while outbox.drain(now=datetime.now(UTC)):
        pass

    ((_, recipients, content),) = mailbox.received
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert (count, recipients, message["Subject"]) == (1, ["eve@example.com"], "[Test] Fresh bread")
    with account_scope(alice.account):
        assert Mailing.objects.count() == 0
        assert numbers_of([draft.pk])[draft.pk].audience == 0
        draft.tested_at = NOW

        def said():
            review = checking.review(campaign=draft, now=NOW)
            return [check.sentence for check in review.checks if "test mail" in check.sentence]

        assert said() == ["A test mail was sent."]
        written = versions.Written("markdown", "# Warm rolls for you")
        later = NOW + timedelta(minutes=1)
        versions.save_content(campaign=draft, written=written, origin=versions.Origin(), now=later)
        assert said() == ["The mail was changed since the last test mail was sent."]


def test_a_test_mail_of_a_chosen_variant_says_what_that_one_says(mailbox, alice, sender, news):
    draft = make_test(alice, sender, news, people=4)
    with account_scope(alice.account):
        variants.begin_own_content(campaign=draft, name="B", author=None, now=datetime.now(UTC))
        written = versions.Written("markdown", "# Warm rolls for you")
        versions.save_content(
            campaign=draft, written=written, origin=versions.Origin(), name="B", now=datetime.now(UTC)
        )
        Campaign.objects.update(reply_to="answers@harbour.example")
        trying.send_test(campaign=draft, to=["eve@example.com"], names=["B", "R", "Z"], now=datetime.now(UTC))
    while outbox.drain(now=datetime.now(UTC)):
        pass

    ((_, recipients, content),) = mailbox.received
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert (recipients, message["Subject"], message["Reply-To"]) == (
        ["eve@example.com"],
        "[Test B] Bread is here",
        "answers@harbour.example",
    )
    assert message["From"] == f"The bakers <news-{alice.account.slug}@{settings.PLATFORM_DOMAIN}>"  # not verified
    assert "Warm rolls for you" in message.get_body(("plain",)).get_content()
    with account_scope(alice.account):
        assert (Mailing.objects.count(), numbers_of([draft.pk])[draft.pk].audience) == (0, 0)
