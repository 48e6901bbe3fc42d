"""Colours of hosted forms: whether they can be read, and the stylesheet made of them.

The stylesheet is an address of its own with the look in its query, because the pages' policy forbids styles inside
them. It needs no database and may be kept for ever.
"""

import re
from dataclasses import replace
from urllib.parse import urlencode

from contacts.hosted.blueprint import FONTS, LAYOUTS, Look

_COLOUR = re.compile(r"#[0-9a-f]{6}\Z")
_TEXT, _QUIET, _SURFACE = "#1b2029", "#565f70", "#ffffff"
_DARK_SURFACE = "#171b21"
READABLE = 4.5  # Source: WCAG 2.2, success criterion 1.4.3
_STACKS = {
    "system": 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif',
    "serif": 'Charter,"Bitstream Charter","Sitka Text",Cambria,Georgia,serif',
    "round": 'ui-rounded,"Hiragino Maru Gothic ProN",Quicksand,Comfortaa,Manjari,"Arial Rounded MT",Calibri,sans-serif',
    "mono": 'ui-monospace,"Cascadia Code","Source Code Pro",Menlo,Consolas,"DejaVu Sans Mono",monospace',
}


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21. Source: WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def problems(look: Look) -> dict[str, str]:
    """Return what can't be read in a look, by the name of the part."""
    found = {}
    for name in ("accent", "ground"):
        if not _COLOUR.match(getattr(look, name)):
            found[name] = "Write a colour like #2f55d4."
    if "accent" not in found and (ratio := contrast(look.accent, _SURFACE)) < READABLE:
        found["accent"] = f"Too pale for buttons and links: {ratio:.1f} to 1 against white, {READABLE} is needed."
    if "ground" not in found and (ratio := contrast(look.ground, _QUIET)) < READABLE:
        found["ground"] = f"Too dark to read on: {ratio:.1f} to 1 against the small text, {READABLE} is needed."
    return found


def query(look: Look) -> str:
    """Return a look as the query of its stylesheet's address."""
    return urlencode({"a": look.accent[1:], "g": look.ground[1:], "f": look.font})


def from_query(accent: str, ground: str, font: str) -> Look:
    """Return the look that `query` wrote; what can't be read is as usual."""
    return readable(Look(accent=f"#{accent.lower()}", ground=f"#{ground.lower()}", font=font))


def readable(look: Look) -> Look:
    """Return the look with what can't be read in it as usual."""
    usual, wrong = Look(), problems(look)
    return replace(
        look,
        accent=usual.accent if "accent" in wrong else look.accent,
        ground=usual.ground if "ground" in wrong else look.ground,
        font=look.font if look.font in FONTS else usual.font,
    )


def stylesheet(look: Look) -> str:
    """Return the CSS of a look. On a dark screen the ground stays dark and the accent is lightened until it reads."""
    on_dark = _towards(look.accent, "#ffffff", _DARK_SURFACE)
    button = (
        look.accent if contrast(look.accent, "#ffffff") >= READABLE else _towards(look.accent, "#000000", "#ffffff")
    )
    return (
        f":root{{--ec-font:{_STACKS[look.font]};--ec-accent:{button};--ec-accent-hover:{_mix(button, '#000000', 0.15)};"
        f"--ec-accent-text:{look.accent};--ec-accent-soft:{_mix(look.accent, '#ffffff', 0.88)};--ec-ground:{look.ground}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--ec-ground:#0f1216;--ec-accent-text:{on_dark};"
        f"--ec-accent-soft:{_mix(look.accent, '#000000', 0.7)}}}}}\n"
    )


def layout_of(look: Look) -> str:
    """Return the class of the page's layout."""
    return f"ec-form-{look.layout if look.layout in LAYOUTS else 'card'}"


def _towards(colour: str, end: str, ground: str) -> str:
    """Return the colour moved towards `end` just as far as it takes to read on `ground`."""
    for step in range(21):
        moved = _mix(colour, end, step / 20)
        if contrast(moved, ground) >= READABLE:
            return moved
    return end


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = [value / 255 for value in _channels(colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
