"""What a person chooses about themselves on a page that only a link mailed to them opens."""

from datetime import datetime

from contacts.models import Contact
from contacts.services import timeline


def pause(*, account_id: int, contact_id: int, until: datetime, now: datetime) -> bool:
    """Send this person nothing before `until`; tell whether they are (still) there."""
    found = Contact.objects.filter(account_id=account_id, pk=contact_id)
    if not found.update(paused_until=until, updated_at=now):
        return False
    timeline.write(contact_id=contact_id, kind="paused_mail", now=now, details={"reason": f"until {until:%Y-%m-%d}"})
    return True


def choose_tracking(*, account_id: int, contact_id: int, is_off: bool, now: datetime) -> bool:
    """Stop (or allow) recording this person's opens and clicks; tell whether that changed anything."""
    found = Contact.objects.filter(account_id=account_id, pk=contact_id).exclude(tracking_off=is_off)
    if not found.update(tracking_off=is_off, updated_at=now):
        return False
    timeline.write(contact_id=contact_id, kind="tracking_off" if is_off else "tracking_on", now=now)
    return True
