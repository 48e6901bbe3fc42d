"""Own connections: entered, sealed, routed, tested in words."""

import socket
from types import SimpleNamespace

import pytest
from django.urls import reverse

from accounts.services.auditing import SYSTEM
from delivery import tasks
from delivery.esps import ESPS
from delivery.models import Connection, Mailing, SendingDomain
from delivery.services import connecting, connection_tests, connections, routing
from delivery.services.connecting import Plan
from delivery.wire.server import Server, judged_addresses
from emailconcert.lib.tenancy import account_scope
from tests.delivery import smtp_servers
from tests.delivery.makers import make_mailing
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db
SMTP = {"host": "smtp.example.com", "port": "587", "security": "starttls", "username": "me", "password": "s3cret"}


def save(account, *, name="Mine", values=None, connection=None, **rules):
    plan = Plan(name, values or SMTP, secrets=frozenset({"password"}), **rules)
    return connecting.save_connection(
        account=account, provider="smtp", plan=plan, connection=connection, actor=SYSTEM, now=NOW
    )


def test_closest_rule_carries_a_mailing_and_the_platform_the_rest():
    alice, _, _ = make_cast()
    with account_scope(alice.account):
        shop = SendingDomain.objects.create(domain="shop.example", verified_at=NOW)
        other = SendingDomain.objects.create(domain="other.example", verified_at=NOW)
        assert routing.choose(domain=shop, kind="campaign") is None
        save(alice.account, name="kind", for_kind="campaign")
        save(alice.account, name="domain", for_domain=shop)
        save(alice.account, name="default", is_default=True)
        chosen = [
            routing.choose(domain=domain, kind=kind).name
            for domain, kind in ((shop, "campaign"), (other, "campaign"), (other, "automation"))
        ]
        assert chosen == ["domain", "kind", "default"]
        assert routing.choose(domain=None, kind="campaign") is None  # our own address leaves by our own servers
        save(alice.account, name="both", for_domain=shop, for_kind="campaign")
    mailing, _ = make_mailing(account=alice.account, people=1, domain=shop)
    with account_scope(alice.account):
        assert Mailing.objects.select_related("connection").get(pk=mailing.pk).connection.name == "both"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"host": "10.0.0.7"}, "private network"),
        ({"host": "::1"}, "private network"),
        ({"host": "localhost"}, "full name"),
        ({"port": "6379"}, "not one of mail servers"),
        ({"host": "smtp..example.com"}, "no server's name"),
    ],
)
def test_private_networks_and_odd_ports_are_refused(values, words, settings):
    alice, _, _ = make_cast()
    with pytest.raises(connecting.CannotConnect, match=words):
        save(alice.account, values=SMTP | values)
    settings.PRIVATE_CONNECTIONS = True
    assert save(alice.account, values=SMTP | values).pk


def test_name_that_leads_into_a_private_network_is_not_connected_to(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("192.168.0.1", 25))])
    with pytest.raises(PermissionError, match="private network"):
        judged_addresses(Server("mail.example.com", 25, public_only=True))
    assert judged_addresses(Server("mail.example.com", 25)) == ["192.168.0.1"]
    monkeypatch.undo()
    with pytest.raises(socket.gaierror, match="no server's name"):
        judged_addresses(Server("smtp..example.com", 25))
    assert "s3cret" not in repr(Server("mail.example.com", 25, password="s3cret"))


