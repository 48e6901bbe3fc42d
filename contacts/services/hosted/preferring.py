"""What a person chooses about themselves on a page that only a link mailed to them opens.

The link alone opens nothing that is stored, as mails are forwarded. For that a fresh code is mailed to the address.
"""

import secrets
from datetime import datetime, timedelta

from django.db.models import F

from accounts.models import Account
from accounts.services import outbox
from contacts.models import Contact, MailedCode
from contacts.services import timeline
from emailconcert.lib import addresses, limits
from emailconcert.lib.errors import ExpectedError

CODE_LIFE = timedelta(minutes=10)
TRIES = 5
# With five tries each, a patient guesser of six digits gets nowhere.
_MAILS, _WINDOW, _MAILS_A_DAY = 3, 3600, 8


class WrongCode(ExpectedError):
    """The code is not the one last mailed, or too old, or was tried too often."""

    def __init__(self) -> None:
        super().__init__("That is not the code we mailed last, or it is older than 10 minutes. Ask for a new one.")


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


def send_code(*, account: Account, contact: Contact, now: datetime) -> bool:
    """Mail a fresh code to the contact's address, at most three an hour and eight a day; the one before stops working."""
    if not limits.hit("preference code", contact.pk, _MAILS, _WINDOW):
        return False
    if not limits.hit("preference code a day", contact.pk, _MAILS_A_DAY, 24 * 3600):
        return False
    code = f"{secrets.randbelow(10**6):06d}"
    MailedCode.objects.update_or_create(
        account_id=account.pk,
        contact=contact,
        defaults={"code_hash": _hash(contact, code), "tries": 0, "made_at": now, "expires_at": now + CODE_LIFE},
    )
    outbox.put_mail(
        template="preference_code",
        to=contact.email,
        context={"business": account.name, "postal_address": account.postal_address, "code": f"{code[:3]} {code[3:]}"},
        language=contact.language or account.language,
        account_id=account.pk,
        now=now,
    )
    return True


def use_code(*, contact: Contact, code: str, now: datetime) -> bool:
    """Tell whether this is the code mailed last. Each try counts, five are allowed, and the right one works once."""
    digits = "".join(each for each in code if each.isdigit() and each.isascii())
    held = MailedCode.objects.filter(account_id=contact.account_id, contact=contact)
    # Counted first, in one statement: two tries at once are two.
    if not held.filter(tries__lt=TRIES, expires_at__gt=now).update(tries=F("tries") + 1):
        return False
    return held.filter(code_hash=_hash(contact, digits)).delete()[0] > 0


def drop_codes(*, account_id: int, before: datetime, dry_run: bool) -> int:
    """Delete codes that ran out before then, in the account's scope. Return how many."""
    old = MailedCode.objects.filter(account_id=account_id, expires_at__lt=before)
    return old.count() if dry_run else old.delete()[0]


def _hash(contact: Contact, code: str) -> bytes:
    return addresses.keyed_hash(f"{contact.account_id}:{contact.pk}:{code}".encode(), purpose="preference code")
