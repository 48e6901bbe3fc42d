"""Looking up whether the platform's addresses and verified domains are on blocklists. Source: RFC 5782.

Off until the operator names lists. What they say is shown to owners and operators, and decides nothing.
"""

import ipaddress
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from delivery.models import SendingDomain
from delivery.records.lookup import LookupFailed, Resolver
from delivery.reputation_models import BlocklistCheck
from emailconcert.lib.tenancy import platform_scope

EVERY = timedelta(hours=20)  # every night, whatever it takes
_SECONDS = 45.0
_LISTED = ipaddress.ip_network("127.0.0.0/8")
# A list says by these that it does not answer whoever asks like this. Source: Spamhaus, "DNSBL return codes".
_REFUSALS = ipaddress.ip_network("127.255.255.0/24")


@dataclass(frozen=True, slots=True)
class Listing:
    """One address or domain on one list, in the list's words."""

    name: str
    list: str
    words: str


def is_on() -> bool:
    """Tell whether anything is looked up."""
    return bool((settings.BLOCKLISTS and settings.SENDING_IPS) or settings.DOMAIN_BLOCKLISTS)


def look_up_due(*, resolver: Resolver, now: datetime) -> int:
    """Look up what was not looked up since yesterday, for less than a minute; return how many names."""
    names = _names()
    with platform_scope("delivery: look up blocklists"):
        BlocklistCheck.objects.exclude(name__in=names).delete()
        fresh = set(BlocklistCheck.objects.filter(checked_at__gt=now - EVERY).values_list("name", flat=True))
    until, done = time.monotonic() + _SECONDS, 0
    for name, lists in names.items():
        if name in fresh:
            continue
        if time.monotonic() > until:
            break
        found = {each: look_up(name, each, resolver) for each in lists}
        keep = {
            "listed": {each: words for each, words in found.items() if words},
            "silent": [each for each, words in found.items() if words is None],
            "checked_at": now,
        }
        with platform_scope("delivery: look up blocklists"):
            BlocklistCheck.objects.update_or_create(name=name, defaults=keep)
        done += 1
    return done


def look_up(name: str, listed_in: str, resolver: Resolver) -> str | None:
    """Return what a list says of an address or domain: empty where it is not on it, None where it gave no answer."""
    asked = f"{_asked(name)}.{listed_in}"
    try:
        codes = [ipaddress.ip_address(text) for text in resolver.find(asked, "A").texts]
        if any(code in _REFUSALS for code in codes):
            return None
        if not any(code in _LISTED for code in codes):
            return ""
        texts = resolver.find(asked, "TXT").texts
    except (LookupFailed, ValueError):
        return None
    return " ".join(" ".join(texts).split())[:200] or "Listed."


def read(domains: Iterable[str]) -> list[Listing]:
    """Return the listings of these domains and of the platform's addresses; none where nothing is looked up."""
    if not is_on():
        return []
    with platform_scope("delivery: read blocklists"):
        rows = list(BlocklistCheck.objects.filter(name__in=[*domains, *settings.SENDING_IPS]).order_by("name"))
    return [Listing(row.name, each, words) for row in rows for each, words in sorted(row.listed.items())]


def _names() -> dict[str, list[str]]:
    """Return what is to be looked up, and where."""
    names: dict[str, list[str]] = {}
    if settings.BLOCKLISTS:
        names |= dict.fromkeys(settings.SENDING_IPS, settings.BLOCKLISTS)
    if settings.DOMAIN_BLOCKLISTS:
        with platform_scope("delivery: look up blocklists"):
            verified = SendingDomain.objects.exclude(verified_at=None).order_by("domain")
            names |= dict.fromkeys(verified.values_list("domain", flat=True), settings.DOMAIN_BLOCKLISTS)
    return names


def _asked(name: str) -> str:
    try:
        return ipaddress.ip_address(name).reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    except ValueError:
        return name
