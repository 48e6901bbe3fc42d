"""Where a picture is used. Apps above tell by functions that they register; the library knows none of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """One place that shows a picture: "the form “Bread”", with the page where it can be changed."""

    what: str
    url: str


Finder = Callable[[int, str], Iterable[Use]]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Register a function of an account's id and a picture's digest; it is called inside the account's scope."""
    if finder not in _finders:
        _finders.append(finder)


def uses_of(*, account_id: int, digest: str) -> list[Use]:
    """Return every place that shows a picture, in the account's scope."""
    return [use for finder in _finders for use in finder(account_id, digest)]
