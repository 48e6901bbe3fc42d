"""Take a message apart for showing: its bodies, headers, attachments, and how to unsubscribe."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(frozen=True)
class Letter:
    """A message as a person reads it; a body that it does not have is None."""

    headers: list[tuple[str, str]]
    html: str | None
    text: str | None
    attachments: list[tuple[str, int]]
    one_click: str | None

    def header(self, name: str) -> str:
        """Return the first header of that name, or an empty text."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), "")


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except (LookupError, KeyError):  # an unknown character set: better wrong letters than none
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(payload)


def _one_click(headers: list[tuple[str, str]]) -> str | None:
    """Return where to POST an opt-out. Source: RFC 8058 §3.1."""
    found = {name.lower(): value for name, value in headers}
    if "one-click" not in found.get("list-unsubscribe-post", "").lower():
        return None
    address = re.search(r"<(https?://[^>]+)>", found.get("list-unsubscribe", ""))
    return address.group(1) if address else None


def read(source: bytes) -> Letter:
    """Take a message apart; broken ones are shown as far as they go."""
    message = message_from_bytes(source, policy=policy.default)
    headers = [(name, re.sub(r"\r?\n[ \t]*", " ", str(value))) for name, value in message.items()]
    attachments = []
    for part in message.iter_attachments() if message.is_multipart() else ():
        payload = part.get_payload(decode=True)
        attachments.append(
            (part.get_filename() or part.get_content_type(), len(payload) if isinstance(payload, bytes) else 0)
        )
    return Letter(
        headers=headers,
        html=_body(message, "html"),
        text=_body(message, "plain"),
        attachments=attachments,
        one_click=_one_click(headers),
    )
