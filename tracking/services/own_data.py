"""What is stored of a person, for themselves: opened from their preference page by a code that was mailed to them."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from contacts import fields
from contacts.fields import Field, Value
from contacts.hosted import blueprint as blueprints
from contacts.models import Contact, FormVersion, Subscription
from contacts.services import people
from contacts.services.fields import field_values
from contacts.services.hosted import preferring
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from privacy.services import contact_requests
from tracking.services.addressing import Addressed

OPEN_FOR = timedelta(minutes=30)
_PURPOSE = "preference session"
_IDS = struct.Struct(">QQ")
_ALWAYS = ("first_name", "last_name", "date_of_birth", "gender", "language", "country", "time_zone", "phone")


@dataclass(frozen=True)
class Held:
    """What is stored of a person; `editable` are the fields they may change here."""

    email: str
    values: Mapping[Field, Value]
    editable: frozenset[str]
    lists: list[tuple[str, str]]
    paused_until: datetime | None
    tracking_off: bool


def send_code(*, addressed: Addressed, now: datetime) -> None:
    """Mail a code to the person, if they are still there; nothing tells whether."""
    if addressed.account is None or addressed.contact is None:
        return
    with account_scope(addressed.account):
        preferring.send_code(account=addressed.account, contact=addressed.contact, now=now)


def open_by_code(*, addressed: Addressed, code: str, now: datetime) -> str:
    """Return the secret of a short session, bound to this contact and address. Raises `preferring.WrongCode`."""
    account, contact = addressed.account, addressed.contact
    if account is None or contact is None:
        raise preferring.WrongCode
    with account_scope(account):
        is_right = preferring.use_code(contact=contact, code=code, now=now)
    if not is_right:
        raise preferring.WrongCode  # after the try was counted and committed
    payload = _IDS.pack(account.pk, contact.pk) + bytes(contact.email_hash)
    return signing.sign(payload, purpose=_PURPOSE, expires_at=now + OPEN_FOR)


def is_open(*, addressed: Addressed, session: str, now: datetime) -> bool:
    """Tell whether a session is that of this person, and not over."""
    account, contact = addressed.account, addressed.contact
    if account is None or contact is None:
        return False
    try:
        payload = signing.unsign(session, purpose=_PURPOSE, now=now)
    except signing.BadToken:
        return False
    return payload == _IDS.pack(account.pk, contact.pk) + bytes(contact.email_hash)


def read(contact: Contact) -> Held:
    """Return what is stored, in the account's scope. Own fields may be changed where a form of the account asks for them."""
    known = [each for each in fields.all_fields(contact.account_id) if each.name != "email"]
    sealed = field_values.unseal(contact) if any(each.sensitive for each in known) else {}
    values = {each: sealed.get(each.key) if each.sensitive else field_values.value_of(contact, each) for each in known}
    online = FormVersion.objects.filter(account_id=contact.account_id, number=F("form__version"), form__is_active=True)
    asked = {
        question.field
        for raw in online.values_list("blueprint", flat=True)
        for question in blueprints.from_json(raw).questions
        if not question.hidden
    }
    standing = Subscription.objects.filter(contact=contact).select_related("list").order_by("list__name")
    lists = [(each.list.name, each.get_state_display()) for each in standing if each.list.is_public]
    editable = frozenset(_ALWAYS) | frozenset(asked)
    return Held(contact.email, values, editable, lists, contact.paused_until, contact.tracking_off)


def change(*, contact: Contact, held: Held, values: Mapping[str, Value], now: datetime) -> list[str]:
    """Keep what the person changed, in the account's scope; return the names of the fields.

    Raises `people.IsRestricted`, `guard.SpecialCategory`.
    """
    changed = {
        field: values[field.name]
        for field, value in held.values.items()
        if field.name in held.editable and field.name in values and (values[field.name] or None) != (value or None)
    }
    standard: dict[str, object] = {field.name: value for field, value in changed.items() if not field.is_own}
    standard["values"] = {field.key: value for field, value in changed.items() if field.is_own}
    if changed:
        people.edit_contact(contact=contact, changes=standard, source=Contact.Source.PREFERENCES, now=now)
    return [field.name for field in changed]


def ask(*, addressed: Addressed, wanted: str, now: datetime) -> str:
    """Put a request of the person into the DPO's queue; return its reference. Raises `contact_requests.AlreadyAsked`."""
    account, contact = addressed.account, addressed.contact
    if account is None or contact is None or wanted not in contact_requests.TYPES:
        raise signing.BadToken
    return contact_requests.ask(
        account_id=account.pk,
        business_name=account.name,
        wanted_type=wanted,
        full_name=f"{contact.first_name} {contact.last_name}".strip() or contact.email,
        email=contact.email,
        language=contact.language or account.language,
        now=now,
    )
