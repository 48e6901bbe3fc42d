import asyncio
import email
import email.policy
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from accounts.models import Account
from accounts.services import outbox
from contacts.models import Contact, Subscription
from delivery import queries
from delivery.models import Batch, Link, Mailing, Message, Outcome, Reason
from delivery.services import claiming, holding, materialising, recovering, sending, settling
from delivery.services.compiling import CannotMail
from emailconcert.lib import signing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope
from privacy.models import DomainSuppression, Restriction, Suppression
from tests.delivery import makers, smtp_servers
from tests.factories import NOW, AccountFactory
from tracking.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)


def run(mailing, **kwargs):
    return sending.run_slot(
        account_id=mailing.account_id,
        mailing_id=mailing.pk,
        **{"seconds": 20, "should_yield": lambda: False, **kwargs},
    )


def state_of(mailing):
    with account_scope(mailing.account_id):
        return Mailing.objects.get(pk=mailing.pk).state


def ledger(mailing):
    found = queries.ledger(mailing, with_reasons=True)
    assert found.adds_up
    counts = queries.outcome_counts(mailing)
    assert counts.get("sent", 0) == found.sent
    assert counts.get("failed", 0) == found.failed
    assert counts.get("skipped", 0) == found.skipped
    assert counts.get("unconfirmed", 0) == found.unconfirmed
    assert counts.get("queued", 0) == found.queued + found.sending
    return found


@pytest.mark.parametrize("people", [1, 3, 40])
def test_everybody_gets_their_own_mail_once(mailbox, journals, people, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 7)
    mailing = makers.make_started(people=people)

    run(mailing)

    assert sorted(mailbox.recipients) == sorted(f"p{number}@example.com" for number in range(1, people + 1))
    for sender, (recipient,), content in mailbox.received:
        message = email.message_from_bytes(content, policy=email.policy.default)
        name = recipient.replace("p", "Name").partition("@")[0]
        assert message["Subject"] == f"Hi {name}"
        assert f"Hi {name}" in message.get_body(("html",)).get_content()
        token = sender.removeprefix("b+").partition("@")[0]
        mailing_id, sequence = signing.read_message_token(token)
        assert mailing_id == mailing.pk
        with account_scope(mailing.account_id):
            row = queries.message(account_id=mailing.account_id, mailing_id=mailing_id, sequence=sequence)
            assert Contact.objects.get(pk=row.contact_id).email == recipient
        assert f"{settings.TRACKING_URL}/u/{token}" in message["List-Unsubscribe"]
        assert f"{settings.TRACKING_URL}/c/{token}/1" in message.get_body(("html",)).get_content()
    assert ledger(mailing).sent == people
    assert state_of(mailing) == Mailing.State.DONE
    assert list(journals.iterdir()) == []


def test_links_are_rows(db):
    mailing, _ = makers.make_mailing()

    with account_scope(mailing.account_id):
        assert list(Link.objects.filter(mailing=mailing).values_list("number", "url")) == [
            (1, "https://shop.example/more")
        ]


