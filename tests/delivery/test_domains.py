import json
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import Outbox
from accounts.services.auditing import SYSTEM
from delivery import tasks
from delivery.models import Batch, DkimKey, Mailing, Message, Outcome, Sender, SendingDomain
from delivery.records.lookup import DnsResolver
from delivery.services import claiming, domain_checks, domains, holding, origins, senders, signing_keys
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.delivery.dns_servers import Zone, running
from tests.delivery.makers import make_mailing, make_started
from tests.factories import NOW, AccountFactory, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    zone = Zone()
    with running(zone) as address:
        yield zone, address


@pytest.fixture
def zone(server, settings):
    zone, address = server
    zone.records.clear()
    zone.broken.clear()
    zone.put("shop.example", "SOA", "ns.shop.example. hostmaster.shop.example. 1 2 3 4 5")
    settings.DNS_SERVERS = [address]
    zone.resolver = lambda: DnsResolver([address], seconds=1)
    return zone


@pytest.fixture
def domain():
    return domains.add_domain(account=AccountFactory(), domain="shop.example", actor=SYSTEM, now=NOW)


def look(zone, domain, *, after=timedelta(), scheduled=True):
    domain_checks.check_domain(domain=domain, resolver=zone.resolver(), now=NOW + after, scheduled=scheduled)
    with account_scope(domain.account_id):
        return SendingDomain.objects.get(pk=domain.pk)


def key_states(domain):
    with account_scope(domain.account_id):
        rows = DkimKey.objects.filter(domain=domain).order_by("pk").values_list("algorithm", "state")
        return [f"{algorithm} {state}" for algorithm, state in rows]


def mails(domain):
    with platform_scope("tests: mails"):
        rows = Outbox.objects.filter(account_id=domain.account_id, topic__startswith="domain_").order_by("pk")
        return list(rows.values_list("topic", flat=True))


def test_domain_gets_sealed_keys_and_selectors_of_its_own(domain):
    other = domains.add_domain(account=AccountFactory(), domain="shop.example", actor=SYSTEM, now=NOW)
    names = [(record.kind, record.name) for record in domains.dns_records(domain)]
    assert [kind for kind, _ in names] == ["TXT", "TXT", "CNAME", "MX", "TXT", "TXT"]
    assert names[0][1].startswith("ec2703")
    assert names[2:] == [
        ("CNAME", "bounce.shop.example"), ("MX", "bounce.shop.example"), ("TXT", "bounce.shop.example"),
        ("TXT", "_dmarc.shop.example"),
    ]  # fmt: skip
    assert not {record.name for record in domains.dns_records(other)[:2]} & {name for _, name in names[:2]}
    with account_scope(domain.account_id):
        assert all(b"PRIVATE" not in bytes(key.sealed_private_key) for key in DkimKey.objects.all())


@pytest.mark.parametrize("text", ["", "no dots", "http://x", "a..b", "x@y@z.example", "news.emailconcert.localhost"])
def test_what_is_no_domain_or_ours_is_refused(text):
    with pytest.raises(domains.CannotAdd):
        domains.add_domain(account=AccountFactory(), domain=text, actor=SYSTEM, now=NOW)


def test_domain_is_added_once(domain):
    with account_scope(domain.account_id), pytest.raises(domains.CannotAdd, match="already"):
        domains.add_domain(account=domain.account, domain="SHOP.example", actor=SYSTEM, now=NOW)


