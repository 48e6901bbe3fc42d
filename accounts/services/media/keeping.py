"""Taking pictures into the library, describing, deleting and bringing them back, and letting their files go in the end.

A row is written before its files and in the same transaction: two uploads of one picture, or an upload and the sweep
that removes it, wait for each other at the row.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, Sum

from accounts.models import Account, Media, User
from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from accounts.services.media import pictures, storing, uses
from accounts.services.media.pictures import BadPicture
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, platform_scope

_UNREADABLE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
MEGABYTE = 1024 * 1024


class LibraryFull(ExpectedError):
    """The account's quota is used up."""

    def __init__(self) -> None:
        super().__init__(
            f"Your library is full: {settings.MEDIA_QUOTA_MB:,} MB are used. Delete pictures that nothing shows any more."
        )


@dataclass(frozen=True)
class Kept:
    """A picture of the library; `is_new` tells it from one that was there."""

    media: Media
    is_new: bool


def keep(
    *, account: Account, file: IO[bytes], name: str, now: datetime, by: User | None = None, actor: Actor = SYSTEM
) -> Kept:
    """Take an upload into the library; the same picture again is the same item, brought back if it was deleted.

    Raises `BadPicture`, `LibraryFull`.
    """
    limit = settings.MEDIA_UPLOAD_MB
    raw = file.read(limit * MEGABYTE + 1)
    if len(raw) > limit * MEGABYTE:
        raise BadPicture(f"This file is larger than {limit} MB. Make it smaller, then upload that.")
    source_hash = hashlib.sha256(raw).digest()
    there = Media.objects.filter(account=account, source_hash=source_hash).first()
    if there is not None and storing.is_there(account_key=account.public_id, media=there):
        return Kept(_back(there, now=now, actor=actor), is_new=False)
    picture = pictures.write_anew(raw)
    digest = hashlib.sha256(picture.body).hexdigest()[:32]
    media = Media(
        account=account, name=name_of(name), kind=picture.kind, width=picture.width, height=picture.height,
        size=picture.size, widths=sorted(picture.smaller), digest=digest, source_hash=source_hash, created_by=by, created_at=now,
    )  # fmt: skip
    there = Media.objects.filter(account=account, digest=digest).first()
    with transaction.atomic():
        if there is None:
            _refuse_beyond_quota(account, picture.size)
            there = _inserted(media)
        storing.write(account_key=account.public_id, media=media, picture=picture)
    if there is not None:
        return Kept(_back(there, now=now, actor=actor), is_new=False)
    _audit("media.added", media, actor=actor, now=now)
    return Kept(media, is_new=True)


def name_of(file_name: str) -> str:
    """Return what a picture is called after its file."""
    plain = _UNREADABLE.sub("", file_name.replace("\\", "/")).strip()
    return PurePosixPath(plain).stem.strip()[:120] or "Picture"


def change(*, media: Media, name: str, alt_text: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Give a picture another name and alternative text."""
    if (media.name, media.alt_text) == (name, alt_text):
        return
    media.name, media.alt_text = name, alt_text
    media.save(update_fields=["name", "alt_text"])
    _audit("media.changed", media, actor=actor, now=now)


def delete(*, media: Media, now: datetime, actor: Actor = SYSTEM) -> None:
    """Take a picture out of the library; its file stays for what shows it."""
    if Media.objects.filter(pk=media.pk, deleted_at=None).update(deleted_at=now):
        _audit("media.deleted", media, actor=actor, now=now)


def restore(*, media: Media, now: datetime, actor: Actor = SYSTEM) -> None:
    """Bring a deleted picture back."""
    _back(media, now=now, actor=actor)


def remove(*, media: Media, now: datetime, actor: Actor = SYSTEM) -> None:
    """Remove a picture with its files for good: what shows it shows a gap from now on."""
    account, pk = media.account, media.pk
    with transaction.atomic():
        Media.objects.filter(pk=pk).delete()
        storing.remove(account_key=account.public_id, media=media)
    auditing.record(action="media.removed", actor=actor, now=now, account_id=account.pk, target=("media", pk))


def used_bytes(account_id: int) -> int:
    """Return how many bytes an account's library takes."""
    return int(Media.objects.filter(account_id=account_id).aggregate(total=Sum("size"))["total"] or 0)


def sweep(cutoff: datetime, dry_run: bool) -> int:
    """Remove what was deleted before the cutoff and is shown nowhere, and all that closed accounts had."""
    closed = Q(account__status=Account.Status.CLOSED)
    with platform_scope("accounts: find media to let go of"):
        found = list(Media.objects.filter(Q(deleted_at__lt=cutoff) | closed).select_related("account").order_by("pk"))
    return sum(_let_go(each, cutoff, dry_run=dry_run) for each in found)


def _let_go(media: Media, cutoff: datetime, *, dry_run: bool) -> bool:
    account = media.account
    with account_scope(account):
        is_closed = account.status == Account.Status.CLOSED
        if not is_closed and uses.uses_of(account_id=account.pk, digest=media.digest):
            return False
        rows = Media.objects.filter(pk=media.pk)
        if not is_closed:
            rows = rows.filter(deleted_at__lt=cutoff)
        if dry_run:
            return rows.exists()
        if not rows.delete()[0]:
            return False  # somebody has brought it back
        storing.remove(account_key=account.public_id, media=media)
        return True


def _inserted(media: Media) -> Media | None:
    """Insert a row; return the one that another upload was quicker with."""
    try:
        with transaction.atomic():
            media.save(force_insert=True)
    except IntegrityError:
        media.pk = None
        return Media.objects.filter(account_id=media.account_id, digest=media.digest).first()
    return None


def _refuse_beyond_quota(account: Account, size: int) -> None:
    if used_bytes(account.pk) + size > settings.MEDIA_QUOTA_MB * MEGABYTE:
        raise LibraryFull


def _back(media: Media, *, now: datetime, actor: Actor) -> Media:
    if Media.objects.filter(pk=media.pk).exclude(deleted_at=None).update(deleted_at=None):
        media.deleted_at = None
        _audit("media.restored", media, actor=actor, now=now)
    return media


def _audit(action: str, media: Media, *, actor: Actor, now: datetime) -> None:
    auditing.record(action=action, actor=actor, now=now, account_id=media.account_id, target=("media", media.pk))
