"""Invitations to join an account, by a link whose secret is stored as a hash only."""

import hmac
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import links
from accounts.models import Account, Directory, Invitation, Membership, Role, User
from accounts.services import auditing, directory, documents, outbox
from accounts.services.auditing import Actor
from emailconcert.lib import limits, signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

_PURPOSE = "team"
VALID = timedelta(days=7)


class CannotInvite(ExpectedError):
    """The invitation was not sent."""


class CannotAccept(ExpectedError):
    """The invitation has run out, was taken back, or is for somebody else."""


def invite(*, account: Account, email: str, role: Role, by: Membership, actor: Actor, now: datetime) -> Invitation:
    """Mail an invitation; inviting again replaces the one before. Raises `CannotInvite`."""
    if role == Role.OWNER and by.role != Role.OWNER:
        raise CannotInvite("Only an owner can invite an owner.")
    if Membership.objects.filter(account=account, user__email=email).exists():
        raise CannotInvite("This person is in the team already.")
    if not limits.hit("invite", account.pk, 50, 3600):
        raise CannotInvite("Too many invitations in an hour. Wait a little, then go on.")
    secret = signing.new_secret()
    with transaction.atomic():
        invitation, _ = Invitation.objects.update_or_create(
            account=account,
            email=email,
            accepted_at=None,
            defaults={
                "role": role,
                "secret_hash": signing.secret_hash(secret, purpose=_PURPOSE),
                "invited_by_id": by.user_id,
                "expires_at": now + VALID,
            },
        )
        _leave_directory(invitation)
        directory.enter(
            kind=Directory.Kind.INVITATION, key=bytes(invitation.secret_hash), account=account, target_id=invitation.pk
        )
        _mail(invitation, account=account, by=by.user, secret=secret, now=now)
        _record("team.invited", invitation, actor, now)
    return invitation


def withdraw(*, invitation: Invitation, actor: Actor, now: datetime) -> None:
    """Take an open invitation back; its link stops working."""
    with transaction.atomic():
        _leave_directory(invitation)
        _record("team.invitation_withdrawn", invitation, actor, now)
        invitation.delete()


def find(*, secret: str, now: datetime) -> Invitation:
    """Return the open invitation that a link is for, with account and inviter. Raises `CannotAccept`."""
    digest = signing.secret_hash(secret, purpose=_PURPOSE)
    entry = directory.find(kind=Directory.Kind.INVITATION, key=digest)
    if entry is not None and entry.target_id is not None and entry.account.status != Account.Status.CLOSED:
        with account_scope(entry.account_id):
            found = (
                Invitation.objects.select_related("account", "invited_by")
                .filter(pk=entry.target_id, accepted_at=None, expires_at__gt=now)
                .first()
            )
        if found is not None and hmac.compare_digest(bytes(found.secret_hash), digest):
            return found
    raise CannotAccept("This invitation is not valid any more. Ask whoever invited you for a new one.")


def accept(*, secret: str, user: User, network: str, now: datetime) -> Membership:
    """Join the account as `user`, whose address must be the invited one. Raises `CannotAccept`."""
    invitation = find(secret=secret, now=now)
    if user.email != invitation.email:
        raise CannotAccept("This invitation was sent to another address than the one you are signed in with.")
    with account_scope(invitation.account_id):
        if not Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=now):
            raise CannotAccept("This invitation was accepted already.")
        membership, _ = Membership.objects.get_or_create(
            account_id=invitation.account_id, user=user, defaults={"role": invitation.role}
        )
        _leave_directory(invitation)
        User.objects.filter(pk=user.pk).update(last_account=invitation.account_id)
        _record("team.joined", invitation, auditing.actor_for(user, network=network), now)
    return membership


def accept_as_new(
    *, secret: str, name: str, password: str, language: str, time_zone: str, network: str, now: datetime
) -> User:
    """Make the invited person's profile and join. The link came to the mailbox, so the address is proved.

    Raises `CannotAccept`.
    """
    invitation = find(secret=secret, now=now)
    hashed = make_password(password)
    with transaction.atomic():
        existing = User.objects.select_for_update().filter(email=invitation.email).first()
        if existing is not None and existing.email_confirmed_at is not None:
            raise CannotAccept("You have a profile already. Sign in with it to accept.")
        user = existing or User(email=invitation.email)
        user.name, user.password, user.language, user.time_zone = name, hashed, language, time_zone
        user.email_confirmed_at = user.password_changed_at = now
        user.save()
        documents.accept(user=user, now=now)
        accept(secret=secret, user=user, network=network, now=now)
    user.refresh_from_db()
    return user


def _leave_directory(invitation: Invitation) -> None:
    Directory.objects.filter(
        kind=Directory.Kind.INVITATION, account_id=invitation.account_id, target_id=invitation.pk
    ).delete()


def _mail(invitation: Invitation, *, account: Account, by: User, secret: str, now: datetime) -> None:
    outbox.put_mail(
        template="invitation",
        to=invitation.email,
        context={
            "business": account.name,
            "inviter": by.name,
            "role": Role(invitation.role).label.lower(),
            "url": links.absolute("accounts:invitation", secret),
            "days": VALID.days,
        },
        language=account.language,
        account_id=account.pk,
        now=now,
    )


def _record(action: str, invitation: Invitation, actor: Actor, now: datetime) -> None:
    auditing.record(
        action=action,
        actor=actor,
        now=now,
        account_id=invitation.account_id,
        target=("invitation", invitation.pk),
        details={"role": invitation.role},
    )
