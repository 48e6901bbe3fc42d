"""Doing something to many contacts: started with a count, run in slices by a worker, taken back where it can be.

A piece of contacts and the position after it are committed together (as imports do), so a run that was killed goes on
where it stopped, with nothing repeated and nothing left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet
from django.http import QueryDict

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts import queries
from contacts.models import BulkAction, BulkChange, Contact, List, Tag
from contacts.table import filters, finding
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope

Kind, State = BulkAction.Kind, BulkAction.State
KEPT = timedelta(days=30)
CAN_UNDO = (Kind.TAG, Kind.UNTAG, Kind.SUBSCRIBE, Kind.UNSUBSCRIBE)
OPEN = (State.QUEUED, State.RUNNING, State.UNDOING)


class NobodyThere(ExpectedError):
    """Nobody matches."""

    def __init__(self) -> None:
        super().__init__("Nobody matches any more, so there is nothing to do.")


class CannotUndo(ExpectedError):
    """It is not, or not any more, to be taken back."""


class HasEnded(ExpectedError):
    """There is nothing to stop."""

    def __init__(self) -> None:
        super().__init__("This has ended already.")


@dataclass(frozen=True)
class Whom:
    """A selection by ids, or all who match a query string."""

    query: str = ""
    selected: tuple[int, ...] = ()


def chosen(*, account_id: int, whom: Whom, now: datetime) -> QuerySet[Contact]:
    """Return the contacts meant, unordered; read them by `finding.reading`."""
    if whom.selected:
        return queries.contacts_of(account_id).filter(pk__in=whom.selected)
    return finding.matching(account_id=account_id, filters=filters.parse(QueryDict(whom.query)), now=now)


def count(*, account_id: int, whom: Whom, now: datetime) -> int:
    """Return how many are meant."""
    return finding.count(chosen(account_id=account_id, whom=whom, now=now), limit=None)[0]


def start(
    *,
    account_id: int,
    kind: str,
    whom: Whom,
    tag: Tag | None = None,
    list: List | None = None,
    user_id: int | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> BulkAction:
    """Write an action down for a worker. Who comes in later is not in it. Raises `NobodyThere`."""
    found = chosen(account_id=account_id, whom=whom, now=now)
    total = finding.count(found, limit=None)[0]
    if not total:
        raise NobodyThere
    until_id = queries.contacts_of(account_id).aggregate(last=Max("pk"))["last"]
    action = BulkAction.objects.create(
        account_id=account_id,
        kind=kind,
        query="" if whom.selected else whom.query,
        selected=sorted(whom.selected),
        until_id=until_id,
        tag=tag,
        list=list,
        about=(tag or list).name if tag or list else "",  # type: ignore[union-attr]  # one of them
        total=total,
        created_by_id=user_id,
        created_at=now,
    )
    _audit("started", action, actor, now, total=total)
    return action


def cancel(*, action: BulkAction, now: datetime, actor: Actor = SYSTEM) -> None:
    """Stop an action; what is done stays, and can be undone. Raises `HasEnded`."""
    open_ones = BulkAction.objects.filter(pk=action.pk, state__in=(State.QUEUED, State.RUNNING))
    if not open_ones.update(state=State.CANCELLED, finished_at=now, lease_until=None):
        raise HasEnded
    _audit("stopped", action, actor, now)


def may_undo(action: BulkAction, *, now: datetime) -> bool:
    """Tell whether what was changed is still known and can be taken back."""
    is_over = action.state in {State.DONE, State.CANCELLED, State.FAILED} and action.finished_at is not None
    return bool(is_over and action.kind in CAN_UNDO and action.changed and action.finished_at + KEPT > now)  # type: ignore[operator]  # seen to


def undo(*, action: BulkAction, now: datetime, actor: Actor = SYSTEM) -> None:
    """Take back what is still as the action left it, by a worker. Raises `CannotUndo`."""
    if not may_undo(action, now=now):
        raise CannotUndo("This can't be taken back any more: it was deleted, undone before, or is older than 30 days.")
    mine = BulkAction.objects.filter(pk=action.pk, state=action.state)
    if not mine.update(state=State.UNDOING, position=0, lease_until=None, attempts=0):
        raise CannotUndo("Somebody else has changed this meanwhile. Look at it again.")
    _audit("undone", action, actor, now)


def due(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, action) of every action that waits for a worker, its first or the next."""
    with platform_scope("contacts: wake bulk actions"):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        waiting = BulkAction.objects.filter(free, state__in=OPEN)
        return [*waiting.order_by("pk").values_list("account_id", "pk")[:100]]


def drop_old(*, account_id: int, before: datetime, dry_run: bool) -> int:
    """Forget what actions that ended before then changed and searched for, in the account's scope. Return how many."""
    old = BulkAction.objects.filter(account_id=account_id, finished_at__lt=before).exclude(state__in=OPEN)
    changes = BulkChange.objects.filter(account_id=account_id, action__in=old)
    if dry_run:
        return changes.count()
    old.exclude(query="", selected=[]).update(query="", selected=[])
    return changes.delete()[0]


def ids_of_piece(action: BulkAction, *, size: int, now: datetime) -> Sequence[int]:
    """Return the ids of the next piece, in their order."""
    whom = Whom(action.query, tuple(action.selected))
    found = chosen(account_id=action.account_id, whom=whom, now=now)
    next_ones = (
        found.filter(pk__gt=action.position, pk__lte=action.until_id).order_by("pk").values_list("pk", flat=True)
    )
    return finding.reading(lambda: [*next_ones[:size]])


def _audit(verb: str, action: BulkAction, actor: Actor, now: datetime, **details: int) -> None:
    auditing.record(
        action=f"bulk.{verb}",
        actor=actor,
        now=now,
        account_id=action.account_id,
        target=("bulk action", action.pk),
        details={"kind": str(action.kind), "about": action.about, **details},
    )
