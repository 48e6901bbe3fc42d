"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Whatever a version of Python's own list holds.
_NOT_PUBLIC = tuple(
    map(ipaddress.ip_network, ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"))
)


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address: the entry of X-Forwarded-For that the outermost trusted proxy wrote."""
    proxies: int = settings.TRUSTED_PROXIES
    if proxies:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= proxies:
            return hops[-proxies]
    return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104  # an unknown address, nothing is bound


def client_network(request: HttpRequest) -> str:
    """Return what limits go by: the network of the caller as one customer of a provider has it."""
    return network_key(client_ip(request))


def network_key(address: str) -> str:
    """Return the network that one customer has: /32 for IPv4, /64 for IPv6, of which a machine may use any address.

    What is no address comes back as it is.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.IPv6Address(int(ip) >> 64 << 64))
    return str(ip)


def truncated_ip(address: str) -> str:
    """Return the network an address is in: /24 for IPv4, /48 for IPv6; empty where it is no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    prefix = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, prefix), strict=False).network_address)


def is_public(address: str) -> bool:
    """Tell whether an address is one of the internet: none of this machine, of networks behind it, or of many.

    IPv6 that carries an IPv4 address (mapped, 6to4, Teredo, NAT64) is not: it may lead anywhere.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC)
    return not (ip.is_site_local or ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in _NAT64)
