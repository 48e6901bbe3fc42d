"""The sealed texts of requests: what people wrote, and what was written to them. Sealed with the platform's ring."""

from django.db.models import Model

from emailconcert.lib import encryption


def seal(model: type[Model], field: str, text: str) -> bytes | None:
    """Seal a text for a column; an empty one is kept as nothing."""
    return encryption.seal_text(text, context=_context(model, field)) if text else None


def read(row: Model, field: str) -> str:
    """Open a sealed column of a row; empty where nothing is kept."""
    envelope = getattr(row, field)
    return encryption.unseal_text(envelope, context=_context(type(row), field)) if envelope else ""


def _context(model: type[Model], field: str) -> str:
    return f"{model._meta.db_table}.{field}"
