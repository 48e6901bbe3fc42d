"""Reading contacts, lists and tags of the account in scope."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from contacts.models import Contact, ContactTag, Form, List, Subscription, Tag
from privacy.models import DomainSuppression, Restriction, Suppression

PAGE = 50
# What the page's address says → the column and whether it runs down.
SORTS: Mapping[str, tuple[str, bool]] = {
    "-added": ("created_at", True),
    "added": ("created_at", False),
    "email": ("email", False),
    "-email": ("email", True),
}


def audience(list_ids: Collection[int]) -> QuerySet[Contact]:
    """Return everybody who is subscribed to one of these lists, each once, blocked people included.

    Whom it may not be sent to is told by `privacy.services.standing`, at materialising and again at sending.
    """
    on_any = Subscription.objects.filter(
        account_id=OuterRef("account_id"),
        contact_id=OuterRef("pk"),
        list_id__in=list_ids,
        state=Subscription.State.SUBSCRIBED,
    )
    return Contact.objects.filter(Exists(on_any))


def contacts_of(account_id: int) -> QuerySet[Contact]:
    """Return the account's contacts."""
    return Contact.objects.filter(account_id=account_id)


def suppressed() -> Q:
    """Return the condition of a contact whose address the account never mails."""
    by_hash = Suppression.objects.filter(account_id=OuterRef("account_id"), address_hash=OuterRef("email_hash"))
    return Q(Exists(by_hash))


def restricted() -> Q:
    """Return the condition of a contact whose data may only be stored."""
    return Q(Exists(Restriction.objects.filter(account_id=OuterRef("account_id"), address_hash=OuterRef("email_hash"))))


@dataclass(frozen=True)
class Filters:
    """What the list of contacts is narrowed to."""

    text: str = ""
    list_id: int | None = None
    tag_id: int | None = None
    state: str = ""


def find(*, account_id: int, filters: Filters) -> QuerySet[Contact]:
    """Return the contacts that match; unordered.

    Text with a "@" is matched from the address's beginning (by index), other text anywhere in address and names.
    """
    found = contacts_of(account_id)
    text = filters.text.strip()
    if "@" in text:
        found = found.filter(email__startswith=text.lower())
    elif text:
        found = found.filter(
            Q(email__contains=text.lower()) | Q(first_name__icontains=text) | Q(last_name__icontains=text)
        )
    if filters.tag_id:
        links = ContactTag.objects.filter(account_id=account_id, contact_id=OuterRef("pk"), tag_id=filters.tag_id)
        found = found.filter(Exists(links))
    return _with_state(found, account_id, filters)


def _with_state(found: QuerySet[Contact], account_id: int, filters: Filters) -> QuerySet[Contact]:
    if filters.state == "suppressed":
        found = found.filter(suppressed())
    if filters.list_id or filters.state in Subscription.State.values:
        places = Subscription.objects.filter(account_id=account_id, contact_id=OuterRef("pk"))
        if filters.list_id:
            places = places.filter(list_id=filters.list_id)
        if filters.state in Subscription.State.values:
            places = places.filter(state=filters.state)
        found = found.filter(Exists(places))
    return found


@dataclass(frozen=True)
class Page:
    """One page of contacts, and the keys of the pages beside it."""

    rows: list[Contact]
    before: int | None
    after: int | None


def page(found: QuerySet[Contact], *, sort: str, after: int | None = None, before: int | None = None) -> Page:
    """Return one page by key: `after` and `before` are ids of contacts; one that is gone gives the first page."""
    column, down = SORTS.get(sort, SORTS["-added"])
    key = after or before
    anchor = found.model.objects.filter(pk=key).values_list(column, "pk").first() if key else None
    back = anchor is not None and after is None
    if anchor is not None:
        found = found.filter(_beyond(column, anchor, smaller=down != back))
    sign = "-" if down != back else ""
    rows = list(found.order_by(f"{sign}{column}", f"{sign}pk")[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if back:
        rows.reverse()
    first, last = (rows[0].pk, rows[-1].pk) if rows else (None, None)
    has_before = more if back else anchor is not None
    has_after = True if back else more
    return Page(rows, first if has_before else None, last if has_after else None)


def _beyond(column: str, anchor: tuple[object, int], *, smaller: bool) -> Q:
    value, pk = anchor
    side = "lt" if smaller else "gt"
    return Q(**{f"{column}__{side}": value}) | Q(**{column: value, f"pk__{side}": pk})


def standings(contacts: Collection[Contact]) -> dict[int, str]:
    """Return one word per contact: restricted, suppressed, subscribed, pending, unsubscribed or "" (on no list)."""
    ids = [contact.pk for contact in contacts]
    hashes = [contact.email_hash for contact in contacts]
    held = {
        bytes(each)
        for each in Restriction.objects.filter(address_hash__in=hashes).values_list("address_hash", flat=True)
    }
    out = {
        bytes(each)
        for each in Suppression.objects.filter(address_hash__in=hashes).values_list("address_hash", flat=True)
    }
    domains = {contact.email.rpartition("@")[2] for contact in contacts}
    shut = set(DomainSuppression.objects.filter(domain__in=domains).values_list("domain", flat=True))
    best: dict[int, str] = {}
    order = [Subscription.State.UNSUBSCRIBED, Subscription.State.PENDING, Subscription.State.SUBSCRIBED]
    for pk, state in Subscription.objects.filter(contact_id__in=ids).values_list("contact_id", "state"):
        if pk not in best or order.index(Subscription.State(state)) > order.index(Subscription.State(best[pk])):
            best[pk] = state
    for contact in contacts:
        if bytes(contact.email_hash) in held:
            best[contact.pk] = "restricted"
        elif bytes(contact.email_hash) in out or contact.email.rpartition("@")[2] in shut:
            best[contact.pk] = "suppressed"
    return best


def lists_with_counts(account_id: int) -> QuerySet[List]:
    """Return the account's lists by name, each with `subscribed`, `pending` and `unsubscribed`."""
    states = Subscription.State
    return (
        List.objects.filter(account_id=account_id)
        .annotate(
            subscribed=Count("subscriptions", filter=Q(subscriptions__state=states.SUBSCRIBED)),
            pending=Count("subscriptions", filter=Q(subscriptions__state=states.PENDING)),
            unsubscribed=Count("subscriptions", filter=Q(subscriptions__state=states.UNSUBSCRIBED)),
        )
        .order_by("name")
    )


def tags_with_counts(account_id: int) -> QuerySet[Tag]:
    """Return the account's tags by name, each with `people`."""
    return Tag.objects.filter(account_id=account_id).annotate(people=Count("contact_links")).order_by("name")


def touched_since(account_id: int, since: datetime) -> int:
    """Return how many contacts came in since then."""
    return contacts_of(account_id).filter(created_at__gte=since).count()


def forms_of(account_id: int) -> QuerySet[Form]:
    """Return the account's forms by name."""
    return Form.objects.filter(account_id=account_id).order_by("name", "pk")
