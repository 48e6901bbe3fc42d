"""The finished mail: its size, its pictures, its colours, its links."""

from collections.abc import Iterator

from campaigns.checks import reading
from campaigns.checks.check import Check
from delivery.content.compiling import Compiled
from delivery.content.program import CLICK

STEP = "campaigns:content"
CLIPPED_AT = 102 * 1024
# A counted address instead of its placeholder.
_LINK_BYTES = 70
_WORDS_PER_PICTURE = 20
_SHOWN = 60


def check_mail(made: Compiled) -> Iterator[Check]:
    """Look at what was compiled."""
    yield from _check_footer(made)
    yield from _check_size(made)
    seen = reading.read(made.html)
    yield from _check_pictures(seen)
    yield from _check_colours(seen)
    if not made.text.strip():
        yield Check("notice", "The text part is empty.", STEP, why="Some people, and many filters, read only that.")
    for note in made.notes:
        yield Check("notice", str(note), STEP)


def _check_footer(made: Compiled) -> Iterator[Check]:
    if "unsubscribe_url" in made.html and "unsubscribe_url" in made.text:
        yield Check("ok", "There is an unsubscribe link and your postal address in it.", STEP)
    else:
        yield Check("blocking", "There is no unsubscribe link: add {{ unsubscribe_url }} to the body.", STEP)
    if count := len(made.links):
        yield Check("ok", f"{count} {'link is' if count == 1 else 'links are'} counted.", STEP)


def _check_size(made: Compiled) -> Iterator[Check]:
    size = len(made.html.encode()) + made.html.count(CLICK) * _LINK_BYTES
    if size > CLIPPED_AT:
        yield Check(
            "notice",
            f"The mail has {size // 1024} KB.",
            STEP,
            why="Gmail cuts mails off after 102 KB, and with them the unsubscribe link. Shorten it, or link to the rest.",
        )


def _check_pictures(seen: reading.Seen) -> Iterator[Check]:
    if seen.without_alt:
        some = "1 picture has" if seen.without_alt == 1 else f"{seen.without_alt} pictures have"
        yield Check(
            "notice",
            f"{some} no alternative text.",
            STEP,
            why="It is what people read who can't see pictures, or whose mail program shows none.",
        )
    if seen.pictures and seen.words < _WORDS_PER_PICTURE * seen.pictures:
        yield Check(
            "notice",
            f"There {'is' if seen.words == 1 else 'are'} {seen.words} word{'s' * (seen.words != 1)} beside "
            f"{seen.pictures} picture{'s' * (seen.pictures != 1)}.",
            STEP,
            why="With pictures switched off little is left, and filters distrust mails that are mostly pictures.",
        )


def _check_colours(seen: reading.Seen) -> Iterator[Check]:
    if not seen.faint:
        return
    worst = min(seen.faint, key=lambda each: each.ratio)
    text = worst.text if len(worst.text) <= _SHOWN else f"{worst.text[:_SHOWN]}…"
    yield Check(
        "notice",
        f"“{text}” is hard to read: its colour and its background have a contrast of {worst.ratio:.1f} to 1"
        + (f", and {len(seen.faint) - 1} more places like it." if len(seen.faint) > 1 else "."),
        STEP,
        why="4.5 to 1 can be read by most people, 3 to 1 is enough for large text.",
    )
