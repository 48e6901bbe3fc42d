"""What a record should be and what was found: the words that both the page and the command use."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a record stands."""

    MATCHES = "matches"
    MISSING = "missing"
    DIFFERS = "differs"
    FAILED = "failed"


@dataclass(frozen=True)
class Record:
    """A record to publish; `needed` for mail to be sent in the domain's name."""

    key: str
    kind: str
    name: str
    value: str
    purpose: str
    needed: bool = True

    def relative(self, zone: str) -> str:
        """Return the name as most DNS consoles want it: without the zone they add themselves."""
        if self.name == zone:
            return "@"
        return self.name.removesuffix(f".{zone}")


@dataclass(frozen=True)
class Finding:
    """How a record stands, what was found, and what to do in a sentence (empty where there is nothing to do)."""

    state: State
    found: tuple[str, ...] = ()
    words: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for storing."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Finding":
        """Return what `as_json` wrote."""
        return cls(State(data["state"]), tuple(data["found"]), data["words"])