def test_exclusions_are_counted_by_reason(mailbox, journals):
    mailing, a_list = makers.make_mailing(people=10)
    with account_scope(mailing.account_id):
        people = list(Contact.objects.order_by("pk"))
        Suppression.objects.create(address_hash=people[0].email_hash, reason="bounced")
        Restriction.objects.create(address_hash=people[1].email_hash)
        Subscription.objects.filter(contact=people[2]).update(state="unsubscribed")
        Contact.objects.filter(pk=people[3].pk).update(paused_until=NOW + timedelta(days=1))
        Suppression.objects.create(address_hash=people[4].email_hash, reason="erased")
        Suppression.objects.create(address_hash=people[5].email_hash, reason="unsubscribed")
        Contact.objects.filter(pk=people[6].pk).update(email="x@never.example")
        DomainSuppression.objects.create(domain="never.example")
        both = makers.audience_of(a_list).union(makers.audience_of(a_list), all=True)
        counted = materialising.count_audience(
            account_id=mailing.account_id, audience=makers.audience_of(a_list), list_ids=[a_list.pk], now=NOW
        )
        materialising.materialise(mailing=mailing, audience=both, start_at=None, now=NOW)

    expected = {"suppressed": 2, "restricted": 1, "unsubscribed": 2, "paused": 1, "erased": 1}
    found = ledger(mailing)
    assert counted == (3, expected)
    assert found.excluded == {**expected, "duplicate": 10}
    assert found.audience == found.queued == 3


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda person: Suppression.objects.create(address_hash=person.email_hash, reason="bounced"), "suppressed"),
        (lambda person: Restriction.objects.create(address_hash=person.email_hash), "restricted"),
        (lambda person: Subscription.objects.filter(contact=person).update(state="unsubscribed"), "unsubscribed"),
        (lambda person: Contact.objects.filter(pk=person.pk).update(paused_until=datetime(2999, 1, 1, tzinfo=UTC)), "paused"),
        (lambda person: Contact.objects.filter(pk=person.pk).delete(), "erased"),
    ],
)  # fmt: skip
def test_persons_will_is_asked_again_at_the_moment_of_sending(mailbox, journals, act, reason):
    mailing = makers.make_started(people=3)
    with account_scope(mailing.account_id):
        act(Contact.objects.get(email="p2@example.com"))

    run(mailing)

    assert sorted(mailbox.recipients) == ["p1@example.com", "p3@example.com"]
    found = ledger(mailing)
    assert (found.sent, found.skipped, found.skipped_by_reason) == (2, 1, {reason: 1})
    assert state_of(mailing) == Mailing.State.DONE


def test_batch_of_nobody_is_done_at_once(mailbox, journals):
    mailing = makers.make_started(people=3)
    with account_scope(mailing.account_id):
        Subscription.objects.update(state="unsubscribed")

    run(mailing)

    assert mailbox.recipients == []
    assert ledger(mailing).skipped == 3


def test_refusals_are_final_or_put_off(journals, monkeypatch):
    mailing = makers.make_started(people=4)
    with account_scope(mailing.account_id):
        Contact.objects.filter(email="p1@example.com").update(email="bad1@example.com")
        Contact.objects.filter(email="p2@example.com").update(email="later1@example.com")
    box = smtp_servers.PickyMailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing)

    found = ledger(mailing)
    assert (found.sent, found.failed, found.queued) == (2, 1, 1)
    assert found.failed_by_reason == {"mailbox_unknown": 1}
    with account_scope(mailing.account_id):
        gone = Contact.objects.get(email="bad1@example.com")
        hash_now = address_hash("bad1@example.com", account_id=gone.account_id)
        assert [bytes(each.address_hash) for each in Suppression.objects.filter(reason="bounced")] == [hash_now]
    with account_scope(mailing.account_id):
        batch = Batch.objects.get()
        assert batch.state == Batch.State.OPEN
        assert batch.not_before > datetime.now(UTC) + timedelta(seconds=50)
        assert Message.objects.get(outcome=Outcome.FAILED).reply_code == 550


def test_batches_that_cannot_be_written_back_are_recovered_though_their_worker_lives(journals, monkeypatch):
    class SlowMailbox(smtp_servers.Mailbox):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
            await asyncio.sleep(0.3)  # so that several batches are under way when the first is written back
            return await super().handle_DATA(server, session, envelope)

    monkeypatch.setattr(settings, "BATCH_SIZE", 4)
    mailing, mailbox = makers.make_started(people=16), SlowMailbox()

    def settle(report, *, now):
        raise OperationalError("the server is away")

    with smtp_servers.running(mailbox) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        with monkeypatch.context() as away:
            away.setattr(settling, "settle", settle)
            with pytest.raises(OperationalError):
                run(mailing)
        recovering.recover_batches(now=datetime.now(UTC))
        assert ledger(mailing).sending == 0
        run(mailing)
    assert ledger(mailing).sent == len(set(mailbox.recipients)) == len(mailbox.recipients) == 16


def test_put_off_too_often_becomes_failed(journals, monkeypatch):
    mailing = makers.make_started(people=1)
    with account_scope(mailing.account_id):
        Contact.objects.update(email="later1@example.com")
        Batch.objects.update(put_off={"1": [7, 0]})
    with smtp_servers.running(smtp_servers.PickyMailbox()) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing)

    assert ledger(mailing).failed_by_reason == {"rejected": 1}
    assert state_of(mailing) == Mailing.State.DONE


