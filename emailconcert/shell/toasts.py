"""Messages with an Undo button, on top of `django.contrib.messages`."""

from django.contrib import messages
from django.http import HttpRequest

_UNDO = "undo:"


def done(request: HttpRequest, text: str, *, undo_url: str = "") -> None:
    """Say that something worked; with `undo_url`, the toast shows an Undo button that posts there."""
    messages.success(request, text, extra_tags=f"{_UNDO}{undo_url}" if undo_url else "")


def undo_url(extra_tags: str | None) -> str:
    """Return the address that takes back what a message reports, or an empty string."""
    return extra_tags.removeprefix(_UNDO) if extra_tags and extra_tags.startswith(_UNDO) else ""
