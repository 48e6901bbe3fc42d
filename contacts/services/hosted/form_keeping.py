"""Making, editing and publishing hosted forms.

A form is edited as a draft; publishing makes a version, which holds everything that people see and agree to and never
changes. Submissions and consents name theirs.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify

from accounts.models import Account, Directory
from accounts.services import auditing, directory
from accounts.services.auditing import SYSTEM, Actor
from contacts import fields
from contacts.hosted import blueprint as blueprints
from contacts.hosted import checking
from contacts.hosted.blueprint import Blueprint
from contacts.models import Form, FormVersion, List
from emailconcert.lib.errors import ExpectedError
from privacy.services import consents, guard

# Read in one go: the version that is online, with the names that its lists have now.
_ONLINE = """
    SELECT f.slug, v.number, v.blueprint::text, v.wordings::text,
           COALESCE((SELECT json_object_agg(l.id, json_build_array(l.name, l.double_opt_in))::text FROM contacts_list l
                     WHERE l.account_id = v.account_id
                       AND l.id IN (SELECT jsonb_array_elements_text(v.blueprint->'lists')::bigint)), '{}')
    FROM contacts_form f JOIN contacts_formversion v
      ON v.account_id = f.account_id AND v.form_id = f.id AND v.number = f.version
    WHERE f.account_id = %s AND f.id = %s AND f.is_active
"""


class SlugTaken(ExpectedError):
    """Another form has this address."""

    def __init__(self) -> None:
        super().__init__("This web address is taken. Choose another one.")


class NotReady(ExpectedError):
    """Something keeps the form from being published; `problems` by the part they stand beside."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("Mend what is marked, then publish again.")
        self.problems = problems


@dataclass(frozen=True)
class Online:
    """A form as people see it now; `lists` are those of its lists that still exist, (id, name) in their order.

    `single` are those of them that ask for no confirmation.
    """

    form_id: int
    slug: str
    number: int
    blueprint: Blueprint
    wordings: dict[str, dict[str, int]]
    lists: tuple[tuple[int, str], ...]
    single: frozenset[int] = frozenset()

    def offered(self, chosen: Collection[int]) -> list[int]:
        """Return those of the chosen lists that the form offers."""
        known = {pk for pk, _ in self.lists}
        return [pk for pk in chosen if pk in known]

    def is_at_once(self, chosen: Collection[int]) -> bool:
        """Tell whether a sign-up counts without a confirmation: every list chosen is of single opt-in."""
        wanted = self.offered(chosen)
        return bool(wanted) and self.single.issuperset(wanted)


def create_form(
    *, account: Account, name: str, slug: str, draft: Blueprint, now: datetime, actor: Actor = SYSTEM
) -> Form:
    """Make a form that nobody sees yet; its web address is the platform's only one of that name.

    Raises `SlugTaken`, `guard.SpecialCategory`.
    """
    guard.refuse_name(name, place="form", now=now)
    form = Form(account=account, name=name, slug=slugify(slug)[:60], draft=draft.to_json())
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


def save_draft(*, form: Form, draft: Blueprint, now: datetime, actor: Actor = SYSTEM) -> None:
    """Keep a draft; what people see stays as it is. Raises `guard.SpecialCategory`."""
    _refuse_labels(draft, now=now)
    raw = draft.to_json()
    if raw == form.draft:
        return
    form.draft = raw
    form.save(update_fields=["draft"])
    _audit("form.draft_saved", form, actor=actor, now=now)


def publish(*, form: Form, draft: Blueprint, now: datetime, actor: Actor = SYSTEM) -> FormVersion | None:
    """Put a draft online as a new version; None where it is the same as the one online.

    Raises `NotReady`, `guard.SpecialCategory`.
    """
    save_draft(form=form, draft=draft, now=now, actor=actor)
    account_id = form.account_id
    known = fields.all_fields(account_id)
    lists = List.objects.filter(account_id=account_id, pk__in=draft.lists).values_list("pk", flat=True)
    if problems := checking.problems(draft, fields=known, lists=lists):
        raise NotReady(problems)
    snapshot = _snapshot(draft, known, lists)
    with transaction.atomic():
        held = Form.objects.select_for_update().get(pk=form.pk)
        last = FormVersion.objects.filter(form=form, number=held.version).first()
        if last is not None and last.blueprint == snapshot.to_json():
            return None
        form.version = held.version + 1
        version = FormVersion.objects.create(
            account_id=account_id,
            form=form,
            number=form.version,
            blueprint=snapshot.to_json(),
            wordings=_archive(snapshot, account_id),
            published_at=now,
        )
        form.save(update_fields=["version"])
    _audit("form.published", form, actor=actor, now=now, version=form.version)
    return version


