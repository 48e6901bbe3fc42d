from datetime import timedelta

import pytest

from accounts.models import Outbox
from accounts.services import outbox
from contacts.models import Subscription
from contacts.services import people
from delivery.limit_models import MailingHealth
from delivery.models import Batch, Message, Outcome, ReputationDay, Signal
from delivery.services import reputation, settling
from delivery.services.outcomes import UNCONFIRMED
from delivery.statuses.table import severity
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Suppression
from tests.factories import NOW
from tests.tracking.bounces import shapes
from tests.tracking.makers import arrive, contact_of, make_mailing
from tracking.models import Inbox, Kind, MailingRollup, Notice, ReviewMail
from tracking.services import emptying, reading_mail, signals, taking_mail

pytestmark = pytest.mark.django_db


def token(mailing, sequence=1):
    return signing.message_token(mailing.pk, sequence)


def dsn(status="5.1.1", action="failed"):
    return (
        "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; somebody@example.com\r\nAction: {action}\r\nStatus: {status} (no such user)\r\n\r\n"
        "--B--\r\n"
    ).encode()


def arf(inner="", kind="abuse"):
    return (
        "From: fbl@provider.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nSpam.\r\n"
        f"--B\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nVersion: 1\r\n\r\n"
        f"--B\r\nContent-Type: message/rfc822\r\n\r\n{inner}Subject: Weekly\r\nFrom: a@example.org\r\n\r\nHello\r\n"
        "--B--\r\n"
    ).encode()


def take(recipient, content, now=NOW):
    return taking_mail.take_mail(recipient=recipient, content=content, now=now)


def state(mailing, sequence=1):
    with account_scope(mailing.account_id):
        reasons = list(Suppression.objects.values_list("reason", flat=True))
        return Signal(Message.objects.get(mailing_id=mailing.pk, sequence=sequence).signal), reasons


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [
        *((status, "failed", "hard") for status in ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")),
        ("5.2.1", "failed", "strike"),
        ("5.2.2", "failed", "soft"),
        ("4.2.2", "failed", "soft"),
        ("4.4.7", "failed", "soft"),
        ("4.7.1", "failed", "deferred"),
        ("5.0.0", "failed", "soft"),
        *((status, "failed", "senders_fault") for status in ("5.7.1", "5.7.26", "5.6.0", "5.2.3", "5.3.4")),
        *(("5.1.1", action, "none") for action in ("delayed", "relayed", "expanded", "delivered", "")),
        ("2.0.0", "failed", "none"),
        ("nonsense", "failed", "none"),
    ],
)
def test_severity_follows_the_table(status, action, expected):
    assert severity(status=status, action=action) == expected


def test_hard_bounce_suppresses_at_once_and_counts_once():
    mailing = make_mailing()

    assert [take(f"b+{token(mailing)}@bounce.example.org", dsn()) for _ in range(3)] == ["bounce"] * 3

    assert state(mailing) == (Signal.HARD_BOUNCE, ["bounced"])
    emptying.empty_inbox(now=NOW + timedelta(hours=1))
    with account_scope(mailing.account_id):
        assert MailingRollup.objects.get().bounces == 1
        assert Notice.objects.count() == 1


