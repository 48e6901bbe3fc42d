"""Names that lead to ours: the return path, and the host of links."""

from delivery.records import spf
from delivery.records.finding import Finding, Record, State
from delivery.records.lookup import Resolver

_PROXIED = "It has addresses of its own instead of an alias. Make it a CNAME; at Cloudflare choose “DNS only”."


def judge_alias(name: str, *, target: str, resolver: Resolver) -> Finding:
    """Tell whether a name is an alias of ours, over others or not. Raises `LookupFailed`."""
    aliases = _chain(name, resolver)
    if target in aliases:
        return Finding(State.MATCHES, aliases)
    if aliases:
        return Finding(State.DIFFERS, aliases, f"It leads to {aliases[-1]}. Change it to what is expected.")
    addresses = resolver.find(name, "A").texts
    if addresses:
        return Finding(State.DIFFERS, addresses, _PROXIED)
    return Finding(State.MISSING, words="Publish this record.")


def _chain(name: str, resolver: Resolver) -> tuple[str, ...]:
    """Return the aliases of a name one by one: the last may lead to nothing, and a circle ends."""
    found: list[str] = []
    while len(found) < 8 and (texts := resolver.find(found[-1] if found else name, "CNAME").texts):
        if texts[0] in found or texts[0] == name:
            break
        found.append(texts[0])
    return tuple(found)


def judge_exchange(name: str, *, target: str, resolver: Resolver) -> Finding:
    """Tell whether mail to a name comes to us. Raises `LookupFailed`."""
    texts = resolver.find(name, "MX").texts
    hosts = [text.split(" ")[-1] for text in texts]
    if not texts:
        return Finding(State.MISSING, words="Publish this record.")
    if target not in hosts:
        return Finding(State.DIFFERS, texts, "Mail to this name goes elsewhere. Change it to what is expected.")
    if len(set(hosts)) > 1:
        return Finding(State.DIFFERS, texts, "Bounces may go to another server as well: leave only ours.")
    return Finding(State.MATCHES, texts)


def judge_return_path(alias: Record, exchange: Record, sender: Record, *, resolver: Resolver) -> dict[str, Finding]:
    """Judge the return path in both its ways: as an alias, or as MX and SPF. Raises `LookupFailed`."""
    by_alias = judge_alias(alias.name, target=alias.value, resolver=resolver)
    if by_alias.state == State.MATCHES:
        both = Finding(State.MATCHES, by_alias.found, "It comes with the CNAME.")
        return {alias.key: by_alias, exchange.key: both, sender.key: both}
    mail = judge_exchange(exchange.name, target=exchange.value.split(" ")[-1], resolver=resolver)
    texts = resolver.find(sender.name, "TXT").texts
    target = sender.value.partition("include:")[2].split(" ")[0]
    allowed = spf.judge(texts, name=sender.name, target=target, resolver=resolver)
    if mail.state == allowed.state == State.MATCHES:
        by_alias = Finding(State.MATCHES, (*mail.found, *allowed.found), "It is there as MX and TXT.")
    elif State.MISSING not in (mail.state, allowed.state) or mail.state != allowed.state:
        words = next(each.words for each in (mail, allowed) if each.state != State.MATCHES)
        by_alias = Finding(State.DIFFERS, (*mail.found, *allowed.found), f"MX and TXT are not complete: {words}")
    return {alias.key: by_alias, exchange.key: mail, sender.key: allowed}
