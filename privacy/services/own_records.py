"""What privacy holds of a contact: consents, blocks, earlier requests. Registered in `privacy.personal_data`.

Runs in the scope of the subject's account or in the platform's.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from emailconcert.lib import addresses
from emailconcert.lib.tenancy import platform_scope
from privacy.models import Consent, Package, PrivacyRequest, Restriction, Suppression
from privacy.registry import Subject, SubjectKind
from privacy.services import consents, states

Rows = list[dict[str, Any]]

TEXTS = (
    "sealed_full_name",
    "sealed_email",
    "sealed_business_name",
    "sealed_details",
    "sealed_controller_reason",
    "sealed_extension_reason",
    "sealed_refusal",
)


def export_consents(subject: Subject) -> Rows:
    """Return every consent with its words."""
    return [
        {
            "given_at": _text(each.given_at),
            "how": each.channel,
            "words": each.wording,
            "list": each.list_id,
            "source": each.source_id,
            "source_version": each.source_version,
            "network": each.network,
            "confirmed_at": _text(each.confirmed_at),
            "withdrawn_at": _text(each.withdrawn_at),
        }
        for each in consents.evidence(account_id=subject.account_id, address_hash=subject.address_hash)
    ]


def count_consents(subject: Subject) -> int:
    """Return how many consents would lose their network address."""
    return _consents(subject).count()


def strip_consents(subject: Subject, _now: datetime) -> int:
    """Take the network address out of the consents; words and dates stay by hash."""
    return _consents(subject).update(network="")


def export_standing(subject: Subject) -> Rows:
    """Return the blocks on the address."""
    rows: Rows = [
        {"block": "suppressed", "reason": each.get_reason_display(), "since": _text(each.created_at)}
        for each in Suppression.objects.filter(account_id=subject.account_id, address_hash=subject.address_hash)
    ]
    rows += [
        {"block": "restricted", "reason": "", "since": _text(each.since)}
        for each in Restriction.objects.filter(account_id=subject.account_id, address_hash=subject.address_hash)
    ]
    return rows


def count_standing(subject: Subject) -> int:
    """Return how many blocks would lose their address."""
    return _readable_blocks(subject).count()


def strip_standing(subject: Subject, _now: datetime) -> int:
    """Empty the address in the suppression list; the hash stays."""
    return _readable_blocks(subject).update(sealed_address=None)


def export_requests(subject: Subject) -> Rows:
    """Return the person's requests about this account."""
    with platform_scope("privacy: export a person's requests"):
        return [
            {
                "reference": each.reference,
                "type": each.get_type_display(),
                "received_at": _text(each.received_at),
                "state": each.get_state_display(),
                "closed_at": _text(each.closed_at),
            }
            for each in _requests(subject).order_by("pk")
        ]


def count_requests(subject: Subject) -> int:
    """Return how many closed requests would lose their texts."""
    with platform_scope("privacy: count a person's requests"):
        return _closed_with_texts(subject).count()


def strip_requests(subject: Subject, _now: datetime) -> int:
    """Empty the texts of closed requests and destroy their packages."""
    with platform_scope("privacy: strip a person's requests"):
        rows = _closed_with_texts(subject)
        for package in Package.objects.filter(request__in=_requests(subject)).exclude(sealed_key=None):
            (Path(settings.MEDIA_DIR) / package.path).unlink(missing_ok=True)
            Package.objects.filter(pk=package.pk).update(sealed_key=None, code_hash=None)
        return rows.update(**dict.fromkeys(TEXTS))


def _consents(subject: Subject) -> QuerySet[Consent]:
    return Consent.objects.filter(account_id=subject.account_id, address_hash=subject.address_hash)


def _readable_blocks(subject: Subject) -> QuerySet[Suppression]:
    return Suppression.objects.filter(account_id=subject.account_id, address_hash=subject.address_hash).exclude(
        sealed_address=None
    )


def _requests(subject: Subject) -> QuerySet[PrivacyRequest]:
    rows = PrivacyRequest.objects.filter(
        email_hash=addresses.address_hash(subject.address, account_id=0), subject_kind=str(subject.kind)
    )
    return rows.filter(account_id=subject.account_id) if subject.kind == SubjectKind.CONTACT else rows


def _closed_with_texts(subject: Subject) -> QuerySet[PrivacyRequest]:
    return _requests(subject).filter(state__in=states.CLOSED).exclude(sealed_email=None)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
