"""Reading own templates."""

from django.db.models import QuerySet

from accounts.models import Account
from campaigns.models import Template
from campaigns.paging import Page, newest_first

PAGE_SIZE = 24


def templates_of(account: Account) -> QuerySet[Template]:
    """Return the templates that were not deleted."""
    return Template.objects.filter(account=account, deleted_at=None)


def template_page(
    *, account: Account, text: str = "", occasion: str = "", after: int | None = None, before: int | None = None
) -> Page[Template]:
    """Return own templates, the newest first, without what they say."""
    found = templates_of(account).defer("source", "text")
    if text.strip():
        found = found.filter(name__icontains=text.strip())
    if occasion:
        found = found.filter(occasion=occasion)
    return newest_first(found, after=after, before=before, size=PAGE_SIZE)


def edited_in(account: Account, campaign_id: int) -> Template | None:
    """Return the template that is edited in a draft."""
    return templates_of(account).filter(draft_id=campaign_id).first()
