from datetime import timedelta

import pytest
from django.urls import reverse

from delivery.models import SendingDomain
from delivery.records.lookup import DnsResolver
from delivery.reputation_models import BlocklistCheck
from delivery.services import blocklists
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.delivery import dns_servers
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


def found():
    with platform_scope("test"):
        return {row.name: (row.listed, row.silent) for row in BlocklistCheck.objects.all()}


def test_names_are_looked_up_once_a_day_and_shown_to_whom_they_concern(client, settings):
    alice, _, charlie = make_cast()
    for member, name, verified in (
        (alice, "alices.example", NOW),
        (charlie, "charlies.example", NOW),
        (alice, "no.example", None),
    ):
        with account_scope(member.account):
            SendingDomain.objects.create(domain=name, verified_at=verified)
    zone = dns_servers.Zone()
    zone.put("2.0.0.192.ips.example", "A", "127.0.0.4")
    zone.put("2.0.0.192.ips.example", "TXT", "Exploited,  see https://ips.example/")
    zone.put("alices.example.names.example", "A", "127.0.1.2")
    zone.put("charlies.example.names.example", "A", "127.255.255.254")
    zone.broken.add("9.0.0.192.ips.example")
    page = reverse("delivery:reputation")
    client.force_login(alice.user)
    with dns_servers.running(zone) as server:
        resolver = DnsResolver([server], seconds=1)
        settings.SENDING_IPS = ["192.0.0.2", "192.0.0.9"]
        assert blocklists.look_up_due(resolver=resolver, now=NOW) == 0
        assert (zone.asked, "Blocklists" in client.get(page).content.decode()) == ([], False)

        settings.BLOCKLISTS, settings.DOMAIN_BLOCKLISTS = ["ips.example"], ["names.example"]
        assert blocklists.look_up_due(resolver=resolver, now=NOW) == 4
        assert blocklists.look_up_due(resolver=resolver, now=NOW + timedelta(hours=1)) == 0
    assert found() == {
        "192.0.0.2": ({"ips.example": "Exploited, see https://ips.example/"}, []),
        "192.0.0.9": ({}, ["ips.example"]),
        "alices.example": ({"names.example": "Listed."}, []),
        "charlies.example": ({}, ["names.example"]),
    }
    shown = client.get(page).content.decode()
    assert "alices.example is on names.example." in shown
    assert "192.0.0.2 is on ips.example." in shown

    settings.DOMAIN_BLOCKLISTS = []
    assert blocklists.look_up_due(resolver=resolver, now=NOW + timedelta(hours=2)) == 0
    assert set(found()) == {"192.0.0.2", "192.0.0.9"}


def test_address_of_the_new_kind_is_asked_for_by_nibbles():
    assert blocklists._asked("2001:db8::1") == "1." + "0." * 23 + "8.b.d.0.1.0.0.2"
