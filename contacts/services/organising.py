"""Lists and tags, and putting many contacts on them at once."""

import builtins
from collections.abc import Callable, Collection
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts.models import Contact, ContactTag, List, Subscription, Tag
from contacts.services import subscribing, timeline
from emailconcert.lib.errors import ExpectedError
from privacy.services import guard


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


class InUse(ExpectedError):
    """Something else points at it."""


_list_holders: builtins.list[Callable[[List], str]] = []


def hold_lists(find: Callable[[List], str]) -> None:
    """Add a function that says why a list can't be deleted, empty where it can; higher apps do so when they are ready."""
    _list_holders.append(find)


def create_list(
    *, account_id: int, name: str, description: str = "", is_public: bool = True, now: datetime, actor: Actor = SYSTEM
) -> List:
    """Make a list. Raises `NameTaken`."""
    made = List(account_id=account_id, name=name.strip(), description=description.strip(), is_public=is_public)
    _save(made, "list")
    auditing.record(action="list.created", actor=actor, now=now, account_id=account_id, target=("list", made.pk))
    return made


def edit_list(
    *, list: List, name: str, description: str, is_public: bool, now: datetime, actor: Actor = SYSTEM
) -> List:
    """Change a list's name, description and whether preference pages offer it. Raises `NameTaken`."""
    list.name, list.description, list.is_public = name.strip(), description.strip(), is_public
    _save(list, "list")
    auditing.record(action="list.changed", actor=actor, now=now, account_id=list.account_id, target=("list", list.pk))
    return list


def delete_list(*, list: List, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a list; its contacts stay. Raises `HoldsOptOuts`, `InUse`."""
    if list.subscriptions.filter(state=Subscription.State.UNSUBSCRIBED).exists():
        raise HoldsOptOuts
    if form := list.forms.first():
        raise InUse(f"The form “{form.name}” puts people on this list. Change or delete the form first.")
    if reason := next(filter(None, (find(list) for find in _list_holders)), ""):
        raise InUse(reason)
    pk, account_id = list.pk, list.account_id
    list.delete()
    auditing.record(action="list.deleted", actor=actor, now=now, account_id=account_id, target=("list", pk))


def create_tag(*, account_id: int, name: str, now: datetime | None = None) -> Tag:
    """Return the tag of this name, made if there was none. Raises `SpecialCategory`."""
    guard.refuse_name(name, place="tag", now=now)
    return Tag.objects.get_or_create(account_id=account_id, name=name.strip()[:60])[0]


def rename_tag(*, tag: Tag, name: str) -> None:
    """Rename a tag. Raises `NameTaken`."""
    tag.name = name.strip()
    _save(tag, "tag")


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
