"""A person's own record: name, language, zone, and the address with proof at both mailboxes."""

import hmac
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts import links
from accounts.models import EmailChange, User
from accounts.services import auditing, outbox
from accounts.services.auditing import Actor
from emailconcert.lib import limits, signing
from emailconcert.lib.errors import ExpectedError

_OLD, _NEW = "email old", "email new"
_VALID = timedelta(days=2)


class CannotChangeAddress(ExpectedError):
    """The change of address was not begun, or cannot be finished."""


def update(*, user: User, name: str, language: str, time_zone: str, actor: Actor, now: datetime) -> None:
    """Keep name, language and zone right."""
    before = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    after = {"name": name, "language": language, "time_zone": time_zone}
    changed = sorted(key for key in after if before[key] != after[key])
    if not changed:
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**after)
        auditing.record(
            action="profile.changed",
            actor=actor,
            now=now,
            account_id=user.last_account_id,
            target=("profile", user.pk),
            details={"fields": changed},
        )


def begin_address_change(*, user: User, new_email: str, actor: Actor, now: datetime) -> None:
    """Mail a link to the old and one to the new mailbox; the address changes when both said yes.

    Where somebody else has the new address, that mailbox is told so and the change cannot be finished; the caller sees
    no difference. Raises `CannotChangeAddress`.
    """
    if new_email == user.email:
        raise CannotChangeAddress("That is your address already.")
    if not limits.hit("change address", user.pk, 5, 3600):
        raise CannotChangeAddress("You asked for this several times. Wait an hour, then try again.")
    old_secret, new_secret = signing.new_secret(), signing.new_secret()
    taken = User.objects.filter(email=new_email).exists()
    with transaction.atomic():
        EmailChange.objects.update_or_create(
            user=user,
            defaults={
                "new_email": new_email,
                "old_secret_hash": signing.secret_hash(old_secret, purpose=_OLD),
                "new_secret_hash": signing.secret_hash(new_secret, purpose=_NEW),
                "old_proved_at": None,
                "new_proved_at": None,
                "expires_at": now + _VALID,
            },
        )
        _mail(user, to=user.email, template="change_email_old", secret=old_secret, new_email=new_email, now=now)
        template = "change_email_taken" if taken else "change_email_new"
        _mail(user, to=new_email, template=template, secret="" if taken else new_secret, new_email=new_email, now=now)
        auditing.record(
            action="profile.address_change_asked",
            actor=actor,
            now=now,
            account_id=user.last_account_id,
            target=("profile", user.pk),
        )


def open_change(user: User, *, now: datetime) -> EmailChange | None:
    """Return the profile's change of address that is under way, or None."""
    return EmailChange.objects.filter(user=user, expires_at__gt=now).first()


def change_of(*, token: str, now: datetime) -> tuple[EmailChange, str]:
    """Return the change a link is for, and whose mailbox it proves ("old" or "new"). Raises `BadToken`."""
    user_id, _, secret = token.partition("-")
    if not (user_id.isascii() and user_id.isdigit()) or len(user_id) > 18:
        raise signing.BadToken
    change = EmailChange.objects.select_related("user").filter(user_id=int(user_id), expires_at__gt=now).first()
    if change is None:
        raise signing.BadToken
    for side, stored in (("old", change.old_secret_hash), ("new", change.new_secret_hash)):
        if hmac.compare_digest(bytes(stored), signing.secret_hash(secret, purpose=f"email {side}")):
            return change, side
    raise signing.BadToken


def prove_address(*, token: str, actor: Actor, now: datetime) -> bool:
    """Take one mailbox's yes; with both, change the address and tell the old one. Return whether it changed.

    Raises `BadToken`, `CannotChangeAddress`.
    """
    try:
        with transaction.atomic():
            change, side = change_of(token=token, now=now)
            change = EmailChange.objects.select_for_update().select_related("user").get(pk=change.pk)
            setattr(change, f"{side}_proved_at", now)
            change.save(update_fields=[f"{side}_proved_at"])
            if change.old_proved_at is None or change.new_proved_at is None:
                return False
            _finish(change, actor=actor, now=now)
            return True
    except IntegrityError:
        raise CannotChangeAddress("This address cannot be used. Choose another one.") from None


def _finish(change: EmailChange, *, actor: Actor, now: datetime) -> None:
    user = change.user
    User.objects.filter(pk=user.pk).update(email=change.new_email)
    change.delete()
    auditing.record(
        action="profile.address_changed",
        actor=actor,
        now=now,
        account_id=user.last_account_id,
        target=("profile", user.pk),
    )


def _mail(user: User, *, to: str, template: str, secret: str, new_email: str, now: datetime) -> None:
    token = f"{user.pk}-{secret}" if secret else ""
    outbox.put_mail(
        template=template,
        to=to,
        context={
            "name": user.name,
            "new_email": new_email,
            "url": links.absolute("accounts:prove-email", token) if token else links.absolute("accounts:sign-in"),
            "days": _VALID.days,
        },
        language=user.language,
        account_id=None,
        now=now,
    )
