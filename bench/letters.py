"""The newsletter that every way of sending sends: 30 KB, six personal values, five tracked links and a pixel."""

from bench import compiling

_NAMES = ("first_name", "last_name", "country", "email", "phone", "language")
_LINES = 33
_LINKS = 5
SENDER = "Shop <news@shop.example>"


def source():
    """Return its HTML source; compiling it puts the tracking in."""
    named = " ".join(f"{{{{ contact.{name} }}}}" for name in _NAMES)
    lines = f'<p style="margin:0 0 12px">{compiling.PARAGRAPH}</p>' * _LINES
    links = "".join(f'<p><a href="https://shop.example/{number}">More</a></p>' for number in range(_LINKS))
    return f"<html><body><p>Dear {named},</p>{lines}{links}</body></html>"


def skeleton(signers=()):
    """Return it as the product sends it: tracked, with slots, signed."""
    from delivery.wire.mime import Identity, Skeleton

    identity = Identity(
        "Shop", "news@shop.example", "", "News", "l1.shop.example", "1:1:campaign:bench", "bounce.shop.example",
        "https://t.example",
    )  # fmt: skip
    return Skeleton(compiling.program(compiling.sources(source())), identity, signers)


def fill(frame, number):
    """Return one person's letter."""
    return frame.fill(
        recipient=f"p{number}@example.com", values=compiling.values(number), token=f"{number:032d}", at=1_790_000_000.0
    )
