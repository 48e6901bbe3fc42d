"""A contact that does not exist, with a value in every field, to look at a draft through."""

from datetime import date
from typing import Any

from accounts.models import Account
from contacts.models import CustomField
from delivery.services import compiling

_STANDARD = (
    "alex.morgan@example.com", "Alex", "Morgan", "en", "IE", "Europe/Dublin", date(1990, 5, 17), "", "+353 1 234 5678",
)  # fmt: skip
_BY_TYPE: dict[str, Any] = {
    CustomField.Type.NUMBER: 42,
    CustomField.Type.DATE: "2026-05-17",
    CustomField.Type.DATETIME: "2026-05-17T10:00:00+00:00",
    CustomField.Type.BOOLEAN: True,
    CustomField.Type.URL: "https://example.com/",
}


def contact_values(account: Account) -> dict[str, Any]:
    """Return what a program fills in for the invented contact; call inside the account's scope."""
    own: dict[str, Any] = {}
    for field in CustomField.objects.filter(account=account, sensitive=False):
        if field.type == CustomField.Type.CHOICE:
            own[field.key] = field.choices[0] if field.choices else ""
        elif field.type == CustomField.Type.CHOICES:
            own[field.key] = field.choices[:2]
        else:
            own[field.key] = _BY_TYPE.get(field.type, field.label)
    return {"contact": compiling.said(own, _STANDARD)}
