"""Parts of mails that an account keeps for the visual editor: kept, renamed, deleted with a way back."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db import connection

from accounts.models import Account
from accounts.services import auditing
from accounts.services.auditing import Actor
from campaigns.block_models import SavedBlock
from delivery.content import visual
from delivery.content.problems import CannotCompile
from emailconcert.lib.errors import ExpectedError

MOST = 60
MOST_CHARACTERS = 30_000


class CannotKeep(ExpectedError):
    """It can't be kept as a block."""


@dataclass(frozen=True)
class Block:
    """A saved block as the editor takes it."""

    row: SavedBlock
    part: str


def keep(*, account: Account, name: str, element: str, actor: Actor, now: datetime) -> SavedBlock:
    """Keep a part of the editor's document. Raises `CannotKeep`; call inside the account's scope."""
    if len(element) > MOST_CHARACTERS:
        raise CannotKeep(f"A block has at most {MOST_CHARACTERS:,} characters. Keep a smaller part of the mail.")
    try:
        source, in_column = visual.kept(element)
    except CannotCompile as error:
        raise CannotKeep(str(error.problems[0])) from None
    _check_room(account)
    made = SavedBlock.objects.create(account=account, name=name, source=source, in_column=in_column, created_at=now)
    _record("block.saved", made, actor, now)
    return made


def blocks_of(account: Account) -> list[Block]:
    """Return what the account keeps, by name; what the editor can't open any more is left out."""
    found = []
    for row in SavedBlock.objects.filter(account=account, deleted_at=None).order_by("name", "pk"):
        try:
            found.append(Block(row, _part(row.source, row.in_column)))
        except CannotCompile:
            continue
    return found


@lru_cache(maxsize=512)
def _part(source: str, in_column: bool) -> str:
    return visual.part_of(source, in_column=in_column)


def rename(*, block: SavedBlock, name: str) -> None:
    """Give a block another name."""
    SavedBlock.objects.filter(pk=block.pk).update(name=name)


def delete(*, block: SavedBlock, actor: Actor, now: datetime) -> None:
    """Put a block away; `restore` brings it back for a day. Mails that it was put into keep what they have."""
    if SavedBlock.objects.filter(pk=block.pk, deleted_at=None).update(deleted_at=now):
        _record("block.deleted", block, actor, now)


def restore(*, block: SavedBlock, actor: Actor, now: datetime) -> None:
    """Bring a deleted block back. Raises `CannotKeep` where others took its place."""
    if block.deleted_at is None:
        return
    _check_room(block.account)
    if SavedBlock.objects.filter(pk=block.pk).exclude(deleted_at=None).update(deleted_at=None):
        _record("block.restored", block, actor, now)


def _check_room(account: Account) -> None:
    """Raise `CannotKeep` where there are as many as there may be; one at a time asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('saved blocks'), %s)", [account.pk % 2**31])
    if SavedBlock.objects.filter(account=account, deleted_at=None).count() >= MOST:
        raise CannotKeep(f"Your account keeps {MOST} blocks already. Delete one that nobody needs.")


def _record(action: str, block: SavedBlock, actor: Actor, now: datetime) -> None:
    auditing.record(action=action, actor=actor, now=now, account_id=block.account_id, target=("saved_block", block.pk))
