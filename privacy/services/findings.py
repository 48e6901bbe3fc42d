"""The register of special-category findings: written by the guard, told to the owners and the DPO, decided by the DPO."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet

from accounts.models import Account, Membership, Role
from accounts.services import auditing, keys, outbox
from accounts.services.auditing import Actor
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import SpecialCategoryFinding
from privacy.services import lexicon

_CONTEXT = "privacy_specialcategoryfinding.sealed_sample"
_SAMPLE = 200
_NAME = 200
State = SpecialCategoryFinding.State
About = SpecialCategoryFinding.About


class NothingToDecide(ExpectedError):
    """The finding is gone, or already stands as asked."""

    def __init__(self) -> None:
        super().__init__("There is no such finding to decide.")


@dataclass(frozen=True)
class Row:
    """One finding as the register shows it."""

    pk: int
    account: str
    about: str
    place: str
    name: str
    category: str
    state: str
    state_label: str
    sample: str
    times: int
    last_found_at: datetime
    decided_at: datetime | None


def is_allowed(*, account_id: int, name: str, category: str) -> bool:
    """Tell whether the Data Protection Officer has allowed this name for this category in the account."""
    return _of(account_id, name, category).filter(state=State.ALLOWED).exists()


def note_name(*, account_id: int, place: str, name: str, category: str, now: datetime) -> None:
    """Write down a name that was refused. Nobody is mailed: who named it read the reason."""
    _write(account_id=account_id, about=About.NAME, place=place, name=name, category=category, sample="", now=now)


def record_finding(
    *, account_id: int, place: str, name: str, category: str, sample: str = "", now: datetime
) -> SpecialCategoryFinding:
    """Write down values that were kept out of the field `name`; the first time, owners and the DPO are mailed.

    `sample`, one of the values, is sealed and goes with the decision. Call in the account's scope.
    """
    finding, is_new = _write(
        account_id=account_id, about=About.VALUE, place=place, name=name, category=category, sample=sample, now=now
    )
    if is_new:
        _tell(finding, now=now)
    return finding


def rows(*, state: str = "") -> list[Row]:
    """Return the newest 200 findings of all accounts, those to be decided first, for the Data Protection Officer."""
    with platform_scope("privacy: read the register of findings"):
        found = SpecialCategoryFinding.objects.select_related("account").order_by(
            F("decided_at").asc(nulls_first=True), "-pk"
        )
        if state:
            found = found.filter(state=state)
        return [_row(finding) for finding in found[:200]]


def decide(*, pk: int, allow: bool, actor: Actor, now: datetime) -> None:
    """Allow what was found, or uphold the guard; the sample goes. Raises `NothingToDecide`."""
    state = State.ALLOWED if allow else State.UPHELD
    with platform_scope("privacy: decide a finding"):
        finding = SpecialCategoryFinding.objects.filter(pk=pk).exclude(state=state).first()
        if finding is None:
            raise NothingToDecide
        SpecialCategoryFinding.objects.filter(pk=pk).update(
            state=state, sealed_sample=None, decided_at=now, decided_by_id=actor.user_id
        )
        auditing.record(
            action=f"finding.{state}",
            actor=actor,
            now=now,
            account_id=finding.account_id,
            target=("finding", pk),
            details={"category": finding.category, "place": finding.place},
        )
        _mail_owners(finding, template="special_category_decided", now=now, allowed=allow)


def _of(account_id: int, name: str, category: str) -> QuerySet[SpecialCategoryFinding]:
    return SpecialCategoryFinding.objects.filter(
        account_id=account_id, name_key=lexicon.plain(name)[:_NAME], category=category
    )


def _write(
    *, account_id: int, about: About, place: str, name: str, category: str, sample: str, now: datetime
) -> tuple[SpecialCategoryFinding, bool]:
    finding, is_new = SpecialCategoryFinding.objects.get_or_create(
        account_id=account_id,
        name_key=lexicon.plain(name)[:_NAME],
        category=category,
        defaults={
            "about": about,
            "place": place[:30],
            "name": name[:_NAME],
            "found_at": now,
            "last_found_at": now,
            "sealed_sample": _seal(sample, account_id),
        },
    )
    if not is_new:
        SpecialCategoryFinding.objects.filter(pk=finding.pk).update(times=F("times") + 1, last_found_at=now)
    return finding, is_new


def _seal(sample: str, account_id: int) -> bytes | None:
    return keys.seal_text(sample[:_SAMPLE], account_id=account_id, context=_CONTEXT) if sample else None


def _tell(finding: SpecialCategoryFinding, *, now: datetime) -> None:
    _mail_owners(finding, template="special_category_found", now=now)
    outbox.put_mail(
        template="special_category_register",
        to=settings.DPO_ADDRESS,
        context={**_context(finding), "url": f"{settings.SITE_URL}/admin/privacy/specialcategoryfinding/"},
        account_id=None,
        now=now,
    )


def _mail_owners(finding: SpecialCategoryFinding, *, template: str, now: datetime, **more: bool) -> None:
    owners = Membership.objects.select_related("user").filter(account_id=finding.account_id, role=Role.OWNER)
    for owner in owners:
        outbox.put_mail(
            template=template,
            to=owner.user.email,
            context={**_context(finding), **more},
            language=owner.user.language,
            account_id=finding.account_id,
            now=now,
        )


def _context(finding: SpecialCategoryFinding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "category": lexicon.title_of(finding.category),
        "place": finding.place,
        "account": Account.objects.values_list("name", flat=True).get(pk=finding.account_id),
        "url": f"{settings.SITE_URL}/contacts/fields/",
        "dpo": settings.DPO_ADDRESS,
        "platform": settings.PLATFORM_NAME,
    }


def _row(finding: SpecialCategoryFinding) -> Row:
    sample = ""
    if finding.sealed_sample is not None:
        try:
            sample = keys.unseal_text(bytes(finding.sealed_sample), account_id=finding.account_id, context=_CONTEXT)
        except keys.KeyDestroyed:
            sample = ""
    return Row(
        pk=finding.pk,
        account=finding.account.name,
        about=finding.get_about_display(),
        place=finding.place,
        name=finding.name,
        category=lexicon.title_of(finding.category),
        state=finding.state,
        state_label=finding.get_state_display(),
        sample=sample,
        times=finding.times,
        last_found_at=finding.last_found_at,
        decided_at=finding.decided_at,
    )