def test_a_message_counts_once_against_its_mailing_however_many_statuses_are_reported():
    mailing = make_mailing(people=2)
    for status in ("4.2.2", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"):
        take(f"b+{token(mailing)}@bounce.example.org", dsn(status))
    take(f"b+{token(mailing, 2)}@bounce.example.org", dsn())

    with account_scope(mailing.account_id):
        assert MailingHealth.objects.get().hard_bounces == 2


def test_a_disabled_mailbox_is_suppressed_at_the_second_strike():
    first = make_mailing()
    second = make_mailing(account=first.account)
    with account_scope(first.account_id):
        Message.objects.filter(mailing_id=second.pk).update(contact_id=contact_of(first).pk)

    take(f"b+{token(first)}@x.example", dsn("5.2.1"))
    assert state(first)[1] == []
    take(f"b+{token(second)}@x.example", dsn("5.2.1"))
    assert state(first)[1] == ["bounced"]


@pytest.mark.parametrize(("days", "expected"), [(3, []), (4, ["bounced"])])
def test_soft_bounces_suppress_after_five_over_fifteen_days(days, expected):
    mailings = [make_mailing()]
    mailings += [make_mailing(account=mailings[0].account) for _ in range(4)]
    with account_scope(mailings[0].account_id):
        person = contact_of(mailings[0]).pk
        for mailing in mailings:
            Message.objects.filter(mailing_id=mailing.pk).update(contact_id=person)

    for number, mailing in enumerate(mailings):
        take(f"b+{token(mailing)}@x.example", dsn("4.2.2"), NOW + timedelta(days=days * number))

    assert state(mailings[0]) == (Signal.SOFT_BOUNCE, expected)


def test_a_refusal_for_content_never_suppresses_the_person():
    mailing = make_mailing()

    take(f"b+{token(mailing)}@x.example", dsn("5.7.1"))

    assert state(mailing)[1] == []
    with platform_scope("tests: look"):
        assert "message.refused" in Outbox.objects.values_list("topic", flat=True)


def test_a_delay_is_no_bounce():
    mailing = make_mailing()

    assert take(f"b+{token(mailing)}@x.example", dsn("4.4.1", "delayed")) == "ignored"
    assert state(mailing) == (Signal.NONE, [])


def test_a_complaint_suppresses_by_the_enclosed_return_path():
    mailing = make_mailing()

    assert take("fbl@example.org", arf(f"Return-Path: <b+{token(mailing)}@bounce.example.org>\r\n")) == "complaint"

    assert state(mailing) == (Signal.COMPLAINED, ["complained"])


def test_a_complaint_stands_over_a_bounce():
    mailing = make_mailing()
    path = f"Return-Path: <b+{token(mailing)}@bounce.example.org>\r\n"

    take("fbl@example.org", arf(path))
    take(f"b+{token(mailing)}@x.example", dsn())

    assert state(mailing) == (Signal.COMPLAINED, ["complained"])


@pytest.mark.parametrize(
    ("recipient", "content"),
    [
        ("b+" + "A" * 32 + "@x.example", dsn()),
        ("bounces@x.example", dsn()),
        ("fbl@x.example", arf("Return-Path: <b+" + "A" * 32 + "@x.example>\r\n")),
        ("fbl@x.example", arf()),
    ],
)
def test_reports_without_a_token_of_ours_are_kept_for_review_and_change_nothing(recipient, content):
    mailing = make_mailing()

    assert take(recipient, content) == "review"

    with platform_scope("tests: look"):
        [kept] = ReviewMail.objects.all()
    assert (kept.account_id, b"MAILER-DAEMON" in bytes(kept.sealed_content)) == (None, False)
    assert state(mailing) == (Signal.NONE, [])


def test_an_automatic_reply_is_ignored_and_anything_else_kept():
    mailing = make_mailing()
    to = f"b+{token(mailing)}@x.example"

    assert take(to, b"Auto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nBack on Monday\r\n") == "ignored"
    assert take(to, b"Subject: Hello\r\n\r\nWho are you?\r\n") == "review"


def test_mail_to_the_opt_out_address_opts_out():
    mailing = make_mailing()

    assert take(f"u+{token(mailing)}@x.example", b"Subject: unsubscribe\r\n\r\n") == "opt-out"

    with account_scope(mailing.account_id):
        assert Subscription.objects.get().state == "unsubscribed"


@pytest.mark.parametrize("reason", ["bounced", "complained"])
def test_a_signal_about_somebody_whose_contact_was_deleted_suppresses_their_address(reason):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        contact = contact_of(mailing)
        people.delete_contact(contact=contact, now=NOW)

    if reason == "bounced":
        take(f"b+{token(mailing)}@x.example", dsn())
    else:
        take("fbl@example.org", arf(f"Return-Path: <b+{token(mailing)}@bounce.example.org>\r\n"))

    assert state(mailing)[1] == [reason]
    with account_scope(mailing.account_id), pytest.raises(people.KeptOut):
        people.add_contact(account_id=mailing.account_id, email=contact.email, source="member", now=NOW)


def test_a_signal_about_somebody_erased_is_written_down_and_that_is_all():
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        Message.objects.filter(mailing_id=mailing.pk).update(contact_id=None)

    take(f"b+{token(mailing)}@x.example", dsn())

    assert state(mailing) == (Signal.HARD_BOUNCE, [])


@pytest.mark.parametrize(
    ("status", "suppressed", "signal"),
    [
        ("5.1.1", ["bounced"], Signal.HARD_BOUNCE),
        ("5.2.1", [], Signal.HARD_BOUNCE),
        ("5.7.1", [], Signal.SOFT_BOUNCE),
        ("5.2.2", [], Signal.SOFT_BOUNCE),
        ("4.4.1", [], Signal.SOFT_BOUNCE),
    ],
)
def test_a_refusal_while_sending_counts_by_its_status_and_is_no_bounce_event(status, suppressed, signal):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        outbox.put_event(
            topic="message.refused_while_sending",
            payload={"mailing": mailing.pk, "sequence": 1, "code": 550, "status": status},
            account_id=mailing.account_id,
            now=NOW,
        )

    outbox.drain(now=NOW)

    assert state(mailing) == (signal, suppressed)
    with platform_scope("tests: look"):
        assert not Inbox.objects.filter(kind=Kind.BOUNCE).exists()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"Content-Type: multipart/report; boundary=\r\n\r\n--", b"\r\n" * 50]
)
def test_read_mail_takes_whatever_comes(content):
    with pytest.raises(reading_mail.NotUnderstood):
        reading_mail.read_mail(recipient="fbl@x.example", content=content)