def test_secrets_are_kept_sealed_and_never_shown(client, settings, monkeypatch, django_capture_on_commit_callbacks):
    alice, bob, charlie = make_cast()
    client.force_login(alice.user)
    assert "Not for bulk mail" in client.get(reverse("delivery:choose-connection")).content.decode()
    assert client.get(reverse("delivery:add-connection", args=["mandrill"])).status_code == 404
    for provider in ESPS:
        if not ESPS[provider].refused:
            assert client.get(reverse("delivery:add-connection", args=[provider])).status_code == 200
    answer = client.post(
        reverse("delivery:add-connection", args=["smtp"]), SMTP | {"name": "Mine", "host": "localhost"}
    )
    assert (answer.status_code, b"s3cret" in answer.content) == (422, False)
    page = client.post(
        reverse("delivery:add-connection", args=["smtp"]), SMTP | {"name": "Mine", "is_default": "on"}
    ).url
    shown = [client.get(path).content for path in (page, f"{page}edit/", reverse("delivery:sending"))]
    assert not [each for each in shown if b"s3cret" in each]
    assert b"Stored. Write a new one to replace it." in shown[1]

    moved = SMTP | {"name": "Yours", "password": "", "host": "mx.example.com"}
    for other in (moved, SMTP | {"name": "Yours", "password": "", "security": "plain"}):
        assert client.post(f"{page}edit/", other).status_code == 422  # else whoever edits it reads what is stored
    client.post(f"{page}edit/", moved | {"host": SMTP["host"], "port": "465"})
    with account_scope(alice.account):
        assert connections.open_settings(Connection.objects.get())["password"] == "s3cret"
    client.post(f"{page}edit/", moved | {"password": "s3cret"})
    with account_scope(alice.account):
        made = Connection.objects.get()
        known = connections.open_settings(made)
    assert (made.name, made.shown, made.is_default) == ("Yours", "mx.example.com:587", False)
    assert (known["password"], known["host"], known["port"]) == ("s3cret", "mx.example.com", 587)

    asked = []
    monkeypatch.setattr(tasks.test_connection, "delay", lambda **told: asked.append(told))
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"{page}test/")
    assert len(asked) == 1
    assert "Testing…" in client.get(page, headers={"HX-Request": "true"}).content.decode()
    for member, code in ((bob, 403), (charlie, 404)):
        client.force_login(member.user)
        assert {client.get(page).status_code, client.post(f"{page}remove/").status_code} == {code}
    client.force_login(alice.user)
    client.post(f"{page}remove/")
    with account_scope(alice.account):
        assert not Connection.objects.exists()


def steps(values, sender="news@shop.example"):
    server = Server(**{"security": "plain", "host": "127.0.0.1", **values})
    return [(title, worked, words) for title, worked, words in connection_tests._smtp_steps(server, sender)]


def test_test_says_what_fails_in_words(settings):
    with smtp_servers.running(smtp_servers.Mailbox()) as (host, port):
        good = steps({"host": host, "port": port})
        assert [worked for _, worked, _ in good] == [True] * 5
        assert "Nothing was sent" in good[-1][2]
        assert "does not offer STARTTLS" in steps({"host": host, "port": port, "security": "starttls"})[-1][2]
        assert "No TLS" in steps({"host": host, "port": port, "security": "tls"})[-1][2]
    assert "Nothing listens" in steps({"port": port})[-1][2]
    assert steps({"host": "no-such-host.invalid", "port": 25})[-1][1:] == (
        False, "There is no server called no-such-host.invalid. Check how it is written.",
    )  # fmt: skip
    with smtp_servers.running(smtp_servers.SuspendedMailbox()) as (host, port):
        assert "takes no mail from news@shop.example" in steps({"host": host, "port": port})[-1][2]
    assert "private network" in steps({"port": port, "public_only": True})[-1][2]


def test_result_of_a_test_is_kept(settings):
    settings.PRIVATE_CONNECTIONS = True
    alice, _, _ = make_cast()
    with smtp_servers.running(smtp_servers.Mailbox()) as (host, port):
        made = save(alice.account, values=SMTP | {"host": host, "port": str(port), "security": "plain", "username": ""})
        tasks.test_connection(
            account_id=alice.account.pk, connection_id=made.pk, sender="a@b.example", to="c@d.example"
        )
    with account_scope(alice.account):
        found = Connection.objects.get()
    assert found.tested_at
    assert [step[1] for step in found.test_steps] == [True] * 5


def test_provider_that_refuses_is_quoted_in_words():
    for code, words in ((401, "key is refused"), (403, "verified"), (429, "slow down"), (500, "answered 500")):
        error = SimpleNamespace(status_code=code)
        assert words in connection_tests._provider_words(error)
    backend = "anymail.backends.test.EmailBackend"
    assert [step[1] for step in connection_tests._provider_steps(backend, {}, "a@b.example", "c@d.example")] == [True]
