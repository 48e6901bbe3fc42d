"""Signing in to a mail server: PLAIN, LOGIN, CRAM-MD5 or XOAUTH2, and only over a line that nobody can read along."""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Collection
from ipaddress import ip_address

from delivery.wire.replies import Reply
from delivery.wire.server import CannotConnect, Server

Ask = Callable[[str], Awaitable[Reply]]

# In this order; XOAUTH2 only where it is asked for by name, as its password is none.
_BY_CHOICE = ("PLAIN", "LOGIN", "CRAM-MD5")
_WENT_WELL, _GO_ON, _FINAL = 235, 334, 500


async def sign_in(server: Server, *, offered: Collection[str], is_readable: bool, ask: Ask) -> None:
    """Sign in by the way that is wanted, or the best on offer. Raises `CannotConnect`."""
    if is_readable and not server.may_sign_in_readably:
        words = f"{server.host} is reached without encryption, so the password is not sent. Choose STARTTLS or TLS."
        raise CannotConnect(words, is_final=True)
    way = _choose(server, offered)
    reply = await _WAYS[way](server, ask)
    if reply.code != _WENT_WELL:
        words = f"{server.host} answered {reply.code} {reply.text[:200]}"
        raise CannotConnect(words, is_final=reply.code >= _FINAL)


def is_loopback(address: str) -> bool:
    """Tell whether a line to this address never leaves the machine; an empty one is that of a socket file."""
    try:
        return not address or ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _choose(server: Server, offered: Collection[str]) -> str:
    wanted = [server.sign_in_by.upper()] if server.sign_in_by else _BY_CHOICE
    found = next((way for way in wanted if way in offered and way in _WAYS), None)
    if found is None:
        words = f"{server.host} offers no way of signing in that we know."
        if server.sign_in_by:
            words = f"{server.host} does not offer to sign in by {server.sign_in_by.upper()}."
        raise CannotConnect(words, is_final=True)
    return found


async def _plain(server: Server, ask: Ask) -> Reply:
    secret = _encode(b"\0" + server.username.encode() + b"\0" + server.password.encode())
    reply = await ask(f"AUTH PLAIN {secret}")
    return await ask(secret) if reply.code == _GO_ON else reply  # some overlook what comes with the command


async def _login(server: Server, ask: Ask) -> Reply:
    reply = await ask("AUTH LOGIN")
    for word in (server.username, server.password):
        if reply.code != _GO_ON:
            break
        reply = await ask(_encode(word.encode()))
    return reply


async def _cram_md5(server: Server, ask: Ask) -> Reply:
    reply = await ask("AUTH CRAM-MD5")
    if reply.code != _GO_ON:
        return reply
    try:
        challenge = b64decode(reply.text.strip(), validate=True)
    except binascii.Error:
        raise CannotConnect(f"{server.host} sent a challenge that can't be read.") from None
    answer = hmac.new(server.password.encode(), challenge, "md5").hexdigest()  # RFC 2195
    return await ask(_encode(f"{server.username} {answer}".encode()))


async def _xoauth2(server: Server, ask: Ask) -> Reply:
    text = f"user={server.username}\x01auth=Bearer {server.password}\x01\x01"
    reply = await ask(f"AUTH XOAUTH2 {_encode(text.encode())}")
    return await ask("") if reply.code == _GO_ON else reply  # it says why, and waits before it refuses


def _encode(data: bytes) -> str:
    return b64encode(data).decode()


_WAYS: dict[str, Callable[[Server, Ask], Awaitable[Reply]]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "XOAUTH2": _xoauth2,
}
