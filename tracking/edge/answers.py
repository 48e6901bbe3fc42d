"""What the edge says: bytes made once."""

from typing import Final

Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, Headers, bytes]

# The smallest transparent GIF. Source: GIF89a §§18-22.
GIF: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_NO_STORE: Final = (
    (b"cache-control", b"no-store, no-cache, must-revalidate, private, max-age=0"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
)
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
    "</head><body><h1>{title}</h1><p>{text}</p></body></html>"
)


def answer(status: int, body: bytes, content_type: bytes, *more: tuple[bytes, bytes]) -> Answer:
    """Return an answer that nobody may store."""
    length = (b"content-length", str(len(body)).encode())
    return status, [(b"content-type", content_type), length, *_NO_STORE, *more], body


def page(status: int, title: str, text: str, *more: tuple[bytes, bytes]) -> Answer:
    """Return a small page for a person, without script or style."""
    body = _PAGE.format(title=title, text=text).encode()
    policy = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
    return answer(status, body, b"text/html; charset=utf-8", policy, *more)


def redirect(location: bytes) -> Answer:
    """Return a redirect that is asked for again each time."""
    return answer(302, b"", b"text/plain", (b"location", location))


PIXEL = answer(200, GIF, b"image/gif")
DONE = answer(200, b"You will get no more of these mails.\n", b"text/plain; charset=utf-8")
HEALTHY = answer(200, b"ok\n", b"text/plain; charset=utf-8")
NOT_FOUND = page(404, "This link leads nowhere", "It may have been cut short. Open it again from the mail.")
NOT_ALLOWED = page(405, "That is not possible here", "Open the link from the mail.", (b"allow", b"GET, HEAD, POST"))
NOT_ONE_CLICK = page(400, "That is not an opt-out", "Open the link from the mail and use the button there.")
TOO_LARGE = page(413, "That is too much", "Open the link from the mail and use the button there.")
LATER = page(503, "Please try again in a minute", "We cannot do this right now.", (b"retry-after", b"60"))
