"""What records mean, asked of a real name server."""

import pytest

from delivery.records import checking, dmarc, hosts, signing, spf
from delivery.records.finding import Finding, State
from delivery.records.lookup import DnsResolver, LookupFailed
from tests.delivery.dns_servers import Zone, running

KEY = "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0BAQ" * 18
PLATFORM = checking.Platform("ours.example", "click.ours.example")


@pytest.fixture(scope="module")
def server():
    zone = Zone()
    with running(zone) as address:
        yield zone, address


@pytest.fixture
def zone(server):
    zone, address = server
    zone.records.clear()
    zone.broken.clear()
    zone.silent.clear()
    zone.put("shop.example", "SOA", "ns.shop.example. hostmaster.shop.example. 1 2 3 4 5")
    zone.resolver = lambda: DnsResolver([address], seconds=0.4)
    return zone


def records():
    return checking.records_for("shop.example", [checking.Key("s1", KEY, "DKIM")], PLATFORM)


def check(zone):
    resolver = zone.resolver()
    found = checking.check(records(), domain="shop.example", zone=resolver.zone_of("shop.example"), resolver=resolver)
    return {key: finding.state.value for key, finding in found.items()}, found


def test_what_is_published_matches_and_what_is_not_is_missing(zone):
    assert set(check(zone)[0].values()) == {"missing"}

    zone.publish(each for each in records() if each.needed or each.key == "links")

    states, found = check(zone)
    assert states == dict.fromkeys(
        ["dkim-s1", "return-path", "return-path-mx", "return-path-spf", "dmarc", "links"], "matches"
    )
    assert found["dkim-s1"].found == (KEY,)  # three chunks on the wire
    assert Finding.from_json(found["links"].as_json()) == found["links"]
    assert [each.relative("shop.example") for each in records()][:2] == ["s1._domainkey", "bounce"]


def test_return_path_is_as_good_by_mx_and_txt(zone):
    zone.publish(each for each in records() if each.kind != "CNAME")
    states, found = check(zone)
    assert (states["return-path"], states["return-path-mx"], states["return-path-spf"]) == ("matches",) * 3
    assert "as MX and TXT" in found["return-path"].words

    zone.put("bounce.shop.example", "MX", "10 mail.elsewhere.example.")
    states, found = check(zone)
    assert (states["return-path"], states["return-path-mx"]) == ("differs", "differs")
    assert "goes elsewhere" in found["return-path"].words


def test_server_that_fails_says_nothing_about_the_record(zone):
    zone.publish(records())
    zone.broken.add("s1._domainkey.shop.example")
    zone.silent.add("_dmarc.shop.example")

    states, found = check(zone)

    assert (states["dkim-s1"], states["dmarc"], states["links"]) == ("failed", "failed", "matches")
    assert "did not answer in time" in found["dmarc"].words
    with pytest.raises(LookupFailed):
        zone.resolver().find("s1._domainkey.shop.example", "TXT")


def test_name_that_the_console_doubled_is_found_out(zone):
    zone.put("s1._domainkey.shop.example.shop.example", "TXT", KEY)
    states, found = check(zone)
    assert states["dkim-s1"] == "differs"
    assert "Enter only s1._domainkey" in found["dkim-s1"].words


@pytest.mark.parametrize(
    ("texts", "state", "words"),
    [
        ([KEY.replace("; ", ";")], "matches", ""),
        ([f"p={KEY.partition('p=')[2][:40]} {KEY.partition('p=')[2][40:]}"], "matches", ""),
        ([KEY + "; t=y"], "matches", "testing"),
        ([f'"{KEY}"'], "differs", "quotation marks"),
        ([KEY, KEY], "differs", "Only one"),
        (["v=DKIM1; k=rsa; p="], "differs", "taken back"),
        ([KEY[:100]], "differs", "cut off"),
        ([KEY[:-5] + "xxxxx"], "differs", "another key"),
        (["v=DKIM1; k=ed25519; p=AAAA"], "differs", "another kind"),
        ([KEY + "; h=sha1"], "differs", "sha256"),
        (["hello"], "differs", "name=value"),
    ],
)
def test_key_record_is_read_as_receivers_read_it(texts, state, words):
    finding = signing.judge(tuple(texts), expected=KEY)
    assert finding.state == state
    assert words in finding.words


