import time
from datetime import UTC, datetime

import dns.rdata
import dns.resolver
import pytest
from django.conf import settings
from django.core.management import call_command

from contacts.models import Contact
from delivery import queries, tasks
from delivery.limit_models import SendingLimit
from delivery.models import Batch, Mailing
from delivery.services import buckets, easing, limits, mailbox_providers, sending
from delivery.services.buckets import Bucket
from delivery.services.claiming import Person
from emailconcert.lib import limits as redis_limits
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers, smtp_servers
from tests.factories import AccountFactory
from tests.forking import forking

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_redis(monkeypatch):
    """Redis is away: nobody listens where it should be."""
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    for cached in (redis_limits.client, buckets._script):
        cached.cache_clear()
    yield
    buckets._away.until = 0.0
    buckets._local.stands.clear()
    for cached in (redis_limits.client, buckets._script):
        cached.cache_clear()


def take(*shared, loose=0, groups=(), horizon=0.0):
    return buckets.take(notes="ec:test:notes", shared=shared, groups=groups, loose=loose, horizon=horizon)


def fresh(name, rate):
    redis_limits.client().delete(f"ec:test:{name}")
    return Bucket(f"ec:test:{name}", rate)


def people(*emails):
    return [Person(number, email, {}) for number, email in enumerate(emails, 1)]


def allowed(mailing):
    with account_scope(mailing.account_id):
        return limits.Limits(Mailing.objects.get(pk=mailing.pk))


def run(mailing, **kwargs):
    given = {"seconds": 20, "should_yield": lambda: False, **kwargs}
    return sending.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, **given)


def test_bucket_unknown_to_redis_holds_one_token_so_that_a_restart_is_no_burst():
    bucket = fresh("empty", 0.001)

    assert [take(bucket, loose=100).count for _ in range(3)] == [1, 0, 0]
    redis_limits.client().delete(bucket.key)
    assert take(bucket, loose=100).count == 1


def test_clock_that_is_put_back_does_not_stop_a_bucket():
    bucket = fresh("ahead of the clock", 0.5)
    redis_limits.client().set(bucket.key, str((time.time() + 7_200) * 1_000_000))

    assert take(bucket, loose=100, horizon=2.0).count == 1
    assert take(bucket, loose=100, horizon=2.0).count == 0


def test_tokens_of_the_near_future_each_have_their_moment():
    bucket = fresh("ahead", 0.5)

    taken = take(bucket, loose=100, horizon=10)

    (given,) = taken.shared
    assert (taken.count, given.gap, given.is_now) == (6, 2.0, False)
    assert given.first <= 0
    assert 11.9 < given.next <= 12.0
    assert take(bucket, loose=100, horizon=10).count == 0


def test_several_buckets_give_what_the_tightest_has_and_share_it():
    wide, tight = fresh("wide", 0.1), fresh("tight", 0.01)
    small = fresh("small", 0.001)

    taken = take(wide, tight, loose=20, groups=[(small, 5), (fresh("other", 0.02), 45)], horizon=1000)

    assert taken.count == 11
    assert [taken.loose, *(given.count for given in taken.groups)] == [6, 1, 4]
    assert taken.shared[0].count == taken.shared[1].count == 11


def test_without_redis_each_process_keeps_to_its_part(no_redis, monkeypatch):
    monkeypatch.setattr(settings, "SENDING_PROCESSES", 10)
    bucket = Bucket("account", 1.0)

    taken = take(bucket, loose=5, groups=[(Bucket("gmail", 0.1), 50)], horizon=100)

    assert taken.notes is None
    assert (taken.count, taken.loose, taken.groups[0].count) == (7, 5, 2)
    assert taken.shared[0].gap == 10.0
    assert take(bucket, loose=50, horizon=100).count == 4
    assert take(bucket, loose=50, horizon=100).count == 0


