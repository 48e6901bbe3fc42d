"""A mail server as we are told of it, and not reaching it."""

import socket
from dataclasses import dataclass, field

from emailconcert.lib.network import is_public


@dataclass(frozen=True)
class Server:
    """Where and how to connect; `security` is plain, starttls or tls.

    `sign_in_by` names a way of signing in (with xoauth2 the password is an access token); empty: the best on offer.
    `most_messages` per connection and `most_connections` of one sender slot: 0 for as many as we like.
    `public_only`: never into private networks.
    """

    host: str
    port: int
    security: str = "plain"
    username: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    timeout: float = 60.0
    local_name: str = "localhost"
    sign_in_by: str = ""
    may_sign_in_readably: bool = False
    most_messages: int = 0
    most_connections: int = 0
    public_only: bool = False


def judged_addresses(server: Server) -> list[str]:
    """Return where to connect: the addresses of the host, of which all must be the internet's where that is asked for.

    Connect to what this returns and never to the name, which may lead elsewhere a moment later. Raises `OSError`.
    """
    try:
        rows = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except UnicodeError:  # an empty label, or one too long
        raise socket.gaierror(f"{server.host} is no server's name.") from None
    found = [str(row[4][0]) for row in rows]
    if server.public_only and not all(map(is_public, found)):
        raise PermissionError("This server is in a private network, where we don't connect to.")
    return found


class CannotConnect(Exception):
    """The server could not be reached, or refused us before any message; `is_final`: it will go on refusing."""

    def __init__(self, words: str, *, is_final: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final
