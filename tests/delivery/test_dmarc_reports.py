"""Aggregate reports: read in every packing, bounded, kept once with whom they are about, and believed by nobody."""

import gzip
import io
import itertools
import zipfile
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.dmarc import reading, unpacking
from delivery.models import DmarcReport, DmarcSource, SendingDomain
from delivery.services import dmarc_reports, dmarc_standing
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW, make_cast
from tracking.doors.receiving import is_ours
from tracking.services import taking_mail

TO = "dmarc@emailconcert.localhost"


def record(*, source="192.0.2.7", count=10, dkim="pass", spf="fail", disposition="none", header_from="shop.example"):
    return (
        f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated>"
        f"<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row>"
        f"<identifiers><header_from>{header_from}</header_from></identifiers>"
        "<auth_results><dkim><domain>else.example</domain><result>fail</result></dkim></auth_results></record>"
    )


def report(
    *records, domain="shop.example", number="1", policy="none", head="", tag="feedback", at=NOW, org="google.com"
):
    begin = int((at - timedelta(days=1)).timestamp())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<{tag}><version>1.0</version><report_metadata>'
        f"<org_name>{org}</org_name><email>noreply@google.com</email><report_id>{number}</report_id>"
        f"<date_range><begin>{begin}</begin><end>{begin + 86399}</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain><adkim>r</adkim><p>{policy}</p><sp>none</sp><pct>100</pct></policy_published>"
        f"{''.join(records) or record()}</feedback>"
    ).encode()


def zipped(xml, name="google.com!shop.example!1!2.xml"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "no")
        archive.writestr(name, xml)
    return file.getvalue()


def mail(raw, kind="application/gzip"):
    message = EmailMessage()
    message["Subject"] = "Report domain: shop.example Submitter: google.com Report-ID: 1"
    message.set_content("This is an aggregate report.")
    main, _, sub = kind.partition("/")
    message.add_attachment(raw, maintype=main, subtype=sub, filename="report")
    return message.as_bytes()


def verified(account, name):
    with account_scope(account):
        return SendingDomain.objects.create(domain=name, verified_at=NOW)


def take(content, now=NOW):
    return taking_mail.take_mail(recipient=TO, content=content, now=now)


@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        (gzip.compress, "application/gzip"),
        (gzip.compress, "application/octet-stream"),
        (zipped, "application/zip"),
        (bytes, "text/xml"),
        (lambda xml: b"\xef\xbb\xbf\r\n" + xml, "application/xml"),
    ],
)
@pytest.mark.parametrize("tag", ["feedback", 'feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"'])
def test_report_is_read_in_every_packing_with_or_without_a_namespace(pack, kind, tag):
    xml = report(record(), record(), record(source="2001:db8::1", count=3, dkim="fail"), tag=tag)

    found = reading.read_xml(unpacking.xml_of(mail(pack(xml), kind)), now=NOW)

    assert (found.org, found.report_id, found.domain, found.policy) == ("google.com", "1", "shop.example", "none")
    assert found.begin == (NOW - timedelta(days=1)).replace(microsecond=0)
    assert found.sources == {
        reading.Source("shop.example", "192.0.2.0", True, False, "none"): 20,
        reading.Source("shop.example", "2001:db8::", False, False, "none"): 3,
    }


BOMB = b"<feedback>" + b" " * (unpacking.LARGEST + 1)
LAUGHS = (
    '<!DOCTYPE feedback [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    '<!ENTITY x SYSTEM "file:///etc/passwd">]>'
)


