import pytest
from django.core.cache import cache

from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from tests.factories import NOW
from tests.tracking.bounces import shapes
from tests.tracking.mail_servers import serving
from tests.tracking.makers import make_mailing
from tracking.doors.mailboxes import Mailbox
from tracking.services import polling, taking_mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _free():
    cache.delete("tracking:mailbox")


def delivered(to, content):
    return b"Delivered-To: bounces@example.org\r\nX-Original-To: " + to.encode() + b"\r\n" + content


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_mailbox_is_emptied_of_what_was_taken(kind, settings, monkeypatch):
    mailing = make_mailing(people=2)
    one, two = (f"b+{signing.message_token(mailing.pk, number)}@bounce.example.org" for number in (1, 2))
    mails = [delivered(one, shapes.GMAIL), delivered(two, shapes.OFFICE_365), b"Subject: spam\r\n\r\nBuy.\r\n.dot\r\n"]
    take = taking_mail.take_mail

    def fail_once(*, recipient, content, now):
        monkeypatch.setattr(taking_mail, "take_mail", take)
        raise OSError("PostgreSQL is away")

    monkeypatch.setattr(taking_mail, "take_mail", fail_once)
    with serving(kind, mails) as server:
        settings.BOUNCE_MAILBOX_URL = server.url

        assert polling.poll_mailbox(now=NOW) == 2
        assert server.left == mails[:1]  # it failed, and stays for the next time
        server.mails[2] = mails[1]  # the connection broke before it was deleted: it comes again
        assert polling.poll_mailbox(now=NOW) == 2
        assert server.left == []

    with account_scope(mailing.account_id):
        assert [row.reason for row in Suppression.objects.all()] == ["bounced", "bounced"]


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_mailbox_that_refuses_harms_nobody(kind, settings, caplog):
    with serving(kind, [b"x"]) as server:
        settings.BOUNCE_MAILBOX_URL = server.url.replace("secret", "wrong")

        assert polling.poll_mailbox(now=NOW) == 0
        assert server.left == [b"x"]
    assert "can't be looked into" in caplog.text
    assert "wrong" not in caplog.text


def test_one_worker_looks_at_a_time(settings):
    settings.BOUNCE_MAILBOX_URL = "imap://a:b@127.0.0.1:1/"
    assert cache.add("tracking:mailbox", "", timeout=60)

    assert polling.poll_mailbox(now=NOW) == 0


def test_addresses_are_read():
    box = Mailbox.of("imaps://us%40er:p%2Fw@mail.example.org/Bounces/New")

    assert (box.host, box.port, box.user, box.password, box.folder) == (
        "mail.example.org",
        993,
        "us@er",
        "p/w",
        "Bounces/New",
    )
    assert not box.is_beside_us
