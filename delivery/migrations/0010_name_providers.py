"""Connections that were there before are known by their provider's name."""

from django.db import migrations


def name(apps, schema_editor):
    rows = apps.get_model("delivery", "Connection").objects.filter(kind="anymail")
    for row in rows.order_by("pk").iterator(chunk_size=200):
        row.provider = row.backend.removesuffix(".EmailBackend").rpartition(".")[2][:20]
        row.save(update_fields=["provider"])


class Migration(migrations.Migration):
    dependencies = [("delivery", "0009_connection_rules")]

    operations = [migrations.RunPython(name, migrations.RunPython.noop)]