def test_mail_leaves_without_redis(no_redis, mailbox, journals, monkeypatch):
    monkeypatch.setattr(settings, "SEND_RATE", 4000)
    mailing = makers.make_started(people=5)

    run(mailing)

    assert len(mailbox.recipients) == 5


def test_owner_lowers_and_platform_replaces():
    mailing = makers.make_started()
    with account_scope(mailing.account_id):
        row = SendingLimit.objects.create(own_per_hour=36_000_000)
    assert allowed(mailing)._rates == {"account": settings.SEND_RATE}
    with account_scope(mailing.account_id):
        SendingLimit.objects.filter(pk=row.pk).update(own_per_hour=3600)
    assert allowed(mailing)._rates == {"account": 1.0}
    with account_scope(mailing.account_id):
        SendingLimit.objects.filter(pk=row.pk).update(own_per_hour=None, platform_per_hour=36_000_000)
    assert allowed(mailing)._rates == {"account": 10_000.0}


def test_nobody_waits_behind_a_slow_provider(mailbox, journals, monkeypatch):
    monkeypatch.setattr(settings, "SEND_RATE_PER_PROVIDER", 1)
    mailing = makers.make_started(people=30)
    with account_scope(mailing.account_id):
        for contact in Contact.objects.order_by("pk")[:20]:
            Contact.objects.filter(pk=contact.pk).update(email=f"{contact.first_name.lower()}@gmail.com")

    run(mailing, seconds=1)

    others = [each for each in mailbox.recipients if each.endswith("@example.com")]
    found = queries.ledger(mailing)
    assert len(others) == 10
    assert found.adds_up
    assert 0 < found.sent - 10 < 10
    with account_scope(mailing.account_id):
        assert Batch.objects.get().state == Batch.State.OPEN


def test_two_processes_together_never_exceed_the_limit(journals, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 20)
    rate, count = 50, 150
    mailing, box = makers.make_started(people=count), TimedMailbox()
    with smtp_servers.running(box) as (host, port):
        env = {"EMAIL_URL": f"smtp://{host}:{port}", "SEND_RATE": str(rate), "JOURNAL_DIR": str(journals)}
        with forking("tests.delivery.chaos_worker", BATCH_SIZE="20", LOG_LEVEL="error", **env) as fork:
            began = time.monotonic()
            pair = [fork(mailing.account_id, mailing.pk) for _ in range(2)]
            until = began + 60
            while any(each.runs() for each in pair):
                assert time.monotonic() < until
                time.sleep(0.05)

    assert sorted(box.recipients) == sorted(f"p{number}@example.com" for number in range(1, count + 1))
    # The bucket began with one token at the earliest when the workers did; slowness can only make mail later.
    early = [at for number, at in enumerate(box.at) if at < began + (number - 1) / rate - 0.01]
    assert early == []


class TimedMailbox(smtp_servers.Mailbox):
    """Notes when each message came."""

    def __init__(self):
        super().__init__()
        self.at = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        self.at.append(time.monotonic())
        return await super().handle_DATA(server, session, envelope)


@pytest.mark.parametrize(
    ("code", "text", "asks"),
    [
        (421, "4.7.28 Our system has detected an unusual rate of unsolicited mail", True),
        (450, "4.2.1 The user you are trying to contact is receiving mail too quickly", False),
        (451, "4.7.650 The mail server has been temporarily rate limited", True),
        (421, "4.7.0 [TSS04] Messages temporarily deferred due to user complaints", True),
        (450, "4.7.1 Greylisted, please come again", False),
        (452, "4.2.2 Mailbox full", False),
        (452, "4.5.3 Too many recipients", True),
        (550, "5.7.1 Too many", False),
        (250, "2.0.0 Ok", False),
    ],
)  # fmt: skip
def test_what_asks_to_slow_down(code, text, asks):
    from delivery.wire.replies import enhanced_code

    assert easing.asks_to_slow_down(code=code, enhanced=enhanced_code(text), text=text) is asks