@pytest.mark.parametrize(
    "raw",
    [
        gzip.compress(BOMB),
        zipped(BOMB),
        gzip.compress(b"<feedback>" + b" " * (unpacking.LARGEST - 100)),  # within its size, not within its density
        gzip.compress(report())[:40],
        zipped(report())[:-30],
        zipped(report(), name="run.exe"),
        b"PK\x03\x04nonsense",
        report(head=LAUGHS),
        report(record(source="&x;"), head=LAUGHS),
        report()[:-5],
        report(record(count=0), record(count=-3), record(count="many"), record(count="9" * 30)),
        report(domain=""),
        report(at=NOW - timedelta(days=90)),
        report(at=NOW + timedelta(days=30)),
        report().replace(b"<begin>", b"<begin>99"),  # a year that no calendar has
        b"<html>feedback</html>",
        b"",
    ],
    ids=itertools.count(),  # packed bytes tell the second in which they were packed
)
def test_bombs_entities_and_nonsense_are_no_reports(raw):
    with pytest.raises(unpacking.NotAReport):
        reading.read_xml(unpacking.xml_of(mail(raw)), now=NOW)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_comes_is_a_report_or_is_not(data):
    xml = report(record(), record(source="x", header_from="ä.example"))
    cut = data.draw(st.integers(0, len(xml)))
    raw = xml[:cut] + data.draw(st.binary(max_size=30)) + xml[cut + data.draw(st.integers(0, 40)) :]
    packed = data.draw(st.sampled_from([bytes, gzip.compress, zipped]))(raw)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(packed)))
        packed = packed[:at] + data.draw(st.binary(max_size=4)) + packed[at + 2 :]
    try:
        found = reading.read_xml(unpacking.xml_of(mail(packed)), now=NOW)
    except unpacking.NotAReport:
        return
    assert found.domain
    assert all(0 < count <= 10**9 for count in found.sources.values())


@pytest.mark.django_db
def test_report_goes_once_to_each_account_that_has_verified_the_domain_and_to_nobody_else():
    alice, _, charlie = make_cast()
    verified(alice.account, "shop.example")
    verified(charlie.account, "news.shop.example")
    with account_scope(charlie.account):
        SendingDomain.objects.create(domain="shop.example")
    xml = report(record(), record(count=4, header_from="news.shop.example", source="198.51.100.9"))

    assert is_ours(TO)
    assert [take(mail(gzip.compress(xml))) for _ in range(2)] == ["report", "ignored"]
    assert take(mail(gzip.compress(report(domain="unknown.example")))) == "ignored"
    assert take(b"Subject: Win\r\n\r\nCheap watches") == "ignored"

    with account_scope(alice.account):
        assert DmarcReport.objects.count() == 1
        assert sorted(DmarcSource.objects.values_list("network", "messages")) == [
            ("192.0.2.0", 10),
            ("198.51.100.0", 4),
        ]
    with account_scope(charlie.account):  # only its own name's
        assert list(DmarcSource.objects.values_list("network", "messages")) == [("198.51.100.0", 4)]


@pytest.mark.django_db
def test_flood_of_reports_ends_and_old_ones_go(monkeypatch):
    alice, _, _ = make_cast()
    verified(alice.account, "shop.example")
    monkeypatch.setattr(dmarc_reports, "MOST_A_DAY", 2)

    taken = [take(mail(report(number=str(number)), "text/xml")) for number in range(3)]
    assert taken == ["report", "report", "ignored"]
    assert dmarc_reports.sweep(NOW - timedelta(days=1), False) == 0
    assert dmarc_reports.sweep(NOW + timedelta(days=1), False) == 4


@pytest.mark.django_db
def test_page_tells_who_sends_in_a_domains_name_and_what_to_do_next(client, django_assert_max_num_queries):
    alice, bob, charlie = make_cast()
    now = timezone.now()
    domain = verified(alice.account, "shop.example")
    well = report(record(count=990), record(count=10, dkim="fail", source="203.0.113.5"), at=now, number="a")
    take(mail(well, "text/xml"), now=now)
    page = reverse("delivery:reputation")
    client.force_login(bob.user)

    shown = client.get(page).content.decode()
    assert "99.0\u202f%</strong> of" in shown
    assert "203.0.113.0/24" in shown
    assert "Too little is known yet" in shown

    take(mail(report(record(count=500), at=now - timedelta(days=20), number="b", org="yahoo.com"), "text/xml"), now=now)
    with django_assert_max_num_queries(24):
        assert "Change p=none to p=quarantine" in client.get(page).content.decode()
    bad = report(
        record(count=900, dkim="fail", source="203.0.113.5", disposition="reject"),
        at=now,
        number="c",
        policy="quarantine",
    )
    take(mail(bad, "text/xml"), now=now)
    assert "leave p=quarantine until then" in client.get(page).content.decode()
    with account_scope(alice.account):
        (standing,) = dmarc_standing.read(account_id=alice.account.pk, now=datetime.now(UTC))
        assert standing.strangers == [dmarc_standing.Stranger("203.0.113.0", 910, 1, 900)]
        domain.delete()
        assert DmarcSource.objects.count() == 0

    client.force_login(charlie.user)
    assert "shop.example" not in client.get(page).content.decode()
