"""What the list of segments remembers of the last count."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0012_forms_without_columns")]

    operations = [
        migrations.AddField(
            "segment", "people", models.BigIntegerField(help_text="How many there were at `counted_at`.", null=True)
        ),
        migrations.AddField("segment", "counted_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "segment",
            "updated_at",
            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
    ]
