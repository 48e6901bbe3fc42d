"""How the table is looked at: views that the account shares, and the columns that a member chose."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts.models import SavedView, TableColumns
from contacts.services.lists.organising import NameTaken
from contacts.table import columns
from emailconcert.lib.errors import ExpectedError
from privacy.services import guard

MOST = 50
_LONGEST = 2000


class TooMuch(ExpectedError):
    """There are as many views as there may be, or this one says too much."""


def save_view(
    *, account_id: int, name: str, query: str, columns: Sequence[str], now: datetime, actor: Actor = SYSTEM
) -> SavedView:
    """Keep a view under a name for everybody in the account. Raises `NameTaken`, `TooMuch`, `SpecialCategory`."""
    guard.refuse_name(name, place="view", now=now)
    if len(query) > _LONGEST:
        raise TooMuch("There are too many filters in this view. Take some away, or make a segment of them.")
    if SavedView.objects.filter(account_id=account_id).count() >= MOST:
        raise TooMuch(f"There are {MOST} views already. Delete one that nobody uses.")
    view = SavedView(account_id=account_id, name=name.strip(), query=query, columns=list(columns), created_at=now)
    _save(view)
    _audit("saved", view, actor, now)
    return view


def rename_view(*, view: SavedView, name: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Rename a view. Raises `NameTaken`, `SpecialCategory`."""
    guard.refuse_name(name, place="view", now=now)
    view.name = name.strip()
    _save(view)
    _audit("renamed", view, actor, now)


def choose_default(*, view: SavedView, is_default: bool, now: datetime, actor: Actor = SYSTEM) -> None:
    """Open the table with this view from now on, or with everybody again."""
    with transaction.atomic():
        SavedView.objects.filter(account_id=view.account_id, is_default=True).update(is_default=False)
        view.is_default = is_default
        view.save(update_fields=["is_default"])
    _audit("made default" if is_default else "no default any more", view, actor, now)


def delete_view(*, view: SavedView, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a view; nobody's contacts change."""
    _audit("deleted", view, actor, now)
    view.delete()


def choose_columns(*, account_id: int, user_id: int, names: Sequence[str]) -> None:
    """Remember the columns that a member wants to see."""
    known = {column.name for column in columns.choices(account_id)}
    kept = [name for name in dict.fromkeys(names) if name in known]
    TableColumns.objects.update_or_create(account_id=account_id, user_id=user_id, defaults={"columns": kept})


def chosen_columns(*, account_id: int, user_id: int) -> Sequence[str]:
    """Return the names of the columns that a member sees."""
    mine = TableColumns.objects.filter(account_id=account_id, user_id=user_id).values_list("columns", flat=True).first()
    return columns.DEFAULT if mine is None else mine


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise NameTaken("view") from None


def _audit(verb: str, view: SavedView, actor: Actor, now: datetime) -> None:
    target = ("view", view.pk)
    auditing.record(action=f"view.{verb}", actor=actor, now=now, account_id=view.account_id, target=target)
