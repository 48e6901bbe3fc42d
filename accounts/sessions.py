"""Sessions in the database that know whose they are, so that they can be listed and ended."""

from typing import Any

from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    """Keeps the login profile's id beside the session's data."""

    @classmethod
    def get_model_class(cls) -> Any:
        """Return the product's own session table."""
        from accounts.models import Session

        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row to save, with its login profile."""
        row = super().create_model_instance(data)
        user_id = data.get(USER_KEY)
        row.user_id = int(user_id) if user_id else None
        row.label = data.get("label", "")
        row.network = data.get("network", "")
        return row
