"""Logos of forms: read with Pillow and written anew, so that nothing but the picture is kept and served."""

import hashlib
import struct
import warnings
from datetime import datetime
from io import BytesIO
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from contacts.models import FormLogo
from emailconcert.lib.errors import ExpectedError

LARGEST = 2 * 1024 * 1024
SIZE = (480, 160)
_PIXELS = 20_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# What Pillow raises over damaged pictures and their Exif.
_UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, LookupError, TypeError, EOFError, struct.error)


class BadPicture(ExpectedError):
    """The file is no picture, or not one that is taken."""

    def __init__(self) -> None:
        super().__init__("Take a PNG, JPEG, WebP or GIF picture of at most 2 MB.")


def keep_logo(*, account_id: int, file: IO[bytes], size: int, now: datetime) -> str:
    """Keep a picture, made small; return its digest. Raises `BadPicture`."""
    if size > LARGEST:
        raise BadPicture
    png = _written_anew(file)
    digest = hashlib.sha256(png).hexdigest()[:32]
    FormLogo.objects.get_or_create(account_id=account_id, digest=digest, defaults={"png": png, "created_at": now})
    return digest


def find_logo(*, account_id: int, digest: str) -> bytes | None:
    """Return a logo's PNG."""
    found = FormLogo.objects.filter(account_id=account_id, digest=digest).values_list("png", flat=True).first()
    return None if found is None else bytes(found)


def _written_anew(file: IO[bytes]) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as picture:
                if picture.width * picture.height > _PIXELS:
                    raise BadPicture
                upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (*_UNREADABLE, Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise BadPicture from None
    upright.thumbnail(SIZE)
    written = BytesIO()
    upright.save(written, "PNG", optimize=True)
    return written.getvalue()
