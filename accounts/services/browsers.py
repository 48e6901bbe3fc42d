"""Where a profile is signed in, and the browsers on which its second factor is not asked for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ua_parser import parse

from accounts.models import RememberedDevice, Session, User
from emailconcert.lib import addresses, signing

REMEMBERED_FOR = timedelta(days=30)
_DEVICE = "remembered"


@dataclass(frozen=True)
class OpenSession:
    """One sign-in as its owner sees it; `handle` names it without giving its key away."""

    handle: str
    label: str
    network: str
    created_at: datetime
    last_seen_at: datetime | None
    is_current: bool


def label_of(user_agent: str) -> str:
    """Return a browser's and system's name, for example "Firefox on Linux"."""
    found = parse(user_agent[:500])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    return " on ".join(part for part in (browser, system) if part)[:100] or "Unknown browser"


def open_sessions(*, user: User, current_key: str | None, now: datetime) -> list[OpenSession]:
    """Return where the profile is signed in, the current browser first."""
    rows = Session.objects.filter(user=user, expire_date__gt=now).order_by("-last_seen_at")
    found = [
        OpenSession(
            handle=_handle(row.session_key),
            label=row.label or "Unknown browser",
            network=row.network,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.session_key == current_key,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: not each.is_current)


def end_session(*, user: User, handle: str) -> bool:
    """Sign the profile out of one browser; tell whether it was signed in there."""
    keys = Session.objects.filter(user=user).values_list("session_key", flat=True)
    wanted = [key for key in keys if _handle(key) == handle]
    return Session.objects.filter(user=user, session_key__in=wanted).delete()[0] > 0


def end_other_sessions(*, user: User, current_key: str | None) -> int:
    """Sign the profile out everywhere but here; return of how many browsers."""
    return Session.objects.filter(user=user).exclude(session_key=current_key or "").delete()[0]


def remember(*, user: User, label: str, now: datetime) -> str:
    """Remember this browser; return the secret for its cookie."""
    secret = signing.new_secret()
    RememberedDevice.objects.create(
        user=user, secret_hash=_device_hash(secret), label=label, expires_at=now + REMEMBERED_FOR
    )
    return secret


def is_remembered(*, user: User, secret: str, now: datetime) -> bool:
    """Tell whether the browser that shows `secret` was remembered for this profile and still is."""
    return (
        bool(secret)
        and RememberedDevice.objects.filter(user=user, secret_hash=_device_hash(secret), expires_at__gt=now).exists()
    )


def remembered(*, user: User, now: datetime) -> list[RememberedDevice]:
    """Return the profile's remembered browsers, the latest first."""
    return list(RememberedDevice.objects.filter(user=user, expires_at__gt=now).order_by("-pk"))


def forget(*, user: User, pk: int) -> bool:
    """Ask for the second factor again on one browser; tell whether it was remembered."""
    return RememberedDevice.objects.filter(user=user, pk=pk).delete()[0] > 0


def _device_hash(secret: str) -> bytes:
    return signing.secret_hash(secret, purpose=_DEVICE)


def _handle(session_key: str) -> str:
    return addresses.keyed_hash(session_key.encode(), purpose="session")[:12].hex()
