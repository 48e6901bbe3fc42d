"""What operators do from the shell: opening accounts, and the platform's own people.

The Data Protection Officer and staff need a second factor before the admin opens; they set it up at the first sign-in.
"""

import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import choices
from accounts.models import Account, User
from accounts.services import auditing, documents, founding
from emailconcert.lib import addresses, signing
from emailconcert.lib.errors import ExpectedError


class CannotMake(ExpectedError):
    """What was asked for is not possible with these facts."""


@dataclass(frozen=True)
class NewPerson:
    """A profile made by an operator, with the password that is shown once."""

    user: User
    password: str


@dataclass(frozen=True)
class NewAccount:
    """An account made by an operator; `password` is empty where the owner has one already."""

    account: Account
    owner: User
    password: str


def create_account(
    *,
    business_name: str,
    owner_email: str,
    owner_name: str,
    password: str | None,
    postal_address: str,
    country: str,
    time_zone: str,
    language: str,
    quota: int | None,
    now: datetime,
) -> NewAccount:
    """Open an account; the owner's profile is made if there is none. Raises `CannotMake`, `BadAddress`."""
    address = addresses.normalise(owner_email)
    _check(country=country, time_zone=time_zone, language=language)
    with transaction.atomic():
        owner = User.objects.filter(email=address).first()
        shown = ""
        if owner is None:
            shown = "" if password else signing.new_secret()[:24]
            owner = _make_user(
                email=address,
                name=owner_name or business_name,
                password=password or shown,
                language=language,
                time_zone=time_zone,
                now=now,
            )
        account = founding.open_account(
            owner=owner,
            name=business_name,
            postal_address=postal_address,
            country=country,
            time_zone=time_zone,
            language=language,
            actor=auditing.SYSTEM,
            now=now,
            quota=quota,
        )
    owner.refresh_from_db()
    return NewAccount(account, owner, shown)


def make_person(
    *,
    email: str,
    name: str,
    role: User.PlatformRole,
    password: str | None = None,
    language: str = "en",
    time_zone: str = "UTC",
    now: datetime,
) -> NewPerson:
    """Make a DPO's or staff profile, with a random password if none is given. Raises `CannotMake`, `BadAddress`."""
    address = addresses.normalise(email)
    _check(time_zone=time_zone, language=language)
    chosen = password or signing.new_secret()[:24]
    with transaction.atomic():
        if User.objects.filter(email=address).exists():
            raise CannotMake("This address has a login profile already.")
        user = _make_user(
            email=address,
            name=name,
            password=chosen,
            language=language,
            time_zone=time_zone,
            now=now,
            platform_role=role,
            is_staff=True,
        )
        auditing.record(
            action="platform.person_made",
            actor=auditing.SYSTEM,
            now=now,
            account_id=None,
            target=("profile", user.pk),
            details={"role": str(role)},
        )
    return NewPerson(user, "" if password else chosen)


def _make_user(*, password: str, now: datetime, **facts: object) -> User:
    user = User(email_confirmed_at=now, password_changed_at=now, password=make_password(password), **facts)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CannotMake(" ".join(error.messages)) from None
    user.save()
    documents.accept(user=user, now=now)
    return user


def _check(*, time_zone: str, language: str, country: str | None = None) -> None:
    if time_zone not in zoneinfo.available_timezones():
        raise CannotMake(f"There is no time zone “{time_zone}”; write one like Europe/Dublin.")
    if language not in dict(settings.LANGUAGES):
        raise CannotMake(f"There is no language “{language}”; write one of {', '.join(dict(settings.LANGUAGES))}.")
    if country is not None and country not in dict(choices.countries()):
        raise CannotMake(f"There is no country “{country}”; write two letters like IE.")
