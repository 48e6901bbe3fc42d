"""People of claims who may not leave at once: each waits for the moment of their token."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from delivery.services.claiming import Claim, Person


@dataclass
class Leaving:
    """Who leaves when, over all claims of a slot; moments are those of the monotonic clock."""

    _waiting: list[tuple[float, int, Claim, Person]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, claim: Claim, *, now: float) -> None:
        """Let a claim's people wait for their moments."""
        for person, seconds in zip(claim.people, claim.leave_in, strict=True):
            heapq.heappush(self._waiting, (now + seconds, next(self._order), claim, person))

    def pop_ready(self, *, now: float, most: int) -> list[tuple[Claim, list[Person]]]:
        """Return whose moment has come, by claim; at most so many."""
        found: dict[int, tuple[Claim, list[Person]]] = {}
        while self._waiting and self._waiting[0][0] <= now and most > 0:
            _, _, claim, person = heapq.heappop(self._waiting)
            found.setdefault(claim.batch_id, (claim, []))[1].append(person)
            most -= 1
        return list(found.values())
