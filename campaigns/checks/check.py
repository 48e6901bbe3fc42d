"""One thing that was looked at, and what was found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A sentence about what was found, why it matters, and where it is mended (a step's URL name).

    `level` is ok, notice (worth a look), waiting (sending waits for it) or blocking; `page` is the address where it is
    mended outside the campaign, `button` what leads there in other words; `live` names what a worker is still at.
    """

    level: str
    sentence: str
    step: str = ""
    page: str = ""
    why: str = ""
    live: str = ""
    details: tuple[str, ...] = ()
    button: str = ""


def people(count: int) -> str:
    """Return "1 person", "4,210 people"."""
    return f"{count:,} {'person' if count == 1 else 'people'}"
