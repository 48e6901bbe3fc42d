"""All records of a domain looked up at once."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from delivery.records import dmarc, hosts, signing
from delivery.records.finding import Finding, Record, State
from delivery.records.lookup import LookupFailed, Resolver

RETURN_PATH, EXCHANGE, SENDER, POLICY, LINKS = "return-path", "return-path-mx", "return-path-spf", "dmarc", "links"


@dataclass(frozen=True)
class Platform:
    """Where a domain's records lead."""

    domain: str
    links_host: str = ""


@dataclass(frozen=True)
class Key:
    """A DKIM key's public side."""

    selector: str
    value: str
    purpose: str
    needed: bool = True


def records_for(domain: str, keys: Sequence[Key], platform: Platform) -> list[Record]:
    """Return what to publish, in the order of the page."""
    bounce, ours = f"bounce.{domain}", platform.domain
    return [
        *(
            Record(dkim_key(key.selector), "TXT", f"{key.selector}._domainkey.{domain}", key.value, key.purpose, key.needed)
            for key in keys
        ),
        Record(RETURN_PATH, "CNAME", bounce, f"bounce.{ours}", "Return path: bounces come to us, and SPF fits"),
        Record(EXCHANGE, "MX", bounce, f"10 mx.{ours}", "Return path, instead of the CNAME", needed=False),
        Record(
            SENDER, "TXT", bounce, f"v=spf1 include:spf.{ours} ~all", "SPF of the return path, beside the MX", needed=False
        ),
        Record(
            POLICY, "TXT", f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{ours}",
            "DMARC: keep yours if you have one",
        ),
        *(
            Record(LINKS, "CNAME", f"links.{domain}", platform.links_host, "Links under your own name", needed=False)
            for _ in range(bool(platform.links_host))
        ),
    ]  # fmt: skip


def dkim_key(selector: str) -> str:
    """Return under which key a selector's finding stands."""
    return f"dkim-{selector}"


def check(records: Sequence[Record], *, domain: str, zone: str, resolver: Resolver) -> dict[str, Finding]:
    """Look up all records; what can't be looked up is `failed`, and says nothing about the others."""
    by_key = {record.key: record for record in records}
    way = [by_key[key] for key in (RETURN_PATH, EXCHANGE, SENDER)]
    jobs: list[tuple[list[str], Callable[[], Mapping[str, Finding]]]] = [
        ([each.key], partial(_judge, each, domain, resolver)) for each in records if each not in way
    ]
    jobs.append(([each.key for each in way], partial(hosts.judge_return_path, *way, resolver=resolver)))
    found: dict[str, Finding] = {}
    with ThreadPoolExecutor(max_workers=6) as pool:
        for findings in pool.map(lambda job: _whatever_comes(*job), jobs):
            found |= findings
    return {key: _hinted(found[key], record, zone, resolver) for key, record in by_key.items()}


def _whatever_comes(keys: list[str], job: Callable[[], Mapping[str, Finding]]) -> Mapping[str, Finding]:
    try:
        return job()
    except LookupFailed as error:
        words = f"We could not look: {error}. This says nothing about your record; we try again."
        return dict.fromkeys(keys, Finding(State.FAILED, words=words))


def _judge(record: Record, domain: str, resolver: Resolver) -> Mapping[str, Finding]:
    if record.key == POLICY:
        finding = dmarc.judge(domain, resolver=resolver)
    elif record.kind == "CNAME":
        finding = hosts.judge_alias(record.name, target=record.value, resolver=resolver)
    else:
        finding = signing.judge(resolver.find(record.name, "TXT").texts, expected=record.value)
    return {record.key: finding}


def _hinted(finding: Finding, record: Record, zone: str, resolver: Resolver) -> Finding:
    """Tell of the most common slip: a console that adds the zone to a name that has it already."""
    if finding.state != State.MISSING:
        return finding
    doubled = f"{record.name}.{zone}"
    try:
        slipped = resolver.find(doubled, record.kind).texts
    except LookupFailed:
        return finding
    if not slipped:
        return finding
    words = f"It stands under {doubled}: your DNS console adds {zone} itself. Enter only {record.relative(zone)} as its name."
    return replace(finding, state=State.DIFFERS, found=slipped, words=words)
