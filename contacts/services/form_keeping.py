"""Making and changing hosted forms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.models import Account, Directory
from accounts.services import auditing, directory
from accounts.services.auditing import SYSTEM, Actor
from contacts.models import Form
from emailconcert.lib.errors import ExpectedError

# A change of these is a new version: what people agreed to was another form.
VERSIONED = ("fields", "list", "title", "intro", "consent_wording", "button")
CHANGEABLE = ("name", "is_active", "thanks", *VERSIONED)


class SlugTaken(ExpectedError):
    """Another form has this address."""

    def __init__(self) -> None:
        super().__init__("This web address is taken. Choose another one.")


def create_form(
    *, account: Account, slug: str, values: Mapping[str, Any], now: datetime, actor: Actor = SYSTEM
) -> Form:
    """Make a form; its web address is the platform's only one of that name. Raises `SlugTaken`."""
    form = Form(
        account=account, slug=slugify(slug)[:60], **{name: values[name] for name in CHANGEABLE if name in values}
    )
    if not form.slug:
        raise SlugTaken
    try:
        with transaction.atomic():
            form.save()
            if not directory.enter(kind=Directory.Kind.FORM, key=form.slug, account=account, target_id=form.pk):
                raise SlugTaken
    except IntegrityError:
        raise SlugTaken from None
    auditing.record(action="form.created", actor=actor, now=now, account_id=account.pk, target=("form", form.pk))
    return form


def edit_form(*, form: Form, values: Mapping[str, Any], now: datetime, actor: Actor = SYSTEM) -> Form:
    """Change a form; a change of what is asked or promised makes a new version."""
    changed = [name for name in CHANGEABLE if name in values and values[name] != getattr(form, name)]
    for name in changed:
        setattr(form, name, values[name])
    if any(name in VERSIONED for name in changed):
        form.version += 1
    if changed:
        form.save()
        details = {"fields": changed}
        auditing.record(
            action="form.changed",
            actor=actor,
            now=now,
            account_id=form.account_id,
            target=("form", form.pk),
            details=details,
        )
    return form


def delete_form(*, form: Form, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a form and free its web address; who signed up through it stays."""
    pk, account = form.pk, form.account
    directory.leave(kind=Directory.Kind.FORM, key=form.slug, account=account)
    form.delete()
    auditing.record(action="form.deleted", actor=actor, now=now, account_id=account.pk, target=("form", pk))


def find_form(*, slug: str) -> tuple[Account, int] | None:
    """Return the account and the form's id for a web address, before any scope is known; None where there is none."""
    entry = directory.find(kind=Directory.Kind.FORM, key=slug)
    if entry is None or entry.target_id is None or entry.account.status != Account.Status.ACTIVE:
        return None
    return entry.account, entry.target_id
