"""How long one recipient's Liquid may run."""

import time
from collections.abc import Callable

SECONDS = 0.5


class Deadline:
    """An end in the time of this thread's own work: one that waits for a processor of a busy machine loses nothing by it.

    Asking the clock of the wall is cheap, and it never goes slower; so that of the thread is asked once it could be over.
    """

    __slots__ = ("_ends", "_look", "_wall", "_work")

    def __init__(
        self,
        seconds: float = SECONDS,
        *,
        wall: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        self._wall, self._work = wall, work
        self._ends = work() + seconds
        self._look = wall() + seconds

    def is_over(self) -> bool:
        """Tell whether the work that was allowed is done. To be asked in the thread that made it."""
        if self._wall() <= self._look:
            return False
        left = self._ends - self._work()
        self._look = self._wall() + left
        return left <= 0
