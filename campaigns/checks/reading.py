"""Reading a finished mail as a person sees it: its words, its pictures, and the colours that words stand in."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from PIL import ImageColor

_VOID = {"area", "br", "col", "hr", "img", "meta", "source", "track", "wbr", "input"}
_UNSEEN = {"style", "title", "head", "script"}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|max-height\s*:\s*0|font-size\s*:\s*[01]px", re.IGNORECASE
)
_BIG_PIXELS, _BIG_BOLD_PIXELS = 24.0, 18.66
_ENOUGH, _ENOUGH_FOR_BIG = 4.5, 3.0
_TRACKING_PIXEL = "1"

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Words:
    """A piece of text whose colour is too near to its background (WCAG 2.2, 1.4.3)."""

    text: str
    ratio: float


@dataclass
class Seen:
    """What a mail shows."""

    words: int = 0
    pictures: int = 0
    without_alt: int = 0
    faint: list[Words] = field(default_factory=list)


@dataclass(frozen=True)
class _Look:
    """What an element hands down to what stands in it."""

    colour: Colour = (0, 0, 0)
    background: Colour = (255, 255, 255)
    pixels: float = 16.0
    is_bold: bool = False
    is_hidden: bool = False


def read(html: str) -> Seen:
    """Read a mail whose style sheet has been inlined."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.seen


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = Seen()
        self._open: list[tuple[str, _Look]] = []

    def _now(self) -> _Look:
        return self._open[-1][1] if self._open else _Look()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            self._picture(given, dict(attrs))
        if tag not in _VOID:
            self._open.append((tag, _looked(tag, given, self._now())))

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        text, look = " ".join(data.split()), self._now()
        if not text or look.is_hidden:
            return
        self.seen.words += len(text.split())
        ratio = contrast(look.colour, look.background)
        is_big = look.pixels >= (_BIG_BOLD_PIXELS if look.is_bold else _BIG_PIXELS)
        if ratio < (_ENOUGH_FOR_BIG if is_big else _ENOUGH) and any(map(str.isalnum, text)):
            self.seen.faint.append(Words(text, ratio))

    def _picture(self, given: dict[str, str], attrs: dict[str, str | None]) -> None:
        if self._now().is_hidden or given.get("width") == given.get("height") == _TRACKING_PIXEL:
            return
        self.seen.pictures += 1
        # An empty text says that the picture is decoration, which is an answer; none at all is not.
        self.seen.without_alt += "alt" not in attrs


def _looked(tag: str, given: dict[str, str], above: _Look) -> _Look:
    style = given.get("style", "")
    rules = {
        name.strip().lower(): value.replace("!important", "").strip()
        for name, _, value in (rule.partition(":") for rule in style.split(";"))
    }
    colour = rules.get("color") or given.get("color") or ("#0000ee" if tag == "a" and "href" in given else "")
    background = rules.get("background-color") or rules.get("background") or given.get("bgcolor") or ""
    weight = rules.get("font-weight", "")
    return _Look(
        colour=_colour(colour) or above.colour,
        background=_colour(background) or above.background,
        pixels=_pixels(rules.get("font-size", ""), tag, above.pixels),
        is_bold=weight in {"bold", "600", "700", "800", "900"}
        or tag in {"b", "strong", "h1", "h2", "h3"}
        or above.is_bold,
        is_hidden=above.is_hidden or tag in _UNSEEN or bool(_HIDDEN.search(style)),
    )


def _pixels(text: str, tag: str, above: float) -> float:
    if found := re.match(r"([\d.]{1,6})(px|pt|em|rem|%)", text):
        per = {"px": 1.0, "pt": 4 / 3, "em": above, "rem": 16.0, "%": above / 100}[found[2]]
        return float(found[1]) * per if found[1].count(".") < 2 and found[1] != "." else above
    return {"h1": 32.0, "h2": 24.0}.get(tag, above)


def _colour(text: str) -> Colour | None:
    """Return a colour, None where it is none, see-through, or a picture."""
    try:
        found = ImageColor.getrgb(text.split("url(", maxsplit=1)[0].strip()[:40])
    except ValueError:
        return None
    if len(found) == 4 and found[3] < 255:  # with an alpha channel
        return None
    return found[0], found[1], found[2]


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # WCAG's own numbers
        for part in (each / 255 for each in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
