"""Hosted forms filled in, for tests."""

from datetime import timedelta
from urllib.parse import urlsplit

import orjson
from django.utils.timezone import now

from accounts.models import Outbox
from accounts.services import outbox
from contacts.hosted import proof
from contacts.models import CustomField, FormDay, FormSubmission
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.contacts.factories import make_form

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def online(account, **more):
    with account_scope(account):
        return make_form(account, slug="bread", **more)


def proved(form, *, age=timedelta(seconds=5), again=False):
    stamp = proof.new_stamp(form_id=form.pk, now=now() - age, again=again)
    return {"stamp": stamp, "work": proof.do_work(stamp)}


def mails():
    with platform_scope("test"):
        rows = Outbox.objects.filter(kind="mail").order_by("pk")
        return [orjson.loads(encryption.unseal(row.sealed_payload, context=outbox._CONTEXT)) for row in rows]


def link():
    return urlsplit(mails()[-1]["context"]["url"]).path


def submissions(account):
    with account_scope(account):
        return list(FormSubmission.objects.order_by("pk"))


def counts(account):
    with account_scope(account):
        return list(FormDay.objects.values_list("views", "submissions", "confirmations"))


def again(content, email):
    """Send plain HTML from anywhere, then press once more."""
    page = content.post("/f/bread", {"email": email}, headers={"origin": "https://bakery.example"})
    stamp = page.content.decode().partition('name="stamp" value="')[2].partition('"')[0]
    return content.post("/f/bread", {"email": email, "stamp": stamp})


def fields(account):
    """Make one own field of each kind that forms treat differently."""
    with account_scope(account):
        for key, kind, more in (
            ("size", "choice", {"choices": ["S", "M", "L"]}),
            ("likes", "choices", {"choices": ["Rye", "Wheat"]}),
            ("loaves", "number", {}),
            ("note", "text", {"sensitive": True}),
            ("origin", "text", {}),
        ):
            CustomField.objects.create(key=key, label=key.title(), type=kind, **more)