def test_provider_that_asks_is_slowed_alone_and_its_words_are_kept(journals, monkeypatch):
    mailing = makers.make_started(people=4)
    with account_scope(mailing.account_id):
        Contact.objects.filter(email="p1@example.com").update(email="later1@gmail.com")
    with smtp_servers.running(smtp_servers.PickyMailbox()) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing)

    assert queries.ledger(mailing).sent == 3
    (slowed,) = easing.slowed(account_id=mailing.account_id, connection_ids=[None], now=datetime.now(UTC))
    assert (slowed.label, slowed.words) == ("Gmail", "451 4.7.1 Try again later")
    groups, loose = allowed(mailing)._group(people("a@gmail.com", "b@example.com"))
    assert [bucket.rate < 1 for bucket, _ in groups] == [True]
    assert [person.email for person in loose] == ["b@example.com"]


def test_each_further_word_halves_and_quiet_minutes_give_it_back():
    at = easing.key(AccountFactory().pk, None)
    redis_limits.client().delete(at)
    easing.slow_down(at=at, provider="gmail", rate=40.0, full=100.0, words="slow")
    easing.slow_down(at=at, provider="gmail", rate=40.0, full=100.0, words="slower for <e@x.org>")
    notes, now = easing.read(at), time.time()

    assert easing.rates(notes, now=now, full=100.0)["gmail"] == pytest.approx(20.0, abs=0.1)
    assert easing.rates(notes, now=now + 600, full=100.0)["gmail"] == pytest.approx(40.0, abs=0.1)
    assert easing.rates(notes, now=now + 3600, full=100.0) == {}
    assert ("slower" in notes["gmail"], "e@x" in notes["gmail"]) == (
        True,
        False,
    )  # the words of the same moment, counted once


def test_providers_are_told_by_domain_by_mx_host_or_are_their_own():
    redis_limits.client().set("ec:mx:harbour.example", "gmail", ex=60)
    found = mailbox_providers.providers_of(["googlemail.com", "hotmail.fr", "harbour.example", "alone.example"])

    assert found == {
        "googlemail.com": "gmail",
        "hotmail.fr": "microsoft",
        "harbour.example": "gmail",
        "alone.example": "alone.example",
    }
    hosts = ["aspmx.l.google.com.", "shop-example.mail.protection.outlook.com.", "mx1.ovh.net.", "mx.post.co.uk."]
    assert [mailbox_providers.provider_of_host(host) for host in hosts] == [
        "gmail",
        "microsoft",
        "ovh.net",
        "post.co.uk",
    ]


def test_platform_limits_an_account_by_command_and_mailings_are_looked_up_once(journals, monkeypatch):
    mailing = makers.make_started(people=2)
    call_command("limit_account", mailing.account.slug, "--per-hour", "7200")
    assert allowed(mailing)._rates == {"account": 2.0}
    asked = []
    monkeypatch.setattr(mailbox_providers, "look_up", lambda domains: asked.append(domains) or len(domains))

    assert [tasks.look_up_providers() for _ in range(2)] == [1, 0]
    assert asked == [["example.com"]]


def test_mx_hosts_are_looked_up_and_kept():
    class Resolver:
        async def resolve(self, domain, kind, lifetime):
            if domain == "dead.example":
                raise dns.resolver.NXDOMAIN
            found = dns.rdata.from_text("IN", "MX", f"10 mx.{domain}.google.com.")
            return [found, dns.rdata.from_text("IN", "MX", "20 backup.example.")]

    redis_limits.client().delete("ec:mx:bakery.example", "ec:mx:dead.example")
    wanted = ["bakery.example", "gmail.com", "dead.example"]

    assert mailbox_providers.look_up(wanted, resolver=Resolver()) == 1
    assert mailbox_providers.providers_of(["bakery.example"]) == {"bakery.example": "gmail"}
