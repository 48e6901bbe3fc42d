"""What the platform holds of a login profile: exported and erased on the person's request.

`privacy` registers these two; accounts does not know requests.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import (
    AuditActor,
    EmailChange,
    Invitation,
    Media,
    Membership,
    RecoveryCode,
    RememberedDevice,
    Role,
    Session,
    SignUpInvitation,
    TotpDevice,
    User,
)
from accounts.services import auditing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope


class SoleOwner(ExpectedError):
    """The profile is the only owner of an account, which would be left without one."""


def export_profile(user: User) -> dict[str, Any]:
    """Return everything held of a login profile as plain JSON values; secrets only as facts about them."""
    with platform_scope("accounts: export a profile to its person"):
        memberships = list(Membership.objects.filter(user=user).select_related("account").order_by("pk"))
        acts = list(AuditActor.objects.filter(user=user).select_related("event").order_by("pk"))
        invitations = list(Invitation.objects.filter(email=user.email).select_related("account"))
        pictures = list(Media.objects.filter(created_by=user).select_related("account").order_by("pk"))
    return {
        "profile": {
            "email": user.email,
            "name": user.name,
            "language": user.language,
            "time_zone": user.time_zone,
            "platform_role": user.platform_role,
            "created_at": _text(user.created_at),
            "email_confirmed_at": _text(user.email_confirmed_at),
            "password_changed_at": _text(user.password_changed_at),
            "last_sign_in": _text(user.last_login),
            "restricted_at": _text(user.restricted_at),
        },
        "memberships": [
            {"account": each.account.name, "role": each.role, "since": _text(each.created_at)} for each in memberships
        ],
        "accepted_documents": [
            {"document": each.document, "version": each.version, "accepted_at": _text(each.accepted_at)}
            for each in user.accepted_terms.order_by("accepted_at")
        ],
        "second_factors": [
            {"name": each.name, "since": _text(each.created_at), "last_used_at": _text(each.last_used_at)}
            for each in TotpDevice.objects.filter(user=user)
        ],
        "recovery_codes_left": RecoveryCode.objects.filter(user=user, used_at=None).count(),
        "remembered_browsers": [
            {"label": each.label, "since": _text(each.created_at), "until": _text(each.expires_at)}
            for each in RememberedDevice.objects.filter(user=user)
        ],
        "sessions": [
            {
                "label": each.label,
                "network": each.network,
                "since": _text(each.created_at),
                "last_seen_at": _text(each.last_seen_at),
            }
            for each in Session.objects.filter(user=user)
        ],
        "address_change": [
            {"new_email": each.new_email, "until": _text(each.expires_at)}
            for each in EmailChange.objects.filter(user=user)
        ],
        "invitations": [
            {"account": each.account.name, "role": each.role, "at": _text(each.created_at)} for each in invitations
        ],
        "pictures": [
            {"account": each.account.name, "name": each.name, "at": _text(each.created_at)} for each in pictures
        ],
        "acts": [
            {
                "at": _text(each.event.at),
                "action": each.event.action,
                "target": f"{each.event.target_kind} {each.event.target_id}".strip(),
                "network": each.network,
                "details": each.details,
            }
            for each in acts
        ],
    }


def sole_ownerships(user: User) -> list[str]:
    """Return the names of the accounts that have no other owner."""
    with platform_scope("accounts: find accounts with one owner"):
        mine = Membership.objects.filter(user=user, role=Role.OWNER).select_related("account")
        return [
            each.account.name
            for each in mine
            if not Membership.objects.filter(account_id=each.account_id, role=Role.OWNER).exclude(user=user).exists()
        ]


def erase_profile(user: User, *, now: datetime) -> dict[str, int]:
    """Erase a login profile; return how many rows of each kind went. The chain of the audit log stays whole.

    Raises `SoleOwner`: the account is handed over or closed first.
    """
    with transaction.atomic():
        if alone := sole_ownerships(user):
            raise SoleOwner(f"This person is the only owner of {', '.join(alone)}: hand over or close it first.")
        with platform_scope("accounts: erase a profile"):
            acts = AuditActor.objects.filter(user=user)
            counts = {"acts": acts.update(user=None, name="", network="", details={}, salt=b"")}
            counts["invitations"] = Invitation.objects.filter(email=user.email).delete()[0]
            counts["sign_up_invitations"] = SignUpInvitation.objects.filter(email=user.email).delete()[0]
            counts["memberships"] = Membership.objects.filter(user=user).delete()[0]
            user_id = user.pk
            counts["profile"] = user.delete()[0]
        auditing.record(
            action="profile.erased",
            actor=auditing.SYSTEM,
            now=now,
            account_id=None,
            target=("profile", user_id),
        )
    return counts


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
