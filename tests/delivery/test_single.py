import email
import email.policy
from datetime import UTC, datetime

import pytest
from django.conf import settings

from accounts.services import outbox
from delivery.models import Sender
from delivery.services import compiling, domains, single
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers, smtp_servers
from tests.factories import NOW, AccountFactory, make_cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail_templates(tmp_path, settings):
    """Mail templates of our own."""
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "hello.subject.txt").write_text("Hello {{ name }}\n")
    (folder / "hello.txt").write_text("{% autoescape off %}Dear {{ name }},\n.dot\n{% endautoescape %}")
    (folder / "hello.html").write_text("<p>Dear {{ name }}</p>")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]


def parsed(box):
    ((_, _, content),) = box.received
    return email.message_from_bytes(content, policy=email.policy.default)


def test_mail_in_the_outbox_is_sent(mailbox, mail_templates):
    outbox.put_mail(
        template="hello", to="ann@example.com", context={"name": "Änn\nBcc: x"}, account_id=None, now=datetime.now(UTC)
    )

    assert outbox.drain(now=datetime.now(UTC)) == 1

    message = parsed(mailbox)
    assert mailbox.recipients == ["ann@example.com"]
    assert message["Subject"] == "Hello Änn Bcc: x"
    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert "\r\n.dot\r\n" in message.get_body(("plain",)).get_content()
    assert outbox.drain(now=datetime.now(UTC)) == 0


def test_mail_stays_in_the_outbox_while_the_server_is_away(mail_templates, monkeypatch):
    monkeypatch.setattr(settings, "EMAIL_URL", "smtp://127.0.0.1:1")
    outbox.put_mail(
        template="hello", to="ann@example.com", context={"name": "Ann"}, account_id=None, now=datetime.now(UTC)
    )
    outbox.drain(now=datetime.now(UTC))

    box = smtp_servers.Mailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        outbox.drain(now=datetime(2999, 1, 1, tzinfo=UTC))
    assert box.recipients == ["ann@example.com"]


def test_test_mail_is_what_a_contact_would_get(mailbox):
    account = AccountFactory()
    contact = makers.make_contacts(account, 1)[0]
    with account_scope(account):
        sender = Sender.objects.create(name="Shop", email="news@shop.example")

    single.send_test_mail(
        account=account,
        content=compiling.Content(subject="Hi {{ contact.first_name }}", source="Dear {{ contact.first_name }}"),
        sender=sender,
        to="owner@example.com",
        contact=contact,
        now=NOW,
    )

    assert mailbox.recipients == ["owner@example.com"]
    assert parsed(mailbox)["Subject"] == "Hi Name1"
    assert "Dear Name1" in parsed(mailbox).get_body(("html",)).get_content()


def test_test_mail_that_is_refused_says_so(monkeypatch):
    account = AccountFactory()
    with account_scope(account):
        sender = Sender.objects.create(name="Shop", email="news@shop.example")
    with smtp_servers.running(smtp_servers.PickyMailbox()) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        with pytest.raises(single.CannotSend, match="No such mailbox"):
            single.send_test_mail(
                account=account,
                content=compiling.Content(subject="Hi", source="x"),
                sender=sender,
                to="bad@example.com",
                now=NOW,
            )


def test_domain_without_its_records_neither_signs_nor_takes_bounces(mailbox, journals):
    from accounts.services.auditing import SYSTEM
    from delivery.services import starting

    account = AccountFactory()
    domain = domains.add_domain(account=account, domain="shop.example", actor=SYSTEM, now=NOW)
    mailing = makers.make_started(account=account, people=1, domain=domain)
    starting.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, seconds=5, should_yield=lambda: False)

    ((sender, _, content),) = mailbox.received
    assert b"DKIM-Signature" not in content
    assert sender.endswith(f"@bounce.{settings.PLATFORM_DOMAIN}")


def test_mailing_of_a_domain_is_signed_with_its_key(mailbox, journals):
    import dkim as oracle

    from accounts.services.auditing import SYSTEM
    from delivery.services import starting

    alice, _, _ = make_cast()
    domain = domains.add_domain(account=alice.account, domain="Shop.Example ", actor=SYSTEM, now=NOW)
    with account_scope(alice.account):
        type(domain).objects.update(verified_at=NOW)
        domain.keys.update(state="signing")
    mailing = makers.make_started(account=alice.account, people=1, domain=domain)
    starting.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, seconds=5, should_yield=lambda: False)

    ((sender, _, content),) = mailbox.received
    records = {record.name: record.value for record in domains.dns_records(domain) if record.kind == "TXT"}
    assert oracle.verify(content, dnsfunc=lambda name, timeout=5: records[name.decode().rstrip(".")].encode())
    assert content.count(b"a=ed25519-sha256") == 1
    assert sender.endswith("@bounce.shop.example")