def test_domain_is_verified_when_its_records_are_published(zone):
    account = AccountFactory()
    senders.add_sender(account=account, name="Shop", email="n@mail.shop.example", actor=SYSTEM, now=NOW)
    domain = domains.add_domain(account=account, domain="shop.example", actor=SYSTEM, now=NOW)
    assert look(zone, domain).verified_at is None

    zone.publish(record for record in domains.dns_records(domain) if record.key != "dmarc")
    assert look(zone, domain).verified_at is None  # mailbox providers ask bulk senders for DMARC
    zone.publish(domains.dns_records(domain))
    found = look(zone, domain, scheduled=False)

    assert (found.verified_at, found.zone, found.misses) == (NOW, "shop.example", 0)
    with account_scope(account):
        sender = Sender.objects.get()
        assert (sender.domain_id, sender.verified_at) == (domain.pk, NOW)
        assert [signer.selector[:2] for signer in signing_keys.signers(found)] == ["ec", "ed"]


def test_verified_domain_is_let_go_only_after_three_misses_of_our_own(zone, client):
    alice, _, _ = make_cast()
    domain = domains.add_domain(account=alice.account, domain="shop.example", actor=SYSTEM, now=NOW)
    zone.publish(domains.dns_records(domain))
    look(zone, domain)
    dmarc = ("_dmarc.shop.example", "TXT")
    text = zone.records.pop(dmarc)
    zone.broken.add("_dmarc.shop.example")
    for _ in range(4):
        failed = look(zone, domain)
    assert (failed.verified_at, failed.misses) == (NOW, 0)  # nobody's answer is no miss
    assert failed.next_check_at == NOW + timedelta(hours=1)

    zone.broken.clear()
    assert [look(zone, domain, scheduled=False).misses for _ in range(4)] == [0, 0, 0, 0]
    zone.broken.add("links.shop.example")
    for misses in (1, 2):
        after = timedelta(hours=6 * misses)
        for _ in range(3):  # tasks that were doubled count once
            found = look(zone, domain, after=after)
            planned = NOW + after + timedelta(hours=6)
            assert (found.misses, found.verified_at, found.next_check_at) == (misses, NOW, planned)
    later = look(zone, domain, after=timedelta(hours=18))
    assert (later.verified_at, later.broken_at, mails(domain)) == (None, NOW + timedelta(hours=18), ["domain_broken"])
    client.force_login(alice.user)
    for path in ("/", "/settings/sending/"):
        assert "A DNS record of shop.example is gone" in client.get(path).content.decode()
    look(zone, domain, after=timedelta(hours=24))
    assert mails(domain) == ["domain_broken"]  # told once

    zone.records[dmarc] = text
    well = look(zone, domain, after=timedelta(hours=30))
    assert (well.verified_at, well.broken_at, well.misses) == (NOW + timedelta(hours=30), None, 0)
    assert mails(domain) == ["domain_broken", "domain_well"]
    assert (
        timedelta(0)
        <= well.next_check_at - (NOW + timedelta(hours=30)).replace(hour=0) - timedelta(days=1)
        < timedelta(hours=5)
    )


def test_due_domains_are_taken_once_and_looked_at_by_a_task(zone, domain, monkeypatch):
    zone.publish(domains.dns_records(domain))
    assert domain_checks.take_due(now=NOW) == []  # its owner's own check comes first
    due = NOW + timedelta(hours=2)
    assert domain_checks.take_due(now=due) == [(domain.account_id, domain.pk)]
    assert domain_checks.take_due(now=due) == []
    assert domain_checks.take_due(now=due + domain_checks.LEASE) == [(domain.account_id, domain.pk)]

    assert tasks.check_domain(account_id=domain.account_id, domain_id=domain.pk, scheduled=True)
    assert tasks.check_domain(account_id=domain.account_id, domain_id=0) is False


