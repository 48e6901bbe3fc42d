"""Mailings whose batches have times of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_beside_lists")]

    operations = [
        migrations.AddField(
            model_name="mailing",
            name="is_timed",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Its batches have times of their own, which may be missed."
            ),
        ),
    ]
