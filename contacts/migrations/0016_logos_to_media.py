"""Logos of forms become pictures of the media library, under the same names."""

from hashlib import sha256
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import migrations
from PIL import Image


def move_logos(apps, schema_editor):
    logos = apps.get_model("contacts", "FormLogo").objects.select_related("account").order_by("pk")
    media = apps.get_model("accounts", "Media").objects
    for logo in logos.iterator(chunk_size=50):
        png = bytes(logo.png)
        with Image.open(BytesIO(png)) as picture:
            width, height = picture.size
        said = {
            "name": "Logo",
            "kind": "png",
            "width": width,
            "height": height,
            "size": len(png),
            "source_hash": sha256(png).digest(),
            "created_at": logo.created_at,
        }
        media.get_or_create(account_id=logo.account_id, digest=logo.digest, defaults=said)
        storages["media"].save(f"{logo.account.public_id}/{logo.digest}.png", ContentFile(png))


class Migration(migrations.Migration):
    dependencies = [("contacts", "0015_name_of_a_type"), ("accounts", "0004_media")]

    operations = [migrations.RunPython(move_logos, migrations.RunPython.noop)]