def test_new_keys_take_over_once_they_are_seen_and_settled(zone, domain):
    with pytest.raises(signing_keys.CannotRotate, match="do not sign yet"):
        signing_keys.rotate(domain=domain, actor=SYSTEM, now=NOW)
    zone.publish(domains.dns_records(domain))
    look(zone, domain)
    assert key_states(domain) == ["rsa signing", "ed25519 signing"]
    old = domains.dns_records(domain)[:2]

    signing_keys.rotate(domain=domain, actor=SYSTEM, now=NOW)
    with pytest.raises(signing_keys.CannotRotate, match="wait already"):
        signing_keys.rotate(domain=domain, actor=SYSTEM, now=NOW)
    found = look(zone, domain)
    assert (found.misses, found.verified_at) == (0, NOW)  # the present key is enough
    zone.publish(domains.dns_records(domain))
    assert look(zone, domain).next_check_at == NOW + timedelta(hours=1)
    assert key_states(domain)[2:] == ["rsa published", "ed25519 published"]
    look(zone, domain, after=timedelta(hours=1))
    assert key_states(domain) == ["rsa retired", "ed25519 retired", "rsa signing", "ed25519 signing"]

    for record in old:
        zone.put(record.name, record.kind)
    look(zone, domain, after=timedelta(days=6))
    assert len(key_states(domain)) == 4
    look(zone, domain, after=timedelta(days=9))
    assert key_states(domain) == ["rsa signing", "ed25519 signing"]


def test_ed25519_signs_only_while_it_is_published(zone, domain):
    zone.publish(domains.dns_records(domain))
    look(zone, domain)
    ed = next(record for record in domains.dns_records(domain) if "ed25519" in record.value)
    zone.put(ed.name, "TXT")

    assert look(zone, domain).misses == 0
    assert key_states(domain) == ["rsa signing", "ed25519 new"]


def test_address_of_the_member_is_verified_at_once():
    account = AccountFactory()
    sender = senders.add_sender(
        account=account, name="A", email="A@x.example", actor=SYSTEM, now=NOW, proved=frozenset({"a@x.example"})
    )

    assert sender.verified_at == NOW
    with pytest.raises(senders.CannotAdd, match="already"):
        senders.add_sender(account=account, name="A", email="a@x.example", actor=SYSTEM, now=NOW)


def test_owner_checks_renews_keys_and_removes_on_the_page(
    zone, client, monkeypatch, django_capture_on_commit_callbacks
):
    alice, bob, charlie = make_cast()
    asked = []
    monkeypatch.setattr(tasks.check_domain, "delay", lambda **told: asked.append(told))
    client.force_login(alice.user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("delivery:add-domain"), {"domain": "shop.example"})
    [told] = asked
    page = reverse("delivery:domain", args=[told["domain_id"]])
    shown = client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "Looking up the records" in shown
    assert 'hx-trigger="every 2s"' in shown
    assert "<html" not in shown
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{page}check/")
    assert len(asked) == 1  # one is under way

    with account_scope(alice.account):
        domain = SendingDomain.objects.get()
    zone.publish(domains.dns_records(domain))
    zone.put("_dmarc.shop.example", "TXT", "v=DMARC1; p=often")
    tasks.check_domain(**told)
    shown = client.get(page).content.decode()
    assert "hx-trigger" not in shown.partition('id="records"')[2].partition(">")[0]
    assert "p=often is no policy" in shown
    assert shown.count("Matches") == 5
    zone.publish(domains.dns_records(domain))
    tasks.check_domain(**told)
    client.post(f"{page}rotate/")
    assert "New DKIM keys wait" in client.get(page).content.decode()

    mailing, _ = make_mailing(account=alice.account, people=1)
    with account_scope(alice.account):
        Mailing.objects.filter(pk=mailing.pk).update(domain=domain, state=Mailing.State.PAUSED)
    assert "or is paused" in client.post(f"{page}remove/", follow=True).content.decode()
    client.force_login(bob.user)
    assert [client.post(f"{page}{step}/").status_code for step in ("check", "rotate", "remove")] == [403] * 3
    client.force_login(charlie.user)
    assert [client.post(f"{page}{step}/").status_code for step in ("check", "rotate", "remove")] == [404] * 3
    client.force_login(alice.user)
    with account_scope(alice.account):
        Mailing.objects.filter(pk=mailing.pk).update(state=Mailing.State.CANCELLED)
    client.post(f"{page}remove/")
    assert client.get(page).status_code == 404


