"""What the account's lists, tags, segments and fields are called; asked for once a page."""

from dataclasses import dataclass

from contacts.models import List, Segment, Tag
from contacts.table import columns
from contacts.table.columns import Column


@dataclass(frozen=True)
class Names:
    """Names by id, by name of the field, and every column there is."""

    lists: dict[int, str]
    tags: dict[int, str]
    segments: dict[int, str]
    fields: dict[str, str]
    columns: list[Column]


def names_of(account_id: int) -> Names:
    """Return them."""
    known = columns.choices(account_id)
    return Names(
        lists=dict(List.objects.filter(account_id=account_id).order_by("name").values_list("pk", "name")),
        tags=dict(Tag.objects.filter(account_id=account_id).order_by("name").values_list("pk", "name")),
        segments=dict(Segment.objects.filter(account_id=account_id).order_by("name").values_list("pk", "name")),
        fields={each.name: each.label for each in known if each.is_field},
        columns=known,
    )