def test_lost_message_is_unconfirmed_until_the_owner_chooses(journals, monkeypatch):
    mailing = makers.make_started(people=3)
    with account_scope(mailing.account_id):
        Contact.objects.filter(email="p2@example.com").update(email="drop2@example.com")
    box = smtp_servers.DroppingMailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing)
        run(mailing)
        assert (ledger(mailing).sent, ledger(mailing).unconfirmed) == (2, 1)
        assert state_of(mailing) == Mailing.State.DONE

        assert holding.resend_unconfirmed(mailing=mailing, now=datetime.now(UTC)) == 1
        assert state_of(mailing) == Mailing.State.SENDING
        with account_scope(mailing.account_id):
            Contact.objects.filter(email="drop2@example.com").update(email="p2@example.com")
        run(mailing)

    assert sorted(box.recipients) == ["p1@example.com", "p2@example.com", "p3@example.com"]
    assert ledger(mailing).sent == 3


@pytest.mark.parametrize("mailbox", [smtp_servers.SuspendedMailbox, smtp_servers.SuspendedOldMailbox])
def test_refusal_of_the_sender_holds_the_mailing_and_fails_nobody(journals, monkeypatch, mailbox):
    mailing = makers.make_started(people=10)
    with smtp_servers.running(mailbox()) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing)

    assert (ledger(mailing).queued, state_of(mailing)) == (10, Mailing.State.PAUSED)
    with account_scope(mailing.account_id):
        assert Mailing.objects.get().held_reason.endswith("550 5.7.1 Account suspended, call us")
        assert Batch.objects.get().attempts == 0


def test_refused_password_holds_the_mailing_until_it_is_put_right(journals, monkeypatch):
    mailing = makers.make_started(people=3)
    box = smtp_servers.Mailbox()
    with smtp_servers.running(box, auth_require_tls=False, authenticator=smtp_servers.accept_alice) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://alice:wrong@{host}:{port}")
        run(mailing)
        assert (ledger(mailing).queued, state_of(mailing)) == (3, Mailing.State.PAUSED)
        with account_scope(mailing.account_id):
            assert "answered 535" in Mailing.objects.get().held_reason

        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://alice:secret@{host}:{port}")
        holding.resume_mailing(mailing=mailing, now=datetime.now(UTC))
        run(mailing)
    assert len(box.recipients) == 3


def in_thread(call):
    """Run `call` beside the test; returns the thread and where its result or error will be."""
    found = []

    def work():
        try:
            found.append(call())
        except ExpectedError as error:
            found.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread, found


def test_mailing_is_not_done_while_unconfirmed_messages_are_put_back(monkeypatch):
    mailing = makers.make_started(people=3)
    with account_scope(mailing.account_id):
        Message.objects.filter(mailing=mailing).update(outcome=Outcome.UNCONFIRMED)
        Batch.objects.update(state=Batch.State.DONE, unconfirmed=3)
    requeue, opened, go_on = holding._requeue, threading.Event(), threading.Event()

    def slowly(*args):
        count = requeue(*args)
        opened.set()
        go_on.wait(10)
        return count

    monkeypatch.setattr(holding, "_requeue", slowly)
    owner, resent = in_thread(lambda: holding.resend_unconfirmed(mailing=mailing, now=NOW))
    assert opened.wait(10)
    worker, finished = in_thread(
        lambda: settling.finish_mailing(account_id=mailing.account_id, mailing_id=mailing.pk, now=NOW)
    )
    worker.join(0.5)
    go_on.set()
    owner.join(10)
    worker.join(10)

    assert (resent, finished, state_of(mailing)) == ([3], [False], Mailing.State.SENDING)
    assert ledger(mailing).queued == 3


