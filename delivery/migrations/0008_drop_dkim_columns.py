"""Domains keep no key themselves any more; defaults let the columns come back when this is undone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0007_move_dkim_keys")]

    operations = [
        migrations.AlterField("sendingdomain", "selector", models.CharField(default="", max_length=40)),
        migrations.AlterField("sendingdomain", "sealed_private_key", models.BinaryField(default=b"")),
        migrations.AlterField("sendingdomain", "public_key", models.TextField(default="")),
        migrations.RemoveField("sendingdomain", "selector"),
        migrations.RemoveField("sendingdomain", "sealed_private_key"),
        migrations.RemoveField("sendingdomain", "public_key"),
    ]
