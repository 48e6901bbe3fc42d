"""Own templates: made from anything a campaign can start from, edited in a draft and saved back, deleted with a way back."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account, User
from accounts.services import auditing
from accounts.services.auditing import Actor
from campaigns import queries
from campaigns.block_models import SavedBlock
from campaigns.models import Campaign, Template, Variant
from campaigns.services import drafting, starting_points
from campaigns.services.starting_points import Start


@dataclass(frozen=True)
class Saved:
    """A template that was saved, and what was in its place: a deleted one, which can be brought back."""

    template: Template
    former: Template | None = None


def create_template(*, account: Account, name: str, occasion: str = "", start: Start | None, now: datetime) -> Template:
    """Make a template that says what `start` says; None: an empty one."""
    said = _said(start) if start else {"kind": Variant.Kind.MJML}
    return Template.objects.create(
        account=account, name=name, occasion=occasion, created_at=now, updated_at=now, **said
    )


def save_campaign(
    *, campaign: Campaign, into: Template | None, name: str, occasion: str, actor: Actor, now: datetime
) -> Saved:
    """Keep what a campaign says as a template, a new one or in place of `into`, whose former words can be brought back.

    A draft that was made to edit the template in has done its work and is put away.
    """
    variant = queries.only_variant(campaign)
    if into is None:
        return Saved(create_template(account=campaign.account, name=name, occasion=occasion, start=variant, now=now))
    was_for_it = into.draft_id == campaign.pk
    former = _keep_former(into, now)
    said = _said(variant) | {"name": name, "occasion": occasion, "updated_at": now}
    Template.objects.filter(pk=into.pk).update(**said, draft=None)
    if was_for_it and campaign.state == Campaign.State.DRAFT:
        drafting.delete_draft(campaign=campaign, actor=actor, now=now)
    into.refresh_from_db()
    return Saved(into, former)


def rename_template(*, template: Template, name: str, occasion: str, now: datetime) -> None:
    """Give a template another name and occasion."""
    Template.objects.filter(pk=template.pk).update(name=name, occasion=occasion, updated_at=now)


def duplicate_template(*, template: Template, now: datetime) -> Template:
    """Make a template that says the same."""
    name = f"Copy of {template.name}"[:120]
    return create_template(account=template.account, name=name, occasion=template.occasion, start=template, now=now)


def open_draft(*, template: Template, created_by: User | None, now: datetime) -> Campaign:
    """Return the draft in which a template is edited; it is made where there is none."""
    open_one = (
        queries.campaigns_of(template.account).filter(pk=template.draft_id or 0, state=Campaign.State.DRAFT).first()
    )
    if open_one is not None:
        return open_one
    name = f"Template: {template.name}"[:120]
    draft = starting_points.create_campaign(
        account=template.account, name=name, start=template, created_by=created_by, now=now
    )
    Template.objects.filter(pk=template.pk).update(draft=draft)
    return draft


def delete_template(*, template: Template, actor: Actor, now: datetime) -> None:
    """Put a template away; `restore_template` brings it back for a day."""
    if Template.objects.filter(pk=template.pk, deleted_at=None).update(deleted_at=now):
        _record("template.deleted", template, actor, now)


def restore_template(*, template: Template, actor: Actor, now: datetime) -> None:
    """Bring a deleted template back; one that is there already stays as it is."""
    if Template.objects.filter(pk=template.pk).exclude(deleted_at=None).update(deleted_at=None):
        _record("template.restored", template, actor, now)


def purge_deleted(*, now: datetime) -> None:
    """Remove templates and blocks that were deleted more than a day ago, in the account in scope."""
    SavedBlock.objects.filter(deleted_at__lt=now - drafting.KEPT_AFTER_DELETION).delete()
    Template.objects.filter(deleted_at__lt=now - drafting.KEPT_AFTER_DELETION).delete()


def _keep_former(template: Template, now: datetime) -> Template:
    """Put what a template says among the deleted ones, as one of its own."""
    return Template.objects.create(
        account=template.account,
        name=f"{template.name[:100]}, as it was",
        occasion=template.occasion,
        created_at=template.created_at,
        updated_at=template.updated_at,
        deleted_at=now,
        **_said(template),
    )


def _said(start: Start) -> dict[str, str]:
    return {name: getattr(start, name) for name in ("kind", "subject", "preheader", "source", "text")}


def _record(action: str, template: Template, actor: Actor, now: datetime) -> None:
    auditing.record(
        action=action, actor=actor, now=now, account_id=template.account_id, target=("template", template.pk)
    )
