"""Logos of forms are in the media library."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0016_logos_to_media")]

    operations = [migrations.DeleteModel(name="FormLogo")]
