"""Reading contacts, lists and tags of the account in scope."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from contacts.models import Contact, DepartedContact, Form, List, Subscription, Tag
from privacy.models import DomainSuppression, Restriction, Suppression


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


def ids_of(contact: Contact) -> list[int]:
    """Return the contact's id, and those it had before it was merged, or was deleted and came back."""
    of_address = DepartedContact.objects.filter(account_id=contact.account_id, email_hash=contact.email_hash)
    return [contact.pk, *of_address.values_list("contact_id", flat=True)]


def suppressed() -> Q:
    """Return the condition of a contact whose address the account never mails."""
    by_hash = Suppression.objects.filter(account_id=OuterRef("account_id"), address_hash=OuterRef("email_hash"))
    return Q(Exists(by_hash))


def restricted() -> Q:
    """Return the condition of a contact whose data may only be stored."""
    return Q(Exists(Restriction.objects.filter(account_id=OuterRef("account_id"), address_hash=OuterRef("email_hash"))))


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
