"""Reading the XML of an aggregate report. Source: RFC 7489 appendix C, RFC 9990 (the same elements in a namespace)."""

import io
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from delivery.dmarc.unpacking import NotAReport
from emailconcert.lib.network import truncated_ip

MOST_RECORDS = 20_000
MOST_SOURCES = 500
_MOST_MESSAGES = 10**9
_LONGEST, _OLDEST, _AHEAD = timedelta(days=8), timedelta(days=60), timedelta(days=2)
POLICIES = ("none", "quarantine", "reject")
_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


@dataclass(frozen=True, slots=True)
class Source:
    """Where mail came from and how it was judged; equal ones are added up."""

    header_from: str
    network: str
    dkim: bool
    spf: bool
    disposition: str


@dataclass(frozen=True, slots=True)
class AggregateReport:
    """What one receiver says of one domain's mail. Nobody vouches for any of it."""

    org: str
    report_id: str
    domain: str
    begin: datetime
    policy: str
    sources: dict[Source, int]


def read_xml(xml: bytes, *, now: datetime) -> AggregateReport:
    """Return what a report says. Raises `NotAReport`."""
    parts: dict[str, dict[str, str]] = {}
    sources: Counter[Source] = Counter()
    try:
        # No entities, no network, no document type: what a report never has is where parsers are attacked.
        walk = etree.iterparse(
            io.BytesIO(xml), events=("end",), tag=("{*}report_metadata", "{*}policy_published", "{*}record"),
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        for number, (_, element) in enumerate(walk):
            if number > MOST_RECORDS:
                raise NotAReport("It has more records than a report has.")
            name = etree.QName(element).localname
            if name == "record":
                _count(_flat(element), sources)
            else:
                parts.setdefault(name, _flat(element))
            element.clear()
        if walk.root is None or walk.root.getroottree().docinfo.internalDTD is not None:
            raise NotAReport("It declares a document type, which no report does.")
    except (etree.LxmlError, ValueError, LookupError, TypeError) as error:
        raise NotAReport("It is no well-formed XML.") from error
    return _report(parts, sources, now)


def _flat(element: etree._Element) -> dict[str, str]:
    """Return the texts inside an element by their path of local names, the first of each."""
    found: dict[str, str] = {}
    for each in element.iterdescendants(etree.Element):
        if len(each) == 0 and each.text:
            parent = each.getparent()
            above = etree.QName(parent).localname if parent is not None else ""
            found.setdefault(f"{above}/{etree.QName(each).localname}", " ".join(each.text.split())[:300])
    return found


def _count(record: dict[str, str], sources: Counter[Source]) -> None:
    count = record.get("row/count", "")
    if not (count.isascii() and count.isdigit()) or not 0 < int(count) <= _MOST_MESSAGES:
        return
    disposition = record.get("policy_evaluated/disposition", "").lower()
    source = Source(
        header_from=host(record.get("identifiers/header_from", "")),
        network=truncated_ip(record.get("row/source_ip", "")),
        dkim=record.get("policy_evaluated/dkim", "").lower() == "pass",
        spf=record.get("policy_evaluated/spf", "").lower() == "pass",
        disposition=disposition if disposition in POLICIES else "none",
    )
    if source not in sources and len(sources) >= MOST_SOURCES:
        source = Source(source.header_from, "", source.dkim, source.spf, source.disposition)
    sources[source] = min(sources[source] + int(count), _MOST_MESSAGES)


def _report(parts: dict[str, dict[str, str]], sources: Counter[Source], now: datetime) -> AggregateReport:
    about, published = parts.get("report_metadata", {}), parts.get("policy_published", {})
    org, report_id = about.get("report_metadata/org_name", ""), about.get("report_metadata/report_id", "")
    domain = host(published.get("policy_published/domain", ""))
    if not (org and report_id and domain and sources):
        raise NotAReport("It lacks what every report has: who reports, its number, the domain, records.")
    begin, end = (_moment(about.get(f"date_range/{name}", "")) for name in ("begin", "end"))
    if not (timedelta(0) <= end - begin <= _LONGEST and now - _OLDEST <= begin <= now + _AHEAD):
        raise NotAReport("It is of no time that a report can be of now.")
    policy = published.get("policy_published/p", "").lower()
    return AggregateReport(
        org=_printable(org)[:100],
        report_id=_printable(report_id)[:200],
        domain=domain,
        begin=begin,
        policy=policy if policy in POLICIES else "none",
        sources=dict(sources),
    )


def _moment(text: str) -> datetime:
    if not (text.isascii() and text.isdigit()) or len(text) > 10:  # the year 2286
        raise NotAReport("It names no time.")
    return datetime.fromtimestamp(int(text), UTC)


def host(text: str) -> str:
    """Return a host name in lower case, empty where it can't be one."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return ""
    return name if "." in name and len(name) <= 253 and set(name) <= _HOST_CHARACTERS else ""


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())
