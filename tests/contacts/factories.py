"""Rows of contacts for tests; call inside the account's scope."""

from contacts.models import List
from contacts.services import form_keeping
from tests.factories import NOW

WORDING = "Yes, write to me about bread. I can stop it at any time."


def make_form(account, list=None, *, slug=None, **more):
    """Return a hosted form."""
    values = {
        "name": "Footer",
        "list": list or List.objects.create(name="News"),
        "title": "Fresh bread, every Friday",
        "consent_wording": WORDING,
        "fields": ["first_name"],
        **more,
    }
    return form_keeping.create_form(account=account, slug=slug or f"bread-{account.pk}", values=values, now=NOW)
