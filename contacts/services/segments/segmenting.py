"""Saved segments: keeping them, counting them, and who relies on them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts import conditions
from contacts.conditions import BadSegment, Vocabulary
from contacts.models import Segment
from contacts.services.lists.organising import NameTaken
from emailconcert.lib.errors import ExpectedError
from privacy.services import guard


class InUse(ExpectedError):
    """Something would change if the segment went."""


@dataclass(frozen=True)
class Use:
    """Something that a segment is used in; what `holds` it keeps it from being deleted."""

    segment_id: int
    label: str
    url: str
    holds: bool


_uses: list[Callable[[int, Collection[int]], Iterable[Use]]] = []


def register_uses(find: Callable[[int, Collection[int]], Iterable[Use]]) -> None:
    """Add a function that tells what uses segments of an account; higher apps do so in their AppConfig.ready."""
    _uses.append(find)


def uses(*, account_id: int, segment_ids: Collection[int]) -> dict[int, list[Use]]:
    """Return what uses these segments."""
    found: dict[int, list[Use]] = {pk: [] for pk in segment_ids}
    for find in _uses:
        for use in find(account_id, segment_ids):
            found[use.segment_id].append(use)
    return found


def save_segment(
    *, segment: Segment, name: str, definition: Mapping[str, Any], now: datetime, actor: Actor = SYSTEM
) -> Segment:
    """Save a new or changed segment whose tree compiles. Raises `BadSegment`, `NameTaken`, `guard.SpecialCategory`."""
    name = " ".join(name.split())[:100]
    if not name:
        raise BadSegment("Give the segment a name.")
    guard.refuse_name(name, place="segment", now=now)
    vocabulary = Vocabulary(account_id=segment.account_id, now=now)
    conditions.compile_tree(definition, vocabulary=vocabulary)
    if segment.definition != definition:
        segment.people = segment.counted_at = None
    segment.name, segment.definition, segment.updated_at = name, dict(definition), now
    verb = "changed" if segment.pk else "created"
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError:
        raise NameTaken("segment") from None
    _record(f"segment.{verb}", segment, actor, now)
    return segment


def count_segment(*, segment: Segment, now: datetime, vocabulary: Vocabulary | None = None) -> int:
    """Count a saved segment and remember the number for lists. Raises `BadSegment`, `TooSlow`."""
    people = conditions.count(segment.definition, account_id=segment.account_id, now=now, vocabulary=vocabulary)
    Segment.objects.filter(pk=segment.pk).update(people=people, counted_at=now)
    segment.people, segment.counted_at = people, now
    return people


def duplicate_segment(*, segment: Segment, now: datetime, actor: Actor = SYSTEM) -> Segment:
    """Make another segment of the same conditions."""
    taken = set(Segment.objects.filter(account_id=segment.account_id).values_list("name", flat=True))
    names = (f"{beginning} of {segment.name}"[:100] for beginning in ("Copy", *(f"Copy {n}" for n in range(2, 1000))))
    name = next(each for each in names if each not in taken)
    copy = Segment.objects.create(
        account_id=segment.account_id, name=name, definition=segment.definition, updated_at=now
    )
    _record("segment.created", copy, actor, now)
    return copy


def delete_segment(*, segment: Segment, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a segment; the people in it stay. Raises `InUse` where a campaign that is still to be sent has it."""
    holding = [use for use in uses(account_id=segment.account_id, segment_ids=[segment.pk])[segment.pk] if use.holds]
    if holding:
        raise InUse(
            f"“{segment.name}” is part of the audience of {holding[0].label}. Take it out there first, "
            "or the campaign would go to other people."
        )
    pk, account_id = segment.pk, segment.account_id
    segment.delete()
    auditing.record(action="segment.deleted", actor=actor, now=now, account_id=account_id, target=("segment", pk))


def _record(action: str, segment: Segment, actor: Actor, now: datetime) -> None:
    target = ("segment", segment.pk)
    auditing.record(action=action, actor=actor, now=now, account_id=segment.account_id, target=target)
