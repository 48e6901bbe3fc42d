"""Signing up: the same answer to everybody, the difference only in the mailbox."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import links
from accounts.models import Account, Membership, SignUpInvitation, User
from accounts.services import auditing, documents, founding, mailboxes, outbox
from emailconcert.lib import addresses, signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import user_scope

_PURPOSE = "confirm sign-up"
_INVITED = "sign-up"
_VALID = timedelta(days=3)
_INVITATION_VALID = timedelta(days=14)


class SignUpClosed(ExpectedError):
    """The platform takes no new accounts, or only invited ones."""


@dataclass(frozen=True)
class SignUp:
    """What the sign-up form says; the address is normalised, the password checked."""

    name: str
    email: str
    password: str
    business_name: str
    postal_address: str
    country: str
    time_zone: str
    language: str


def check_open(*, invitation: str, now: datetime) -> SignUpInvitation | None:
    """Return the invitation that lets this person in, or None where nobody needs one. Raises `SignUpClosed`."""
    if settings.SIGN_UP == "open":
        return None
    if settings.SIGN_UP == "closed":
        raise SignUpClosed(f"{settings.PLATFORM_NAME} does not open new accounts at the moment.")
    digest = signing.secret_hash(invitation, purpose=_INVITED)
    found = SignUpInvitation.objects.filter(secret_hash=digest, used_at=None, expires_at__gt=now).first()
    if found is None:
        raise SignUpClosed("New accounts are opened by invitation. Use the link in your invitation, or ask for one.")
    return found


def sign_up(*, form: SignUp, invitation: str, network: str, now: datetime) -> int | None:
    """Make a profile and its account, and mail the link that confirms both; return the profile's id.

    Where the address has a profile already, its mailbox is told so and None is returned; where its mailbox had enough
    of our mails, nothing is. The caller answers the same. Raises `SignUpClosed`.
    """
    allowed = check_open(invitation=invitation, now=now)
    if allowed is not None and allowed.email != form.email:
        raise SignUpClosed("This invitation was sent to another address. Sign up with that one.")
    password = make_password(form.password)
    if not mailboxes.may_mail("sign up", form.email):
        _work_for_nothing(form, password, network=network, now=now)
        return None
    with transaction.atomic():
        if allowed is not None:
            _use(allowed, now=now)
        existing = User.objects.select_for_update().filter(email=form.email).first()
        if existing is not None and existing.email_confirmed_at is not None:
            _work_for_nothing(form, password, network=network, now=now)
            _tell_existing(existing, now=now)
            return None
        user = _write_profile(existing, form, password, now=now)
        _write_account(user, form, network=network, now=now)
        documents.accept(user=user, now=now)
        _mail_link(user, business=form.business_name, now=now)
    return user.pk


def confirm(*, token: str, network: str, now: datetime) -> User:
    """Confirm the address of the profile that the link is for. Raises `BadToken`. Doing it twice changes nothing."""
    user = profile_of(token=token, now=now)
    actor = auditing.actor_for(user, network=network)
    if User.objects.filter(pk=user.pk, email_confirmed_at=None).update(email_confirmed_at=now):
        auditing.record(
            action="profile.confirmed",
            actor=actor,
            now=now,
            account_id=user.last_account_id,
            target=("profile", user.pk),
        )
    user.refresh_from_db()
    return user


def profile_of(*, token: str, now: datetime) -> User:
    """Return the profile a confirmation link is for. Raises `BadToken`.

    The link carries a mark of the password it was sent with: one that somebody replaced since confirms nothing.
    """
    payload = signing.unsign(token, purpose=_PURPOSE, now=now)
    user = User.objects.filter(pk=int.from_bytes(payload[:8])).first()
    if user is None or not hmac.compare_digest(payload[8:], _mark(user)):
        raise signing.BadToken
    return user


def send_again(*, user: User, now: datetime) -> None:
    """Mail the confirmation link once more, unless the mailbox had enough of them."""
    if not mailboxes.may_mail("sign up", user.email):
        return
    with user_scope(user.pk):
        membership = Membership.objects.select_related("account").filter(user=user).first()
    _mail_link(user, business=membership.account.name if membership else "", now=now)


def invite(*, email: str, actor: auditing.Actor, now: datetime) -> SignUpInvitation:
    """Let somebody open an account while sign-up is by invitation; the link goes to the address."""
    secret = signing.new_secret()
    with transaction.atomic():
        invitation, _ = SignUpInvitation.objects.update_or_create(
            email=addresses.normalise(email),
            defaults={
                "secret_hash": signing.secret_hash(secret, purpose=_INVITED),
                "expires_at": now + _INVITATION_VALID,
                "used_at": None,
            },
        )
        outbox.put_mail(
            template="sign_up_invitation",
            to=invitation.email,
            context={
                "url": f"{links.absolute('accounts:sign-up')}?invitation={secret}",
                "days": _INVITATION_VALID.days,
            },
            account_id=None,
            now=now,
        )
        auditing.record(
            action="sign_up.invited",
            actor=actor,
            now=now,
            account_id=None,
            target=("sign_up_invitation", invitation.pk),
        )
    return invitation


def _work_for_nothing(form: SignUp, password: str, *, network: str, now: datetime) -> None:
    """Do what a new sign-up does and undo it, so that the time it takes tells nobody whether there is a profile."""
    with transaction.atomic():
        nobody = replace(form, email=f"{secrets.token_hex(16)}@example.invalid")
        user = _write_profile(None, nobody, password, now=now)
        _write_account(user, nobody, network=network, now=now)
        documents.accept(user=user, now=now)
        transaction.set_rollback(True)


def _use(invitation: SignUpInvitation, *, now: datetime) -> None:
    if not SignUpInvitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=now):
        raise SignUpClosed("This invitation has been used already. Sign in, or ask for another.")


def _write_profile(existing: User | None, form: SignUp, password: str, *, now: datetime) -> User:
    # An unconfirmed profile belongs to nobody yet: whoever signs up last writes it anew, and only the link sent to
    # the mailbox with that password confirms it.
    user = existing or User(email=form.email)
    user.name, user.password, user.password_changed_at = form.name, password, now
    user.language, user.time_zone = form.language, form.time_zone
    user.save()
    return user


def _write_account(user: User, form: SignUp, *, network: str, now: datetime) -> None:
    if user.last_account_id is not None:
        Account.objects.filter(pk=user.last_account_id).update(
            name=form.business_name,
            postal_address=form.postal_address,
            country=form.country,
            time_zone=form.time_zone,
            language=form.language,
        )
        return
    founding.open_account(
        owner=user,
        name=form.business_name,
        postal_address=form.postal_address,
        country=form.country,
        time_zone=form.time_zone,
        language=form.language,
        actor=auditing.actor_for(user, network=network),
        now=now,
    )
    user.refresh_from_db()


def _mail_link(user: User, *, business: str, now: datetime) -> None:
    token = signing.sign(user.pk.to_bytes(8) + _mark(user), purpose=_PURPOSE, expires_at=now + _VALID)
    outbox.put_mail(
        template="confirm_sign_up",
        to=user.email,
        context={
            "name": user.name,
            "business": business,
            "url": links.absolute("accounts:confirm-sign-up", token),
            "days": _VALID.days,
        },
        language=user.language,
        account_id=None,
        now=now,
    )


def _tell_existing(user: User, *, now: datetime) -> None:
    outbox.put_mail(
        template="already_signed_up",
        to=user.email,
        context={
            "name": user.name,
            "url": links.absolute("accounts:sign-in"),
            "reset_url": links.absolute("accounts:password-reset"),
        },
        language=user.language,
        account_id=None,
        now=now,
    )


def _mark(user: User) -> bytes:
    return addresses.keyed_hash(f"{user.email}:{user.password}".encode(), purpose="sign-up")[:12]
