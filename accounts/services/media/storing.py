"""The files of the library: where they are kept, and the addresses under which the content host serves them."""

from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from accounts.models import Media
from accounts.services.media.pictures import Picture


def address(*, account_key: UUID, file_name: str) -> str:
    """Return the public address of a file."""
    return f"{settings.CONTENT_URL}/media/{account_key}/{file_name}"


def write(*, account_key: UUID, media: Media, picture: Picture) -> None:
    """Write a picture and its smaller sizes; whatever was there under these names is replaced."""
    bodies = {media.file_name(): picture.body}
    bodies |= {media.file_name(width): body for width, body in picture.smaller.items()}
    if picture.still:
        bodies[media.still_name] = picture.still
    for name, body in bodies.items():
        files().save(_key(account_key, name), ContentFile(body))


def read(*, account_key: UUID, file_name: str) -> bytes | None:
    """Return a file's bytes; None where it is gone."""
    try:
        with files().open(_key(account_key, file_name)) as handle:
            return bytes(handle.read())
    except FileNotFoundError:
        return None


def is_there(*, account_key: UUID, media: Media) -> bool:
    """Tell whether all files of a picture are there."""
    return all(files().exists(_key(account_key, name)) for name in media.file_names())


def remove(*, account_key: UUID, media: Media) -> None:
    """Remove a picture's files."""
    for name in media.file_names():
        with suppress(FileNotFoundError):
            files().delete(_key(account_key, name))


def files() -> Storage:
    """Return the storage: a folder, or a bucket (MEDIA_STORAGE)."""
    return storages["media"]


def _key(account_key: UUID, file_name: str) -> str:
    return f"{account_key}/{file_name}"
