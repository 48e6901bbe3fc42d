"""Sessions in the database that know whose they are, so that they can be listed and ended."""

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

# What the session's data says about itself; the row repeats it for the list.
LABEL, NETWORK, SINCE, SEEN = "label", "network", "since", "seen"


class SessionStore(DatabaseStore):
    """Keeps the login profile's id, browser, network and times beside the session's data."""

    @classmethod
    def get_model_class(cls) -> Any:
        """Return the product's own session table."""
        from accounts.models import Session  # noqa: PLC0415  # the store is imported before the models are ready

        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row to save, with its login profile."""
        row: Any = super().create_model_instance(data)
        user_id = data.get(USER_KEY)
        row.user_id = int(user_id) if user_id else None
        row.label = data.get(LABEL, "")
        row.network = data.get(NETWORK, "")
        row.created_at = _moment(data.get(SINCE)) or timezone.now()
        row.last_seen_at = _moment(data.get(SEEN))
        return row


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
