"""Logos of forms: pictures of the account's media library."""

import re
from datetime import datetime
from typing import IO

from django.db.models import F, Q

from accounts.models import Account, Media, User
from accounts.services.auditing import SYSTEM, Actor
from accounts.services.media import keeping
from contacts.models import Form

# How wide a logo is kept for: twice what the widest page shows.
WIDTH = 640
_FILE = re.compile(r"[0-9a-f]{32}(-[0-9]{2,4})?(\.(png|jpg|gif))?")


def keep_logo(
    *, account: Account, file: IO[bytes], name: str, now: datetime, by: User | None = None, actor: Actor = SYSTEM
) -> str:
    """Take a picture into the library; return its file's name. Raises `BadPicture`, `LibraryFull`."""
    return file_of(keeping.keep(account=account, file=file, name=name, now=now, by=by, actor=actor).media)


def file_of(media: Media) -> str:
    """Return the name of the file that a form shows of a picture."""
    return media.file_name() if media.is_animated else media.file_name(media.fitting(WIDTH))


def is_file(name: str) -> bool:
    """Tell whether a text may be the name of a logo's file."""
    return _FILE.fullmatch(name) is not None


def forms_with(*, account_id: int, digest: str) -> list[Form]:
    """Return the forms that show a picture: in what is online, or in their draft."""
    in_draft = Q(draft__look__logo__startswith=digest)
    online = Q(versions__number=F("version"), versions__blueprint__look__logo__startswith=digest)
    return list(Form.objects.filter(in_draft | online, account_id=account_id).distinct().order_by("name", "pk"))
