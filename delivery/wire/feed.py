"""Letters on their way to the connections that send them."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Protocol

from delivery.wire.mime import Letter

Key = Hashable
Item = tuple[Key, Letter]


class Hooks(Protocol):
    """What a sender hears; the keys are those it put into the feed."""

    def may_write(self) -> bool:
        """Tell whether another body may be begun (the lease still has time, nobody paused)."""

    def on_intent(self, key: Key) -> None:
        """Hear that a body is about to be written."""

    def on_outcome(self, key: Key, code: int, text: str) -> None:
        """Hear the server's last word on a message."""

    def on_barred(self, key: Key, code: int, text: str) -> None:
        """Hear that the server takes nothing from this sender, whoever the recipient; the message was not begun."""

    def on_lost(self, key: Key) -> None:
        """Hear that the connection broke after the body began and before the reply: nobody knows what became of it."""

    def on_returned(self, key: Key, code: int, text: str) -> None:
        """Hear that a message was not begun and may go to the queue again; code 0 where no server spoke."""


class Feed:
    """Letters ready to go; connections that find it empty are called when there are more."""

    def __init__(self) -> None:
        self._ready: deque[Item] = deque()
        self._idle: list[Callable[[], None]] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing is left and nothing will come."""
        return self._closed and not self._ready

    def put(self, items: Iterable[Item]) -> None:
        """Add letters and wake idle connections."""
        self._ready.extend(items)
        self._wake()

    def close(self) -> None:
        """Say that nothing more will come."""
        self._closed = True
        self._wake()

    def take(self) -> Item | None:
        """Return the next letter, None where none is ready."""
        return self._ready.popleft() if self._ready else None

    def drain(self) -> list[Item]:
        """Return what is left, for giving it back."""
        left = list(self._ready)
        self._ready.clear()
        return left

    def when_more(self, callback: Callable[[], None]) -> None:
        """Call once when there are more letters, or when there will be none."""
        self._idle.append(callback)

    def _wake(self) -> None:
        idle, self._idle = self._idle, []
        for callback in idle:
            callback()
