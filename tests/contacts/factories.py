"""Rows of contacts for tests; call inside the account's scope."""

from django.db import connection

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


def make_many(account, count, *, start="p"):
    """Let the database make contacts p1@example.org, p2@… with the last names L1, L2, …"""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_contact (account_id, email, email_hash, last_name, source, tracking_off, created_at)"
            " SELECT %s, %s || n || '@example.org', decode(md5(%s || n) || md5(%s || n), 'hex'), 'L' || n, 'member', false,"
            " %s FROM generate_series(1, %s) n",
            [account.pk, start, start, start, NOW, count],
        )
