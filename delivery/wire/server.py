"""A mail server as we are told of it, and not reaching it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    """Where and how to connect; `security` is plain, starttls or tls.

    `sign_in_by` names a way of signing in (with xoauth2 the password is an access token); empty: the best on offer.
    `most_messages` per connection and `most_connections` of one sender slot: 0 for as many as we like.
    """

    host: str
    port: int
    security: str = "plain"
    username: str = ""
    password: str = ""
    verify: bool = True
    timeout: float = 60.0
    local_name: str = "localhost"
    sign_in_by: str = ""
    may_sign_in_readably: bool = False
    most_messages: int = 0
    most_connections: int = 0


class CannotConnect(Exception):
    """The server could not be reached, or refused us before any message; `is_final`: it will go on refusing."""

    def __init__(self, words: str, *, is_final: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final
