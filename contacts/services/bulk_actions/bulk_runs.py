"""Running a bulk action, a slice at a time: pieces with the position after them, under a lease."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from contacts.models import BulkAction, BulkChange
from contacts.services.bulk_actions import bulk, bulk_pieces
from contacts.services.imports.import_runs import Clock
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

PIECE = 2_000
SLICE = timedelta(seconds=50)
LEASE = timedelta(seconds=150)
ATTEMPTS = 5
State = BulkAction.State
_WORKING = (State.RUNNING, State.UNDOING)
_GONE = "What it was about was deleted meanwhile."
_GAVE_UP = f"It broke off {ATTEMPTS} times in one place. What was done until then stays. Write to us, please."


def run_slice(*, account_id: int, action_id: int, clock: Clock, piece: int = PIECE) -> bool:
    """Work on an action, or on its undoing, for less than a minute; tell whether something is left.

    Nothing happens where another worker holds the lease, where it has ended, or between a restore and its replay.
    """
    began = clock()
    if not ledger.may_serve() or not _claim(account_id, action_id, now=began):
        return False
    while clock() - began < SLICE:
        with account_scope(account_id):
            if not _step(account_id, action_id, piece=piece, now=clock()):
                return False
    with account_scope(account_id):
        BulkAction.objects.filter(pk=action_id, state__in=_WORKING).update(lease_until=None)
    return True


def _claim(account_id: int, action_id: int, *, now: datetime) -> bool:
    with account_scope(account_id):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        mine = BulkAction.objects.filter(free, pk=action_id, account_id=account_id)
        BulkAction.objects.filter(pk=action_id, account_id=account_id, started_at=None).update(started_at=now)
        held = {"lease_until": now + LEASE, "attempts": F("attempts") + 1}
        claimed = mine.filter(state__in=(State.QUEUED, State.RUNNING)).update(state=State.RUNNING, **held)
        return bool(claimed or mine.filter(state=State.UNDOING).update(**held))


def _step(account_id: int, action_id: int, *, piece: int, now: datetime) -> bool:
    """Do one piece in this transaction; tell whether there may be another."""
    action = BulkAction.objects.select_for_update().filter(pk=action_id, account_id=account_id).first()
    if action is None or action.state not in _WORKING:
        return False
    needs = (action.tag_id if "tag" in action.kind else action.list_id) or action.kind == BulkAction.Kind.DELETE
    if not needs or action.attempts > ATTEMPTS:
        _end(action, State.FAILED, now=now, error=_GAVE_UP if needs else _GONE)
        return False
    return _undo_step(action, piece, now) if action.state == State.UNDOING else _do_step(action, piece, now)


def _do_step(action: BulkAction, piece: int, now: datetime) -> bool:
    ids = bulk.ids_of_piece(action, size=piece, now=now)
    if ids:
        done = bulk_pieces.do_piece(action=action, ids=ids, now=now)
        action.seen += len(ids)
        action.changed += done.changed
        action.left_out += done.left_out
        action.position = ids[-1]
    return _go_on(action, len(ids) == piece, State.DONE, now)


def _undo_step(action: BulkAction, piece: int, now: datetime) -> bool:
    mine = BulkChange.objects.filter(account_id=action.account_id, action=action, pk__gt=action.position)
    changes = [*mine.order_by("pk")[:piece]]
    if changes:
        action.put_back += bulk_pieces.undo_piece(action=action, changes=changes, now=now)
        action.position = changes[-1].pk
    return _go_on(action, len(changes) == piece, State.UNDONE, now)


def _go_on(action: BulkAction, has_more: bool, ended: BulkAction.State, now: datetime) -> bool:
    action.attempts, action.lease_until = 1, now + LEASE
    if has_more:
        action.save()
    else:
        _end(action, ended, now=now)
    return has_more


def _end(action: BulkAction, state: BulkAction.State, *, now: datetime, error: str = "") -> None:
    action.state, action.lease_until, action.error = state, None, error
    action.finished_at = action.finished_at or now
    action.save()