def test_of_two_mailings_started_together_only_one_fits_into_the_quota(monkeypatch):
    account = AccountFactory(sending_quota=4)
    mailing, a_list = makers.make_mailing(account=account)
    with account_scope(account):
        other = Mailing.objects.get(pk=mailing.pk)
        other.pk = None
        other.save(force_insert=True)
    make_batches, counted, go_on = materialising._make_batches, threading.Event(), threading.Event()

    def slowly(*args):
        counted.set()
        go_on.wait(10)
        make_batches(*args)

    monkeypatch.setattr(materialising, "_make_batches", slowly)
    first, started = in_thread(lambda: makers.start(mailing, a_list).audience)
    assert counted.wait(10)
    second, refused = in_thread(lambda: makers.start(other, a_list).audience)
    second.join(0.5)
    go_on.set()
    first.join(10)
    second.join(10)

    assert started == [3]
    assert "may send 1 more messages" in str(refused[0])


@pytest.mark.parametrize("status", ["5.2.1", "5.7.1", "5.1.1"])
def test_what_the_server_refuses_for_good_is_told_with_its_status(journals, monkeypatch, status):
    class RefusingMailbox(smtp_servers.Mailbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
            return f"550 {status} No"

    mailing = makers.make_started(people=1)
    with smtp_servers.running(RefusingMailbox()) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing)

    with account_scope(mailing.account_id):
        assert Suppression.objects.count() == (status == "5.1.1")
    outbox.drain(now=datetime.now(UTC))
    with account_scope(mailing.account_id):
        assert list(Notice.objects.values_list("sequence", "status", "source")) == [(1, status, Notice.Source.SESSION)]


def test_content_that_fails_for_one_person_fails_only_there(mailbox, journals):
    source = "{% assign n = contact.first_name | remove: 'Name' %}{{ 6 | divided_by: n }}"
    mailing, a_list = makers.make_mailing(people=2, source=source)
    with account_scope(mailing.account_id):
        Contact.objects.filter(email="p1@example.com").update(first_name="0")
    makers.start(mailing, a_list)

    run(mailing)

    assert mailbox.recipients == ["p2@example.com"]
    assert ledger(mailing).failed_by_reason == {"template_error": 1}


def test_unreachable_server_puts_off_and_sends_nothing(journals, monkeypatch):
    monkeypatch.setattr(settings, "EMAIL_URL", "smtp://127.0.0.1:1")
    mailing = makers.make_started(people=3)

    run(mailing)

    assert ledger(mailing).queued == 3
    assert claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=datetime.now(UTC)) is None


def test_paused_mailing_sends_nothing_until_resumed(mailbox, journals):
    mailing = makers.make_started(people=3)
    holding.pause_mailing(mailing=mailing)

    run(mailing)
    assert mailbox.recipients == []
    with pytest.raises(holding.CannotHold):
        holding.pause_mailing(mailing=mailing)

    holding.resume_mailing(mailing=mailing, now=datetime.now(UTC))
    run(mailing)
    assert len(mailbox.recipients) == 3


def test_cancelled_mailing_skips_what_was_not_begun(mailbox, journals, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 2)
    mailing = makers.make_started(people=5)
    claim = claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=datetime.now(UTC))
    assert ledger(mailing).sending == 2

    holding.cancel_mailing(mailing=mailing, now=NOW)
    assert (ledger(mailing).sending, ledger(mailing).skipped) == (2, 3)
    claim.journal.close()
    from delivery.services import recovering

    assert recovering.recover_batches(now=datetime.now(UTC)) == 1
    found = ledger(mailing)
    assert (found.skipped, found.skipped_by_reason) == (5, {"cancelled": 5})
    assert run(mailing) is False
    assert mailbox.recipients == []
    assert state_of(mailing) == Mailing.State.CANCELLED


def test_pause_takes_hold_within_seconds_while_sending(journals, monkeypatch):
    import time

    monkeypatch.setattr(settings, "BATCH_SIZE", 50)
    monkeypatch.setattr(settings, "SEND_RATE", 60)
    mailing = makers.make_started(people=400)
    box = smtp_servers.Mailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        worker = threading.Thread(target=lambda: (run(mailing), connection.close()))
        worker.start()
        while not box.received:
            time.sleep(0.01)
        holding.pause_mailing(mailing=mailing)
        paused = time.monotonic()
        worker.join(10)
        assert time.monotonic() - paused < 5

    found = ledger(mailing)
    assert found.sent == len(box.received) < 400
    assert found.queued == 400 - found.sent


