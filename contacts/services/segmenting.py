"""Saved segments."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts import conditions
from contacts.models import Segment
from contacts.services.organising import NameTaken


def save_segment(
    *, segment: Segment, name: str, definition: Mapping[str, Any], now: datetime, actor: Actor = SYSTEM
) -> Segment:
    """Save a new or changed segment whose tree compiles. Raises `conditions.BadSegment`, `NameTaken`."""
    conditions.compile_tree(definition, now=now)
    segment.name, segment.definition = name.strip(), dict(definition)
    verb = "changed" if segment.pk else "created"
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError:
        raise NameTaken("segment") from None
    target = ("segment", segment.pk)
    auditing.record(action=f"segment.{verb}", actor=actor, now=now, account_id=segment.account_id, target=target)
    return segment


def delete_segment(*, segment: Segment, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a segment; the people in it stay."""
    pk, account_id = segment.pk, segment.account_id
    segment.delete()
    auditing.record(action="segment.deleted", actor=actor, now=now, account_id=account_id, target=("segment", pk))
