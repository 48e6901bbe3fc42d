"""What is held of a login profile, as the registry wants it. Call inside the platform's scope."""

from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.services import own_data
from privacy.models import PrivacyRequest
from privacy.registry import Subject

PARTS = {
    "profile": "Your profile",
    "memberships": "Accounts you belong to",
    "accepted_documents": "Terms and notices you accepted",
    "second_factors": "Second factors",
    "remembered_browsers": "Remembered browsers",
    "sessions": "Sessions",
    "address_change": "A change of address under way",
    "invitations": "Invitations to you",
    "pictures": "Pictures you uploaded",
    "acts": "What you did (audit log)",
    "privacy_requests": "Your privacy requests",
}


def export_part(subject: Subject, name: str) -> list[dict[str, Any]]:
    """Return one part of what is held of the profile, as rows."""
    user = _user(subject)
    if user is None:
        return []
    if name == "privacy_requests":
        return [
            {"reference": each.reference, "type": each.get_type_display(), "received_at": each.received_at.isoformat()}
            for each in PrivacyRequest.objects.filter(user=user).order_by("pk")
        ]
    found = own_data.export_profile(user)
    part = found[name]
    if name == "profile":
        return [{**part, "recovery_codes_left": found["recovery_codes_left"]}]
    return list(part)


def erase(subject: Subject, now: datetime) -> int:
    """Erase the profile with all that hangs on it. Raises `own_data.SoleOwner`."""
    user = _user(subject)
    return 0 if user is None else sum(own_data.erase_profile(user, now=now).values())


def erased_with_profile(_subject: Subject, _now: datetime) -> int:
    """Return 0: these rows went with the profile and were counted there."""
    return 0


def restrict(subject: Subject, now: datetime) -> None:
    """Turn sign-in off and keep the profile."""
    User.objects.filter(pk=subject.user_id or 0, restricted_at=None).update(restricted_at=now)


def _user(subject: Subject) -> User | None:
    return User.objects.filter(pk=subject.user_id or 0).first()
