"""Lists and tags, and putting many contacts on them at once."""

import builtins
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts.models import Contact, ContactTag, Form, FormVersion, List, Subscription, Tag
from contacts.services import timeline
from contacts.services.lists import subscribing
from emailconcert.lib.errors import ExpectedError
from privacy.services import guard

_LIST_COLUMNS = frozenset(("description", "is_public", "double_opt_in", "welcome_subject", "welcome_text", "sender_id"))


class NameTaken(ExpectedError):
    """The account has one of this name."""

    def __init__(self, what: str) -> None:
        super().__init__(f"You have a {what} of this name already.")


class HoldsOptOuts(ExpectedError):
    """People's choice is kept with the list."""

    def __init__(self) -> None:
        super().__init__(
            "People have unsubscribed from this list, and their choice is kept with it. Rename the list instead."
        )


class SameTag(ExpectedError):
    """A tag cannot take its own people."""

    def __init__(self) -> None:
        super().__init__("Choose another tag to merge this one into.")


class InUse(ExpectedError):
    """Something else points at it."""


_list_holders: builtins.list[Callable[[List], str]] = []


def hold_lists(find: Callable[[List], str]) -> None:
    """Add a function that says why a list can't be deleted, empty where it can; higher apps do so when they are ready."""
    _list_holders.append(find)


def create_list(*, account_id: int, name: str, now: datetime, actor: Actor = SYSTEM, **values: Any) -> List:
    """Make a list; `values` are its other columns. Raises `NameTaken`, `SpecialCategory`."""
    guard.refuse_name(name, place="list", now=now)
    made = List(account_id=account_id, name=name.strip(), **_chosen(values))
    _save(made, "list")
    auditing.record(action="list.created", actor=actor, now=now, account_id=account_id, target=("list", made.pk))
    return made


def edit_list(*, list: List, name: str, now: datetime, actor: Actor = SYSTEM, **values: Any) -> List:
    """Change a list; `values` are its other columns. Raises `NameTaken`, `SpecialCategory`."""
    if name.strip() != list.name:
        guard.refuse_name(name, place="list", now=now)
    list.name = name.strip()
    for column, value in _chosen(values).items():
        setattr(list, column, value)
    _save(list, "list")
    auditing.record(action="list.changed", actor=actor, now=now, account_id=list.account_id, target=("list", list.pk))
    return list


def _chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a member may set on a list, without blanks around it."""
    known = {name: value for name, value in values.items() if name in _LIST_COLUMNS}
    return {name: value.strip() if isinstance(value, str) else value for name, value in known.items()}


def delete_list(*, list: List, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a list; its contacts stay. Raises `HoldsOptOuts`, `InUse`."""
    if list.subscriptions.filter(state=Subscription.State.UNSUBSCRIBED).exists():
        raise HoldsOptOuts
    if form := next((form for form in Form.objects.filter(account_id=list.account_id) if _asks_for(form, list)), None):
        raise InUse(f"The form “{form.name}” puts people on this list. Change or delete the form first.")
    if reason := next(filter(None, (find(list) for find in _list_holders)), ""):
        raise InUse(reason)
    pk, account_id = list.pk, list.account_id
    list.delete()
    auditing.record(action="list.deleted", actor=actor, now=now, account_id=account_id, target=("list", pk))


def _asks_for(form: Form, list: List) -> bool:
    """Tell whether a form, as it is edited or as people see it, puts people on a list."""
    seen = FormVersion.objects.filter(account_id=form.account_id, form=form, number=form.version).first()
    blueprints = [form.draft, seen.blueprint if seen else {}]
    return any(list.pk in blueprint.get("lists", ()) for blueprint in blueprints)


def create_tag(*, account_id: int, name: str, now: datetime | None = None) -> Tag:
    """Return the tag of this name, made if there was none. Raises `SpecialCategory`."""
    guard.refuse_name(name, place="tag", now=now)
    return Tag.objects.get_or_create(account_id=account_id, name=name.strip()[:60])[0]


def rename_tag(*, tag: Tag, name: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Rename a tag. Raises `NameTaken`, `SpecialCategory`."""
    guard.refuse_name(name, place="tag", now=now)
    tag.name = name.strip()
    _save(tag, "tag")
    auditing.record(action="tag.renamed", actor=actor, now=now, account_id=tag.account_id, target=("tag", tag.pk))


def merge_tags(*, tag: Tag, into: Tag, now: datetime, actor: Actor = SYSTEM) -> int:
    """Give a tag's people another tag and delete the first; return how many had not had it. Raises `SameTag`."""
    if tag.pk == into.pk:
        raise SameTag
    account_id, pk = tag.account_id, tag.pk
    with transaction.atomic():
        has_both = ContactTag.objects.filter(account_id=account_id, tag=into).values("contact_id")
        mine = ContactTag.objects.filter(account_id=account_id, tag=tag)
        moved = mine.exclude(contact_id__in=has_both).update(tag=into)
        tag.delete()
        details = {"into": into.pk, "people": moved}
        target = ("tag", pk)
        auditing.record(
            action="tag.merged", actor=actor, now=now, account_id=account_id, target=target, details=details
        )
    return moved


def delete_tag(*, tag: Tag, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a tag; contacts stay."""
    pk, account_id = tag.pk, tag.account_id
    tag.delete()
    auditing.record(action="tag.deleted", actor=actor, now=now, account_id=account_id, target=("tag", pk))


def tag_contacts(*, contacts: Collection[Contact], tag: Tag, now: datetime) -> int:
    """Tag contacts; return how many had not been."""
    done = set(ContactTag.objects.filter(tag=tag, contact__in=contacts).values_list("contact_id", flat=True))
    new = [contact for contact in contacts if contact.pk not in done]
    links = [ContactTag(account_id=tag.account_id, contact=contact, tag=tag) for contact in new]
    ContactTag.objects.bulk_create(links, ignore_conflicts=True)
    for contact in new:
        timeline.write(contact_id=contact.pk, kind="tagged", now=now, details={"tag": tag.name})
    return len(new)


def untag_contact(*, contact: Contact, tag: Tag, now: datetime) -> None:
    """Take a tag off a contact."""
    if ContactTag.objects.filter(account_id=tag.account_id, tag=tag, contact=contact).delete()[0]:
        timeline.write(contact_id=contact.pk, kind="untagged", now=now, details={"tag": tag.name})


def subscribe_contacts(*, contacts: Collection[Contact], list: List, now: datetime) -> tuple[int, int]:
    """Subscribe contacts by a member's hand; return how many stand on the list and how many had said no."""
    done = refused = 0
    for contact in contacts:
        try:
            subscribing.subscribe(contact=contact, list=list, source=Contact.Source.MEMBER, now=now)
            done += 1
        except subscribing.HasUnsubscribed:
            refused += 1
    return done, refused


def _save(row: List | Tag, what: str) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise NameTaken(what) from None
