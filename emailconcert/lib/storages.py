"""Where uploaded pictures are kept: a folder of this machine, or a bucket that speaks S3."""

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.core.files.storage import FileSystemStorage


class MediaFolder(FileSystemStorage):
    """`library/` under MEDIA_DIR; writing a name again replaces the file."""

    def __init__(self) -> None:
        super().__init__(allow_overwrite=True)

    @property
    def base_location(self) -> str:  # Django's is cached; a test's MEDIA_DIR is another
        """Return the folder."""
        return os.path.join(settings.MEDIA_DIR, "library")  # noqa: PTH118  # Django's class wants a text

    @property
    def location(self) -> str:
        """Return the folder's whole path."""
        return os.path.abspath(self.base_location)  # noqa: PTH100  # Django's class wants a text


def storage_from_url(url: str) -> dict[str, Any]:
    """Return Django's settings for `s3://KEY:SECRET@HOST/BUCKET?region=…`; for an empty address, of the local folder.

    Without a key the machine's own role is used. The library is imported only where a bucket is set.
    """
    if not url:
        return {"BACKEND": "emailconcert.lib.storages.MediaFolder"}
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    bucket, _, prefix = parts.path.strip("/").partition("/")
    port = f":{parts.port}" if parts.port else ""
    scheme = "http" if query.get("tls") == "no" else "https"
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "location": prefix or "library",
        "endpoint_url": f"{scheme}://{parts.hostname}{port}" if parts.hostname else None,
        "region_name": query.get("region"),
        "addressing_style": "path" if parts.hostname else None,
        "access_key": unquote(parts.username) if parts.username else None,
        "secret_key": unquote(parts.password) if parts.password else None,
        "file_overwrite": True,
    }
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {name: value for name, value in options.items() if value is not None},
    }
