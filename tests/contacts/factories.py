"""Rows of contacts for tests; call inside the account's scope."""

from contacts.hosted import blueprint
from contacts.models import List
from contacts.services.hosted import form_keeping
from tests.factories import NOW

WORDING = "Yes, write to me about bread. I can stop it at any time."
TEXTS = {"title": "Fresh bread, every Friday", "consent": WORDING}


def make_draft(*lists, **more):
    """Return the blueprint of a form; `texts` are English."""
    texts = {**TEXTS, **more.pop("texts", {})}
    raw = {
        "questions": [{"field": "first_name"}],
        "lists": [each.pk for each in lists],
        "texts": {"en": texts},
        **more,
    }
    return blueprint.from_json(raw)


def make_form(account, list=None, *, slug=None, published=True, **more):
    """Return a hosted form, online unless told otherwise."""
    draft = make_draft(list or List.objects.create(name="News"), **more)
    form = form_keeping.create_form(
        account=account, name="Footer", slug=slug or f"bread-{account.pk}", draft=draft, now=NOW
    )
    if published:
        form_keeping.publish(form=form, draft=draft, now=NOW)
    return form
