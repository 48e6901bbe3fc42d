"""Asking the DNS, and telling "there is none" from "nobody could say"."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

SECONDS = 5.0
_PAYLOAD = 1232  # a DKIM key is longer than plain DNS carries; this fits every path (DNS flag day 2020)


class LookupFailed(Exception):
    """Nobody could say: the servers failed or did not answer in time. It says nothing about the record."""


@dataclass(frozen=True)
class Answer:
    """What a name has: texts as one string each, hosts in lower case without the last dot; aliases on the way."""

    texts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class Resolver(Protocol):
    """What asks the DNS."""

    def find(self, name: str, kind: str) -> Answer:
        """Return what there is, empty where there is nothing. Raises `LookupFailed`."""

    def zone_of(self, name: str) -> str:
        """Return the zone a name is in: what its DNS console is called. Raises `LookupFailed`."""


class DnsResolver:
    """Asks the DNS, each question once: make one for each check."""

    def __init__(self, servers: Iterable[str] = (), *, seconds: float = SECONDS) -> None:
        """Take servers as HOST or HOST:PORT; none means the system's."""
        wanted = [_server(text) for text in servers]
        self._resolver = dns.resolver.Resolver(configure=not wanted)
        if wanted:
            self._resolver.nameservers = wanted
        self._resolver.use_edns(0, 0, _PAYLOAD)
        self._resolver.lifetime = seconds
        self._known: dict[tuple[str, str], Answer | LookupFailed] = {}

    def find(self, name: str, kind: str) -> Answer:
        """Return what there is, empty where there is nothing. Raises `LookupFailed`."""
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            try:
                self._known[key] = self._ask(*key)
            except LookupFailed as error:
                self._known[key] = error
        known = self._known[key]
        if isinstance(known, LookupFailed):
            raise known
        return known

    def _ask(self, name: str, kind: str) -> Answer:
        try:
            found = self._resolver.resolve(f"{name}.", kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            return Answer(aliases=_aliases(error, name))
        except (dns.resolver.LifetimeTimeout, dns.exception.Timeout):
            raise LookupFailed(f"the name servers did not answer in time about {name}") from None
        except dns.exception.DNSException:
            raise LookupFailed(f"the name servers failed when asked about {name}") from None
        aliases = tuple(_host(each[0].target) for each in found.chaining_result.cnames)
        return Answer(tuple(_text(row, kind) for row in found.rrset or ()), aliases)

    def zone_of(self, name: str) -> str:
        """Return the zone a name is in. Raises `LookupFailed`."""
        labels = name.rstrip(".").split(".")
        for start in range(len(labels) - 1):
            parent = ".".join(labels[start:])
            if self.find(parent, "SOA").texts:
                return parent
        return name


def _server(text: str) -> dns.nameserver.Nameserver:
    host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    return dns.nameserver.Do53Nameserver(str(ipaddress.ip_address(host)), int(port or 53))


def _aliases(error: dns.resolver.NXDOMAIN, name: str) -> tuple[str, ...]:
    try:
        last = _host(error.canonical_name)
    except TypeError:
        return ()
    return () if last == name else (last,)


def _text(row: object, kind: str) -> str:
    if kind == "TXT":
        return b"".join(row.strings).decode("utf-8", "replace")  # type: ignore[attr-defined]  # a TXT row has them
    return str(row).rstrip(".").lower()


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
