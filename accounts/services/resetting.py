"""New passwords: by link for who forgot, by the old one for who knows it."""

import hmac
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import links
from accounts.models import RememberedDevice, User
from accounts.services import auditing, browsers, mailboxes, outbox
from emailconcert.lib import addresses, signing

_PURPOSE = "password reset"
_VALID = timedelta(hours=1)


def ask(*, email: str, now: datetime) -> None:
    """Mail a link if the address has a profile that may sign in. The caller answers the same either way."""
    if not mailboxes.may_mail("password reset", email):
        return
    known = User.objects.filter(email=email, is_active=True, restricted_at=None).first()
    user = known or User(pk=0, email=email)
    with transaction.atomic():
        _mail_link(user, now=now)
        # The same work for unknown addresses, undone: the time it takes tells nobody whether there is a profile.
        transaction.set_rollback(known is None)


def _mail_link(user: User, *, now: datetime) -> None:
    token = signing.sign(user.pk.to_bytes(8) + _mark(user), purpose=_PURPOSE, expires_at=now + _VALID)
    outbox.put_mail(
        template="password_reset",
        to=user.email,
        context={"name": user.name, "url": links.absolute("accounts:password-reset-confirm", token)},
        language=user.language,
        account_id=None,
        now=now,
    )


def profile_of(*, token: str, now: datetime) -> User:
    """Return the profile that a link is for. Raises `BadToken`; it works once, as the mark is of the old password."""
    payload = signing.unsign(token, purpose=_PURPOSE, now=now)
    user = User.objects.filter(pk=int.from_bytes(payload[:8]), is_active=True, restricted_at=None).first()
    if user is None or not hmac.compare_digest(payload[8:], _mark(user)):
        raise signing.BadToken
    return user


def reset(*, token: str, password: str, network: str, now: datetime) -> User:
    """Set the password of the link's profile and sign it out everywhere. Raises `BadToken`."""
    with transaction.atomic():
        user = profile_of(token=token, now=now)
        change(user=user, password=password, current_key=None, actor=auditing.actor_for(user, network=network), now=now)
        # The link came to the mailbox, which proves the address as well as the link of the sign-up does.
        User.objects.filter(pk=user.pk, email_confirmed_at=None).update(email_confirmed_at=now)
    user.refresh_from_db()
    return user


def change(*, user: User, password: str, current_key: str | None, actor: auditing.Actor, now: datetime) -> None:
    """Set a password, end the other sessions, forget the remembered devices, and say so by mail."""
    with transaction.atomic():
        user.password, user.password_changed_at = make_password(password), now
        user.save(update_fields=["password", "password_changed_at"])
        browsers.end_other_sessions(user=user, current_key=current_key)
        RememberedDevice.objects.filter(user=user).delete()
        outbox.put_mail(
            template="security_change",
            to=user.email,
            context={"name": user.name, "what": "The password of your profile was changed."},
            language=user.language,
            account_id=None,
            now=now,
        )
        auditing.record(
            action="password.changed",
            actor=actor,
            now=now,
            account_id=user.last_account_id,
            target=("profile", user.pk),
        )


def _mark(user: User) -> bytes:
    return addresses.keyed_hash(f"{user.email}:{user.password}".encode(), purpose="password reset")[:12]
