import pytest

from accounts.services.auditing import SYSTEM
from delivery.models import Sender, SendingDomain
from delivery.services import domains, senders
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW, AccountFactory

pytestmark = pytest.mark.django_db


class Zone:
    def __init__(self, records):
        self.records = records

    def texts(self, name, kind):
        return self.records.get((kind, name), [])


@pytest.fixture
def domain():
    return domains.add_domain(account=AccountFactory(), domain="shop.example", actor=SYSTEM, now=NOW)


def published(domain):
    return Zone({(record.kind, record.name): [record.value] for record in domains.dns_records(domain)})


def test_domain_gets_a_sealed_key_of_its_own(domain):
    assert b"PRIVATE" not in bytes(domain.sealed_private_key)
    names = [(record.kind, record.name) for record in domains.dns_records(domain)]
    assert names == [
        ("TXT", "ec1._domainkey.shop.example"), ("MX", "bounce.shop.example"),
        ("TXT", "bounce.shop.example"), ("TXT", "_dmarc.shop.example"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "no dots", "http://x", "a..b", "x@y@z.example"])
def test_what_is_no_domain_is_refused(text):
    with pytest.raises(domains.CannotAdd):
        domains.add_domain(account=AccountFactory(), domain=text, actor=SYSTEM, now=NOW)


def test_domain_is_added_once(domain):
    with account_scope(domain.account_id), pytest.raises(domains.CannotAdd, match="already"):
        domains.add_domain(account=domain.account, domain="SHOP.example", actor=SYSTEM, now=NOW)


def test_domain_is_verified_when_its_key_is_published(domain):
    sender = senders.add_sender(account=domain.account, name="Shop", email="n@mail.shop.example", actor=SYSTEM, now=NOW)
    assert sender.domain_id == domain.pk
    assert sender.verified_at is None
    assert domains.check_domain(domain=domain, resolver=Zone({}), now=NOW) is False

    assert domains.check_domain(domain=domain, resolver=published(domain), now=NOW) is True

    with account_scope(domain.account_id):
        assert SendingDomain.objects.get().verified_at == NOW
        assert Sender.objects.get().verified_at == NOW


def test_address_of_the_member_is_verified_at_once():
    account = AccountFactory()
    sender = senders.add_sender(
        account=account, name="A", email="A@x.example", actor=SYSTEM, now=NOW, proved=frozenset({"a@x.example"})
    )

    assert sender.verified_at == NOW
    with pytest.raises(senders.CannotAdd, match="already"):
        senders.add_sender(account=account, name="A", email="a@x.example", actor=SYSTEM, now=NOW)
