"""The time of an upload is given by the caller."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_walls")]

    operations = [
        migrations.AlterField("import", "created_at", models.DateTimeField(db_default=Now())),
    ]
