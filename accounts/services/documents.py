"""Which versions of the Terms and the notice are in force, and who accepted them.

The texts live above (privacy registers `register_versions` at start); accounts only writes down what was accepted.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from accounts.models import AcceptedTerms, User

Versions = Callable[[], Mapping[str, str]]
_FIRST: Mapping[str, str] = {"terms": "1", "notice": "1"}
_providers: list[Versions] = []


def register_versions(provider: Versions) -> None:
    """Say where the versions in force come from, for example {"terms": "2", "notice": "3"}."""
    _providers[:] = [provider]


def current_versions() -> dict[str, str]:
    """Return the version in force of each document that a new profile accepts."""
    found = _providers[0]() if _providers else {}
    return {**_FIRST, **found}


def accept(*, user: User, now: datetime) -> None:
    """Record that the profile accepted the versions in force."""
    for document, version in current_versions().items():
        AcceptedTerms.objects.get_or_create(
            user=user, document=document, version=version, defaults={"accepted_at": now}
        )