def change_form(*, form: Form, name: str, is_active: bool, now: datetime, actor: Actor = SYSTEM) -> None:
    """Change what only members see, and whether the form can be filled in. Raises `guard.SpecialCategory`."""
    guard.refuse_name(name, place="form", now=now)
    if (form.name, form.is_active) == (name, is_active):
        return
    form.name, form.is_active = name, is_active
    form.save(update_fields=["name", "is_active"])
    _audit("form.changed", form, actor=actor, now=now, active=is_active)


def duplicate_form(*, form: Form, now: datetime, actor: Actor = SYSTEM) -> Form:
    """Make a form with the same draft under another web address; nobody sees it yet."""
    draft = blueprints.from_json(form.draft)
    for number in range(2, 1000):
        slug = f"{form.slug[:55]}-{number}"
        name = f"{form.name[:90]} ({number})"
        try:
            return create_form(account=form.account, name=name, slug=slug, draft=draft, now=now, actor=actor)
        except SlugTaken:
            continue
    raise SlugTaken


def delete_form(*, form: Form, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a form; its web address stays the account's, and who signed up through it stays."""
    pk, account = form.pk, form.account
    directory.keep(kind=Directory.Kind.FORM, key=form.slug, account=account)
    form.delete()
    auditing.record(action="form.deleted", actor=actor, now=now, account_id=account.pk, target=("form", pk))


def find_form(*, slug: str) -> tuple[Account, int] | None:
    """Return the account and the form's id for a web address, before any scope is known; None where there is none."""
    entry = directory.find(kind=Directory.Kind.FORM, key=slug)
    if entry is None or entry.target_id is None or entry.account.status != Account.Status.ACTIVE:
        return None
    return entry.account, entry.target_id


def online(*, account_id: int, form_id: int) -> Online | None:
    """Return a form as people see it, in the account's scope; None where it is offline or has no list any more."""
    with connection.cursor() as cursor:
        cursor.execute(_ONLINE, [account_id, form_id])
        row = cursor.fetchone()
    if row is None:
        return None
    slug, number, raw, wordings, names = row
    blueprint = blueprints.from_json(orjson.loads(raw))
    found = orjson.loads(names)
    there = [pk for pk in blueprint.lists if str(pk) in found]
    if not there:
        return None
    lists = tuple((pk, found[str(pk)][0]) for pk in there)
    single = frozenset(pk for pk in there if not found[str(pk)][1])
    return Online(form_id, slug, number, blueprint, orjson.loads(wordings), lists, single)


def _snapshot(draft: Blueprint, known: Collection[fields.Field], lists: Collection[int]) -> Blueprint:
    """Return the draft with what it takes from elsewhere: kinds, choices and labels of the fields."""
    page = draft.with_fields({each.name: each for each in known})
    return replace(page, lists=tuple(pk for pk in page.lists if pk in set(lists)))


def _archive(snapshot: Blueprint, account_id: int) -> dict[str, dict[str, int]]:
    return {
        language: {
            key: consents.archive_wording(account_id=account_id, text=text).pk
            for key, text in snapshot.wordings(language).items()
        }
        for language in snapshot.languages
    }


def _refuse_labels(draft: Blueprint, *, now: datetime) -> None:
    for texts in draft.texts.values():
        for key, text in texts.items():
            if key.startswith(("label:", "help:")) and text:
                guard.refuse_name(text, place="form", now=now)


def _audit(action: str, form: Form, *, actor: Actor, now: datetime, **details: object) -> None:
    auditing.record(
        action=action,
        actor=actor,
        now=now,
        account_id=form.account_id,
        target=("form", form.pk),
        details=details or None,
    )
