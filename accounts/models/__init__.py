"""Tables of tenants, login profiles, sign-in, audit and outbox."""

from accounts.models.audit import AuditActor, AuditEvent, AuditHead, AuditSeal
from accounts.models.media import Media
from accounts.models.outbox import Outbox
from accounts.models.profiles import AcceptedTerms, EmailChange, User
from accounts.models.sign_in import RecoveryCode, RememberedDevice, Session, TotpDevice
from accounts.models.tenants import Account, ApiKey, Directory, Invitation, Membership, Role, SignUpInvitation

__all__ = [
    "AcceptedTerms",
    "Account",
    "ApiKey",
    "AuditActor",
    "AuditEvent",
    "AuditHead",
    "AuditSeal",
    "Directory",
    "EmailChange",
    "Invitation",
    "Media",
    "Membership",
    "Outbox",
    "RecoveryCode",
    "RememberedDevice",
    "Role",
    "Session",
    "SignUpInvitation",
    "TotpDevice",
    "User",
]
