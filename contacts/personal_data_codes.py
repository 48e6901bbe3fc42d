"""Codes that were mailed for preference pages, for the answers to people's requests."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import Account
from contacts.models import MailedCode
from contacts.services.hosted import preferring
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.registry import PersonalData, Rows, Subject, Sweep


def _codes(subject: Subject) -> QuerySet[MailedCode]:
    mine = Q(contact__email_hash=subject.address_hash) | Q(contact__in=subject.contact_ids)
    return MailedCode.objects.filter(mine, account_id=subject.account_id)


def _export(subject: Subject) -> Rows:
    return [
        {"mailed_at": row.made_at.isoformat(), "worked_until": row.expires_at.isoformat()} for row in _codes(subject)
    ]


def _erase(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    return MailedCode.objects.filter(pk__in=[row.pk for row in _codes(subject)]).delete()[0]


def _sweep(cutoff: datetime, dry_run: bool) -> int:
    with platform_scope("contacts: find accounts for a sweep"):
        accounts = list(Account.objects.exclude(status=Account.Status.CLOSED).values_list("pk", flat=True))
    total = 0
    for account_id in accounts:
        with account_scope(account_id):
            total += preferring.drop_codes(account_id=account_id, before=cutoff, dry_run=dry_run)
    return total


registry.register(
    PersonalData(
        app="contacts",
        name="codes",
        title="Codes for the preference page",
        purpose="To open to nobody but the person what is stored of them",
        retention_class="mailed_code",
        export=_export,
        count=lambda subject: _codes(subject).count(),
        erase=_erase,
        order=60,
    )
)
registry.register_sweep(
    Sweep(
        retention_class="mailed_code",
        title="Codes for preference pages that ran out",
        keep=timedelta(days=1),
        sweep=_sweep,
    )
)