@pytest.mark.parametrize(
    ("texts", "state", "words"),
    [
        (["V=SPF1 Include:SPF.ours.example -all"], "matches", ""),
        (["v=spf1 ip4:192.0.2.1 mx include:middle.example ~all"], "matches", ""),
        (["v=spf1 redirect=spf.ours.example"], "matches", ""),
        (["v=spf1 ip4:192.0.2.1 ~all"], "differs", "Add include:spf.ours.example"),
        (["v=spf1 -include:spf.ours.example ~all"], "differs", "Add include"),
        (["v=spf1 include:spf.ours.example +all"], "differs", "lets anybody send"),
        (["v=spf1 include:spf.ours.example -all", "v=spf1 mx -all"], "differs", "two SPF records"),
        (["v=spf1 include:spf.ours.example " + "a:x.example " * 10 + "-all"], "differs", "11 look-ups"),
        (["v=spf1 include:spf.ours.example include:gone.example -all"], "differs", "has no SPF record"),
        (["v=spf1 includes:spf.ours.example -all"], "differs", "no part of SPF"),
        (["v=spf10 -all", "site-verification=1"], "missing", ""),
    ],
)
def test_spf_is_judged_by_what_it_allows(zone, texts, state, words):
    zone.put("middle.example", "TXT", "v=spf1 include:spf.ours.example ?all")
    zone.put("bounce.shop.example", "TXT", *texts)
    resolver = zone.resolver()
    found = resolver.find("bounce.shop.example", "TXT").texts
    finding = spf.judge(found, name="bounce.shop.example", target="spf.ours.example", resolver=resolver)
    assert finding.state == state
    assert words in finding.words


@pytest.mark.parametrize(
    ("at", "texts", "state", "words"),
    [
        (
            "shop.example",
            ["v=DMARC1;p=reject; adkim=s; rua=mailto:a@x.example,mailto:b@x.example"],
            "matches",
            "refuses",
        ),
        ("example", ["v=DMARC1; p=reject"], "missing", ""),
        ("shop.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "differs", "several"),
        ("shop.example", ["v=DMARC1; p=maybe"], "differs", "is no policy"),
        ("shop.example", ["v=DMARC1; rua=me@shop.example; p=none"], "differs", "mailto:"),
        ("shop.example", ["v=DMARC1; p=none; aspf=x"], "differs", "neither r nor s"),
        ("shop.example", ["v=DMARC1; pct=10"], "differs", "no policy"),
        ("shop.example", ["V=dmarc1; p=none"], "differs", "capitals"),
        ("shop.example", ["hello"], "differs", "not DMARC"),
    ],
)
def test_dmarc_is_read_by_its_tags(zone, at, texts, state, words):
    zone.put(f"_dmarc.{at}", "TXT", *texts)
    finding = dmarc.judge("shop.example", resolver=zone.resolver())
    assert finding.state == state
    assert words in finding.words


def test_dmarc_of_the_domain_above_holds_below(zone):
    zone.put("_dmarc.shop.example", "TXT", "v=DMARC1; p=reject; sp=quarantine")
    finding = dmarc.judge("news.shop.example", resolver=zone.resolver())
    assert finding.state == State.MATCHES
    assert "inherited from shop.example. It sends what fails to spam" in finding.words


def test_alias_is_followed_and_addresses_are_no_alias(zone):
    def judge():
        return hosts.judge_alias("links.shop.example", target="click.ours.example", resolver=zone.resolver())

    zone.put("links.shop.example", "CNAME", "middle.example.")
    zone.put("middle.example", "CNAME", "Click.Ours.example.")
    assert judge().found == ("middle.example", "click.ours.example")
    zone.put("middle.example", "CNAME", "links.shop.example.")
    assert (judge().state, judge().words) == (
        State.DIFFERS,
        "It leads to middle.example. Change it to what is expected.",
    )
    zone.put("links.shop.example", "CNAME")
    zone.put("links.shop.example", "A", "192.0.2.7")
    assert "DNS only" in judge().words