def unconfirmed(people=1):
    mailing = make_mailing(people=people)
    with account_scope(mailing.account_id):
        Message.objects.filter(mailing_id=mailing.pk).update(outcome=Outcome.UNCONFIRMED)
        Batch.objects.create(
            mailing=mailing, number=1, first=1, last=people, state=Batch.State.DONE, unconfirmed=people
        )
    return mailing


def ledger(mailing):
    with account_scope(mailing.account_id):
        batch = Batch.objects.get(mailing=mailing)
        rows = Message.objects.filter(mailing_id=mailing.pk, outcome=Outcome.SENT).count()
    assert batch.sent == rows
    return batch.sent, batch.unconfirmed


@pytest.mark.parametrize(
    "proof",
    [
        dsn(),
        dsn("4.4.1", "delayed"),
        dsn("2.0.0", "delivered"),
        b"From: a@example.com\r\nAuto-Submitted: auto-replied\r\n\r\nAway\r\n",
    ],
)
def test_whatever_comes_back_about_an_unconfirmed_message_proves_once_that_it_left(proof):
    mailing = unconfirmed(people=2)

    for _ in range(2):
        take(f"b+{token(mailing)}@x.example", proof)

    assert ledger(mailing) == (1, 1)


def test_proof_by_a_person_who_opens_it():
    mailing = unconfirmed(people=2)
    arrive(mailing)

    emptying.empty_inbox(now=NOW + timedelta(hours=1))
    outbox.drain(now=NOW + timedelta(hours=1))

    assert ledger(mailing) == (1, 1)


def test_a_report_that_is_faster_than_the_ledger_is_believed_when_it_is_settled():
    mailing = make_mailing(people=2)
    with account_scope(mailing.account_id):
        Message.objects.filter(mailing_id=mailing.pk).update(outcome=Outcome.QUEUED)
        batch = Batch.objects.create(
            mailing=mailing, number=1, first=1, last=2, state=Batch.State.LEASED, journal="j", sending=2
        )

    take(f"b+{token(mailing)}@x.example", dsn("4.2.2"))
    settling.settle(settling.Report(mailing.account_id, batch.pk, "j", {1: UNCONFIRMED, 2: UNCONFIRMED}), now=NOW)

    assert ledger(mailing) == (1, 1)
    assert state(mailing)[0] == Signal.SOFT_BOUNCE


def test_one_message_is_one_strike_whoever_tells_of_it():
    mailing = make_mailing()
    for day, status in enumerate(("4.2.2", "4.4.1", "4.4.7", "5.2.2", "5.0.0", "4.3.2")):
        take(f"b+{token(mailing)}@x.example", dsn(status), NOW + timedelta(days=4 * day))

    assert state(mailing) == (Signal.SOFT_BOUNCE, [])


def test_a_mail_passed_on_to_several_is_judged_by_who_got_it():
    mailing = make_mailing()
    reached = shapes.report(
        shapes.failed("5.1.1", to="a@x.example"), shapes.failed("2.0.0", to="b@x.example", action="delivered")
    )

    assert take(f"b+{token(mailing)}@x.example", reached) == "ignored"
    assert state(mailing) == (Signal.DELIVERED, [])


def test_a_feedback_report_that_asks_for_it_opts_out():
    mailing = make_mailing()

    assert (
        take("fbl@example.org", arf(f"Return-Path: <b+{token(mailing)}@bounce.example.org>\r\n", "opt-out"))
        == "opt-out"
    )

    with account_scope(mailing.account_id):
        assert Subscription.objects.get().state == "unsubscribed"


def test_each_message_counts_once_for_the_reputation_whatever_is_told_of_it():
    mailing = make_mailing(people=5)
    with account_scope(mailing.account_id):
        contact_of(mailing, 2).delete()
    told = [(1, "4.2.2"), (1, "4.4.1"), (1, "5.1.1"), (1, "5.1.2"), (2, "5.1.1"), (2, "5.1.1"), (3, "5.7.1")]
    for sequence, status in told:
        take(f"b+{token(mailing, sequence)}@bounce.example.org", dsn(status), now=NOW + timedelta(days=3))
    for _ in range(2):
        take(f"b+{token(mailing, 4)}@bounce.example.org", arf())
        arrive(mailing, 5, kind=Kind.UNSUBSCRIBE, method="POST")
    refused = signals.Learnt(
        mailing_id=mailing.pk, sequence=5, kind=Kind.BOUNCE, status="5.1.1", source=Notice.Source.SESSION
    )
    signals.apply_signal(learnt=refused, now=NOW)
    emptying.empty_inbox(now=NOW + timedelta(days=4))

    with account_scope(mailing.account_id):
        (row,) = ReputationDay.objects.values("day", "domain", "provider", *reputation._COLUMNS)
    assert row == {
        "day": NOW.date(), "domain": "example.org", "provider": "other", "sent": 0, "failed": 0, "hard_bounces": 2,
        "soft_bounces": 1, "refused": 1, "complaints": 1, "unsubscribes": 1,
    }  # fmt: skip
