"""Reading own templates."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Account
from campaigns.models import Template

PAGE_SIZE = 24


@dataclass(frozen=True)
class Page:
    """One page of own templates, with the keys of its neighbours."""

    rows: Sequence[Template]
    before: int | None
    after: int | None


def templates_of(account: Account) -> QuerySet[Template]:
    """Return the templates that were not deleted."""
    return Template.objects.filter(account=account, deleted_at=None)


def template_page(
    *, account: Account, text: str = "", occasion: str = "", after: int | None = None, before: int | None = None
) -> Page:
    """Return own templates, the newest first, without what they say."""
    found = templates_of(account).defer("source", "text")
    if text.strip():
        found = found.filter(name__icontains=text.strip())
    if occasion:
        found = found.filter(occasion=occasion)
    if before is not None:
        rows = list(reversed(found.filter(pk__gt=before).order_by("pk")[: PAGE_SIZE + 1]))
        more_before, more_after, rows = len(rows) > PAGE_SIZE, True, rows[-PAGE_SIZE:]
    else:
        rows = list((found.filter(pk__lt=after) if after else found).order_by("-pk")[: PAGE_SIZE + 1])
        more_before, more_after, rows = after is not None, len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return Page(
        rows=rows,
        before=rows[0].pk if rows and more_before else None,
        after=rows[-1].pk if rows and more_after else None,
    )


def edited_in(account: Account, campaign_id: int) -> Template | None:
    """Return the template that is edited in a draft."""
    return templates_of(account).filter(draft_id=campaign_id).first()
