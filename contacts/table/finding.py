"""Finding the contacts that filters ask for.

Searches run as `ec_segments`: the tenant's policy would turn off every index whose operator is not leakproof, LIKE and
JSONB's among them. So each part of a query names the account itself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import reduce
from operator import and_, or_
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from contacts import conditions, fields, queries
from contacts.models import Contact, ContactTag, Segment, Subscription
from contacts.table.filters import Filters
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import segment_scope
from privacy.models import DomainSuppression, Suppression

T = TypeVar("T")
COUNTED = 10_000


def matching(*, account_id: int, filters: Filters, now: datetime) -> QuerySet[Contact]:
    """Return the contacts that match, unordered; read them by `reading`. Nobody matches what is not there any more."""
    found = _in_segment(account_id, filters.segment_id, now) if filters.segment_id else queries.contacts_of(account_id)
    if filters.text:
        found = _searched(found, filters)
    for tag_id in filters.tags:
        links = ContactTag.objects.filter(account_id=account_id, contact_id=OuterRef("pk"), tag_id=tag_id)
        found = found.filter(Exists(links))
    if filters.list_id or filters.state:
        found = _with_standing(found, account_id, filters)
    if filters.source:
        found = found.filter(source=filters.source)
    if filters.source_id:
        found = found.filter(source_id=filters.source_id)
    if filters.within:
        found = found.filter(created_at__gte=now - timedelta(days=filters.within))
    if filters.values:
        found = found.filter(reduce(and_, _conditions_of(account_id, filters.values)))
    return found


def reading(read: Callable[[], T]) -> T:
    """Run a query made by `matching` so that its indexes are used."""
    with segment_scope():
        return read()


def count(found: QuerySet[Contact], *, limit: int | None = COUNTED) -> tuple[int, bool]:
    """Return how many match and whether that is exact: counting stops after `limit`."""
    if limit is None:
        return reading(found.count), True
    counted = reading(found.order_by()[: limit + 1].count)
    return min(counted, limit), counted <= limit


def _searched(found: QuerySet[Contact], filters: Filters) -> QuerySet[Contact]:
    """Match the beginning of the address, the full name or the last name; or any part of them."""
    text = " ".join(filters.text.lower().split())
    if filters.anywhere:
        return found.filter(search_key__contains=text)
    if "@" in text:
        return found.filter(email__startswith=text)
    last = Q(lower_last__startswith=text) & ~Q(last_name="")
    return found.alias(lower_last=Lower("last_name")).filter(
        Q(email__startswith=text) | Q(search_key__startswith=text) | last
    )


def _with_standing(found: QuerySet[Contact], account_id: int, filters: Filters) -> QuerySet[Contact]:
    places = Subscription.objects.filter(account_id=account_id, contact_id=OuterRef("pk"))
    if filters.list_id:
        places = places.filter(list_id=filters.list_id)
    if filters.state in Subscription.State.values:
        return found.filter(Exists(places.filter(state=filters.state)))
    if filters.state == "none":
        return found.filter(~Exists(places))
    if filters.list_id:
        found = found.filter(Exists(places))
    if filters.state == "suppressed":
        by_hash = Suppression.objects.filter(account_id=account_id).exclude(reason=Suppression.Reason.ERASED)
        domains = list(DomainSuppression.objects.filter(account_id=account_id).values_list("domain", flat=True))
        at_domains: list[Q] = [Q(email__endswith=f"@{domain}") for domain in domains]
        found = found.filter(reduce(or_, at_domains, Q(email_hash__in=by_hash.values("address_hash"))))
    elif filters.state == "restricted":
        found = found.filter(queries.restricted())
    return found


def _conditions_of(account_id: int, values: tuple[tuple[str, str], ...]) -> list[Q]:
    known = {field.name: field for field in fields.all_fields(account_id) if not field.sensitive}
    return [_value_is(known[name], text) if name in known else Q(pk__in=()) for name, text in values]


def _value_is(field: fields.Field, text: str) -> Q:
    if not text:
        if field.is_own:
            return Q(values__has_key=field.key)
        return Q(date_of_birth__isnull=False) if field.name == "date_of_birth" else ~Q(**{field.name: ""})
    try:
        value = fields.read(field, text)
    except ExpectedError:  # the field's own, or an address's
        return Q(pk__in=())
    return Q(values__contains={field.key: value}) if field.is_own else Q(**{field.name: value})


def _in_segment(account_id: int, segment_id: int, now: datetime) -> QuerySet[Contact]:
    segment = Segment.objects.filter(account_id=account_id, pk=segment_id).first()
    if segment is None:
        return Contact.objects.none()
    try:
        return conditions.matching(segment.definition, account_id=account_id, now=now)
    except conditions.BadSegment:
        return Contact.objects.none()