def test_command_tells_of_any_name_with_an_honest_code(zone, domain, capsys):
    def run(*words):
        try:
            call_command("check_domain", *words, "--json")
        except SystemExit as left:
            code = left.code
        else:
            code = 0
        return code, json.loads(capsys.readouterr().out)

    code, said = run("Shop.Example.")
    assert (code, said["account"], said["ok"], said["state"], said["zone"]) == (
        1, domain.account_id, False, "missing", "shop.example",
    )  # fmt: skip
    zone.publish(domains.dns_records(domain))
    code, said = run("shop.example")
    assert (code, said["ok"], {row["state"] for row in said["records"]}) == (0, True, {"matches"})
    assert set(said["records"][0]) == {
        "key", "kind", "name", "relative", "expected", "purpose", "needed", "state", "found", "words",
    }  # fmt: skip
    zone.broken.add("_dmarc.shop.example")
    assert run("shop.example")[0] == 2

    zone.put("other.example", "TXT", "v=spf1 mx -all")
    code, said = run("other.example")
    assert (code, said["account"], said["records"][-1]["key"], said["records"][-1]["state"]) == (
        1,
        None,
        "spf",
        "matches",
    )
    with pytest.raises(CommandError) as refused:
        call_command("check_domain", "no dots")
    assert refused.value.returncode == 2


def test_mail_of_an_unverified_domain_leaves_from_ours_with_answers_to_the_sender(settings):
    alice, _, _ = make_cast()
    shared, _ = make_mailing(account=alice.account, people=1)
    assert (shared.from_email, shared.reply_to, shared.domain) == (
        f"news-{alice.account.slug}@{settings.PLATFORM_DOMAIN}", "news0@shop.example", None,
    )  # fmt: skip
    settings.SHARED_DOMAIN = False
    with account_scope(alice.account), pytest.raises(origins.CannotMail, match="is not verified"):
        origins.origin_of(Sender.objects.get(), account=alice.account)


def test_domain_that_is_lost_on_the_way_holds_its_mailings(zone, journals):
    alice, _, _ = make_cast()
    domain = domains.add_domain(account=alice.account, domain="shop.example", actor=SYSTEM, now=NOW)
    zone.publish(domains.dns_records(domain))
    mailing = make_started(account=alice.account, people=1, domain=look(zone, domain))
    assert (mailing.from_email, mailing.reply_to, mailing.domain_id) == ("news0@shop.example", "", domain.pk)
    with account_scope(alice.account):
        SendingDomain.objects.update(verified_at=None)

    claim = partial(claiming.claim_batch, account_id=mailing.account_id, mailing_id=mailing.pk, now=NOW)
    assert claim() is None
    with account_scope(alice.account):
        held = Mailing.objects.get()
    assert (held.state, "shop.example is no longer verified" in held.held_reason) == (Mailing.State.PAUSED, True)

    look(zone, domain)
    holding.resume_mailing(mailing=mailing, now=NOW)
    found = claim()
    found.journal.close()
    assert len(found.people) == 1

    with account_scope(alice.account):
        Message.objects.update(outcome=Outcome.UNCONFIRMED)
        Batch.objects.update(state=Batch.State.DONE, sending=0, unconfirmed=1)
        Mailing.objects.update(state=Mailing.State.DONE)
    domains.remove_domain(domain=domain, actor=SYSTEM, now=NOW)
    with pytest.raises(holding.CannotHold, match="removed from your sending domains"):
        holding.resend_unconfirmed(mailing=mailing, now=NOW)
    with account_scope(alice.account):
        Mailing.objects.update(state=Mailing.State.SENDING)
        Batch.objects.update(state=Batch.State.OPEN)
    assert claim() is None
    with account_scope(alice.account):
        assert "can't leave in its name" in Mailing.objects.get().held_reason
