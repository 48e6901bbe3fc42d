"""Who runs the mailbox behind an address: by a table of well-known domains, else by the domain's MX host.

MX records are looked up in bulk after an audience was gathered (`look_up`), never while sending, and kept in Redis for a
week. A domain whose host is not known counts as a provider of its own: one that refuses slows nobody else down.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import cast

import dns.asyncresolver
import dns.exception
import redis
from django.conf import settings
from django.db import connection

from emailconcert.lib import limits

logger = logging.getLogger(__name__)

LABELS = {
    "gmail": "Gmail",
    "microsoft": "Microsoft",
    "yahoo": "Yahoo",
    "apple": "Apple",
    "gmx": "GMX and WEB.DE",
    "proton": "Proton",
    "zoho": "Zoho",
    "yandex": "Yandex",
    "mailru": "Mail.ru",
    "qq": "QQ",
    "netease": "NetEase",
    "orange": "Orange",
    "free": "Free",
    "telekom": "T-Online",
    "comcast": "Comcast",
}
_DOMAINS = {
    "gmail": "gmail.com googlemail.com",
    "microsoft": "outlook.com hotmail.com live.com msn.com passport.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it "
    "hotmail.es live.co.uk live.fr live.nl live.it live.de outlook.de outlook.fr outlook.es outlook.it outlook.ie",
    "yahoo": "yahoo.com ymail.com rocketmail.com aol.com aim.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es "
    "yahoo.ca yahoo.co.in yahoo.in yahoo.com.br yahoo.com.au yahoo.com.mx yahoo.com.ar yahoo.ie verizon.net",
    "apple": "icloud.com me.com mac.com",
    "gmx": "gmx.de gmx.net gmx.at gmx.ch gmx.com web.de mail.com",
    "proton": "proton.me protonmail.com protonmail.ch pm.me",
    "zoho": "zoho.com zohomail.com zoho.eu",
    "yandex": "yandex.ru yandex.com ya.ru",
    "mailru": "mail.ru bk.ru list.ru inbox.ru",
    "qq": "qq.com foxmail.com",
    "netease": "163.com 126.com yeah.net",
    "orange": "orange.fr wanadoo.fr",
    "free": "free.fr",
    "telekom": "t-online.de magenta.de",
    "comcast": "comcast.net",
}
# How the MX hosts of a provider end, those of its customers' own domains too.
_HOSTS = {
    "google.com": "gmail",
    "googlemail.com": "gmail",
    "outlook.com": "microsoft",
    "hotmail.com": "microsoft",
    "yahoodns.net": "yahoo",
    "icloud.com": "apple",
    "gmx.net": "gmx",
    "web.de": "gmx",
    "protonmail.ch": "proton",
    "zoho.com": "zoho",
    "zoho.eu": "zoho",
    "yandex.net": "yandex",
    "yandex.ru": "yandex",
    "mail.ru": "mailru",
    "qq.com": "qq",
    "netease.com": "netease",
}
_KNOWN = {domain: provider for provider, domains in _DOMAINS.items() for domain in domains.split()}
# Second-level labels below which names are registered (example.co.uk); the whole public list is not worth its weight here.
_REGISTRIES = frozenset(["ac", "co", "com", "edu", "gov", "ne", "net", "nom", "or", "org"])
_KEPT_SECONDS = 7 * 24 * 3600
_KEPT_IN_PROCESS = 50_000
_AT_ONCE = 50
_LOOK_UP_MOST = 5_000
_TIMEOUT = 4.0

_cache: dict[str, str] = {}


def providers_of(domains: Iterable[str]) -> dict[str, str]:
    """Return the provider of each domain, for as far as it is known; itself where it is not."""
    wanted = set(domains)
    asked = [domain for domain in wanted if domain not in _KNOWN and domain not in _cache]
    if asked:
        _remember(asked)
    return {domain: _KNOWN.get(domain) or _cache.get(domain, domain) for domain in wanted}


def label(provider: str) -> str:
    """Return a provider's name for people."""
    return LABELS.get(provider, provider)


def is_named(provider: str) -> bool:
    """Tell whether it is one of the large ones, to which a limit of their own applies."""
    return provider in LABELS


def provider_of_host(host: str) -> str:
    """Return the provider that an MX host belongs to: a large one, or its registrable domain."""
    name = registrable(host.rstrip(".").lower())
    return _HOSTS.get(name, name)


def registrable(host: str) -> str:
    """Return the part of a host name that somebody registered."""
    labels = host.split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGISTRIES
    return ".".join(labels[-3 if deep else -2 :])


def _remember(domains: list[str]) -> None:
    if len(_cache) > _KEPT_IN_PROCESS:
        _cache.clear()
    try:
        found = _kept(domains)
    except (redis.RedisError, OSError):
        return
    _cache.update(found)


def _kept(domains: list[str]) -> dict[str, str]:
    found = cast("list[str | None]", limits.client().mget([_key(domain) for domain in domains]))
    return {domain: provider for domain, provider in zip(domains, found, strict=True) if provider}


def look_up(domains: Sequence[str], *, resolver: dns.asyncresolver.Resolver | None = None) -> int:
    """Ask the DNS for the MX hosts of domains that are not known yet; return how many were found."""
    unknown = [each for each in dict.fromkeys(domains) if each not in _KNOWN][:_LOOK_UP_MOST]
    kept = _kept(unknown) if unknown else {}
    asked = [domain for domain in unknown if domain not in kept]
    found = asyncio.run(_ask(asked, resolver or _resolver())) if asked else {}
    with limits.client().pipeline(transaction=False) as pipe:
        for domain, provider in found.items():
            pipe.set(_key(domain), provider, ex=_KEPT_SECONDS)
        pipe.execute()
    return len(found)


def _resolver() -> dns.asyncresolver.Resolver:
    if not settings.DNS_SERVERS:
        return dns.asyncresolver.Resolver()
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [server.partition(":")[0] for server in settings.DNS_SERVERS if server.count(":") < 2]
    return resolver


async def _ask(domains: list[str], resolver: dns.asyncresolver.Resolver) -> dict[str, str]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(domain: str) -> tuple[str, str]:
        async with places:
            try:
                answer = await resolver.resolve(domain, "MX", lifetime=_TIMEOUT)
                best = min(answer, key=lambda row: row.preference)
            except (dns.exception.DNSException, OSError, ValueError):
                return domain, ""
            return domain, provider_of_host(best.exchange.to_text())

    pairs = await asyncio.gather(*(one(domain) for domain in domains))
    return {domain: provider for domain, provider in pairs if provider}


def domains_of_mailing(*, account_id: int, mailing_id: int) -> list[str]:
    """Return the domains that a mailing goes to, the most frequent first; in the account's scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT split_part(c.email, '@', 2) FROM delivery_message m"
            " JOIN contacts_contact c ON c.account_id = m.account_id AND c.id = m.contact_id"
            " WHERE m.account_id = %s AND m.mailing_id = %s GROUP BY 1 ORDER BY count(*) DESC LIMIT %s",
            [account_id, mailing_id, _LOOK_UP_MOST],
        )
        return [row[0] for row in cursor.fetchall()]


def _key(domain: str) -> str:
    return f"ec:mx:{domain}"
