"""What contacts does about what was put into the outbox."""

from django.utils import timezone

from accounts.models import Outbox
from accounts.services import outbox
from contacts.services.fields import field_moving
from contacts.services.fields.field_moving import Move


@outbox.handles(Outbox.Kind.EVENT)
def move_values(entry: outbox.Entry) -> None:
    """Move a field's values on after the field has changed."""
    if entry.topic != field_moving.TOPIC or entry.account_id is None:
        return
    payload = entry.payload
    field_moving.carry_on(
        account_id=entry.account_id,
        key=payload["key"],
        move=Move(payload["move"]),
        after=payload["after"],
        clock=timezone.now,
    )