def test_nothing_leaves_before_its_time(mailbox, journals):
    mailing, a_list = makers.make_mailing()
    makers.start(mailing, a_list, start_at=datetime.now(UTC) + timedelta(seconds=60))

    run(mailing)

    assert mailbox.recipients == []
    assert queries.due_mailings(now=datetime.now(UTC)) == []
    assert queries.due_mailings(now=datetime.now(UTC) + timedelta(seconds=61)) == [(mailing.account_id, mailing.pk)]


def test_suspended_account_sends_nothing(mailbox, journals):
    mailing = makers.make_started()
    Account.objects.filter(pk=mailing.account_id).update(status=Account.Status.SUSPENDED)

    run(mailing)

    assert mailbox.recipients == []
    assert queries.due_mailings(now=datetime.now(UTC)) == []


def test_quota_of_the_account_is_kept(db):
    mailing, a_list = makers.make_mailing(account=AccountFactory(sending_quota=2), people=3)

    with pytest.raises(materialising.CannotStart, match="may send 2 more"):
        makers.start(mailing, a_list)
    assert state_of(mailing) == Mailing.State.COMPILED


def test_cancelled_mailing_gives_its_quota_back(db):
    account = AccountFactory(sending_quota=3)
    mailing, a_list = makers.make_mailing(account=account, people=3)
    makers.start(mailing, a_list)
    with account_scope(account):
        assert materialising.sent_in_window(now=NOW) == 3

    holding.cancel_mailing(mailing=mailing, now=NOW)
    with account_scope(account):
        assert materialising.sent_in_window(now=NOW) == 0


def test_mailing_starts_once_and_not_to_nobody(db):
    mailing, a_list = makers.make_mailing()
    makers.start(mailing, a_list)
    with pytest.raises(materialising.CannotStart, match="already"):
        makers.start(mailing, a_list)

    empty, no_one = makers.make_mailing(account=AccountFactory(), people=0)
    with pytest.raises(materialising.CannotStart, match="Nobody"):
        makers.start(empty, no_one)


def test_mail_needs_a_postal_address(db):
    with pytest.raises(CannotMail, match="postal address"):
        makers.make_mailing(account=AccountFactory(postal_address=" "))


def test_due_mailings_take_turns_over_accounts(db):
    huge = AccountFactory()
    first, second = makers.make_started(account=huge), None
    mailing, a_list = makers.make_mailing(account=AccountFactory())
    with account_scope(huge):
        Contact.objects.all().delete()
    second = makers.make_started(account=huge)
    small = makers.start(mailing, a_list)

    assert queries.due_mailings(now=datetime.now(UTC)) == [
        (huge.pk, first.pk), (small.account_id, small.pk), (huge.pk, second.pk),
    ]  # fmt: skip


def test_nothing_is_begun_near_the_end_of_a_lease_that_is_not_renewed(journals, monkeypatch):
    import asyncio
    import time

    class SlowMailbox(smtp_servers.Mailbox):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
            await asyncio.sleep(0.04)
            self.last = time.time()
            return await super().handle_DATA(server, session, envelope)

    claims, claim_batch = [], claiming.claim_batch

    def remembered(**kwargs):
        claims.append(claim_batch(**kwargs))
        return claims[-1]

    monkeypatch.setattr(claiming, "claim_batch", remembered)
    monkeypatch.setattr(settings, "LEASE_SECONDS", 8)
    monkeypatch.setattr(settings, "SMTP_CONNECTIONS", 1)
    monkeypatch.setattr(claiming, "renew", lambda claims, *, now: None)
    mailing = makers.make_started(people=300)
    box = SlowMailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing, seconds=20, should_yield=lambda: True)

    found = ledger(mailing)
    assert box.last < claims[0].lease_until.timestamp() - 2 + 1  # a margin of 2 s; 1 s for the reply in flight
    assert 0 < found.sent == len(box.received) < 300
    assert (found.unconfirmed, found.queued) == (0, 300 - found.sent)


def test_slot_lets_go_when_others_wait(mailbox, journals, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 2)
    mailing = makers.make_started(people=6)

    assert run(mailing, should_yield=lambda: True) is True

    assert ledger(mailing).sent == 2
    assert Reason.NONE == 0
