"""Count how often an import was begun without getting on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0004_analyze")]

    operations = [
        migrations.AddField(
            "import",
            "attempts",
            models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="Slices begun since a piece was committed last."
            ),
        ),
    ]
