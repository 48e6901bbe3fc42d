"""Reading campaigns: the list with its numbers, and what the steps of one campaign need."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account, Membership
from campaigns import audiences
from campaigns.models import Campaign, CampaignList, ContentVersion, Variant
from campaigns.numbers import Numbers, numbers_of
from campaigns.paging import Page, newest_first
from contacts.conditions import BadSegment
from contacts.models import Contact, CustomField
from emailconcert.lib import addresses
from privacy.models import Restriction

PAGE_SIZE = 25
_PREVIEW_PEOPLE = 20


@dataclass(frozen=True)
class Row:
    """A campaign as the list shows it."""

    campaign: Campaign
    numbers: Numbers


def campaigns_of(account: Account) -> QuerySet[Campaign]:
    """Return the campaigns that were not deleted, without the patterns of feeds."""
    return Campaign.objects.filter(account=account, deleted_at=None).exclude(state=Campaign.State.PATTERN)


def campaign_page(
    *,
    account: Account,
    q: str = "",
    state: str = "",
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """Return campaigns, the newest first; `after` and `before` are ids of the page's neighbours."""
    found = campaigns_of(account)
    if q:
        found = found.filter(Q(name__icontains=q) | Q(variants__subject__icontains=q)).distinct()
    if state:
        found = found.filter(state=state)
    page = newest_first(found, after=after, before=before, size=size)
    return Page(with_numbers(page.rows), page.before, page.after)


def with_numbers(campaigns: Sequence[Campaign]) -> list[Row]:
    """Return campaigns beside their numbers, in as many queries for three as for one."""
    numbers = numbers_of([each.pk for each in campaigns])
    return [Row(each, numbers[each.pk]) for each in campaigns]


def only_variant(campaign: Campaign) -> Variant:
    """Return the campaign's first variant; there is one at least."""
    return Variant.objects.filter(campaign=campaign).order_by("name")[0]


def variant(campaign: Campaign, name: str) -> Variant | None:
    """Return the variant of a name, none that was made for the rest of a test's audience."""
    return Variant.objects.filter(campaign=campaign, name=name).exclude(name=Variant.REST).first()


def alternatives(campaign: Campaign) -> list[Variant]:
    """Return the variants that are written, by name: not the one that the rest of a test's audience gets."""
    return list(Variant.objects.filter(campaign=campaign).exclude(name=Variant.REST).order_by("name"))


def chosen_list_ids(campaign: Campaign) -> list[int]:
    """Return the ids of the lists it goes to."""
    links = CampaignList.objects.filter(campaign=campaign, excluded=False).order_by("list_id")
    return list(links.values_list("list_id", flat=True))


def member_ids(account: Account) -> list[int]:
    """Return the ids of the account's login profiles."""
    return list(Membership.objects.filter(account=account).values_list("user_id", flat=True))


def member_names(account: Account, user_ids: Collection[int]) -> dict[int, str]:
    """Return the names of the account's login profiles among some, by id."""
    found = Membership.objects.filter(account=account, user_id__in=user_ids).select_related("user")
    return {each.user_id: each.user.name for each in found}


def own_fields(account: Account) -> list[CustomField]:
    """Return the account's own fields of contacts that mails may use."""
    return list(CustomField.objects.filter(account=account, sensitive=False).order_by("position", "label"))


def preview_contacts(campaign: Campaign, *, now: datetime) -> list[Contact]:
    """Return some of the audience to look through the eyes of; anybody while it is empty."""
    chosen = audiences.chosen(campaign)
    try:
        found = audiences.people(chosen, account_id=campaign.account_id, now=now)
    except BadSegment:
        found = Contact.objects.none()
    people = Contact.objects.filter(account_id=campaign.account_id) if chosen.is_empty else found
    return list(_unrestricted(people).order_by("-pk")[:_PREVIEW_PEOPLE])


def preview_contact(contact_id: int | None) -> Contact | None:
    """Return one contact of the account in scope, none whose data may only be stored."""
    return _unrestricted(Contact.objects.filter(pk=contact_id)).first() if contact_id else None


def contact_by_address(text: str, *, account_id: int) -> Contact | None:
    """Return the account's contact with an address, none whose data may only be stored."""
    try:
        found = addresses.address_hash(addresses.normalise(text), account_id=account_id)
    except addresses.BadAddress:
        return None
    return _unrestricted(Contact.objects.filter(account_id=account_id, email_hash=found)).first()


def content_versions(campaign: Campaign, name: str = Variant.FIRST) -> QuerySet[ContentVersion]:
    """Return the versions of what a variant says, the newest first, with their authors."""
    kept = ContentVersion.objects.filter(variant__campaign=campaign, variant__name=name)
    return kept.select_related("author").order_by("-number")


def content_version(campaign: Campaign, number: int, name: str = Variant.FIRST) -> ContentVersion | None:
    """Return one version."""
    return content_versions(campaign, name).filter(number=number).first()


def _unrestricted(people: QuerySet[Contact]) -> QuerySet[Contact]:
    by_hash = Restriction.objects.filter(account_id=OuterRef("account_id"), address_hash=OuterRef("email_hash"))
    return people.exclude(Exists(by_hash))


def search_campaigns(*, account: Account, q: str, limit: int = 10) -> list[Campaign]:
    """Return the newest campaigns whose name or subject holds the text."""
    found = campaigns_of(account).filter(Q(name__icontains=q) | Q(variants__subject__icontains=q))
    return list(found.distinct().order_by("-pk")[:limit])
