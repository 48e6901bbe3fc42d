"""Who has paused their mail, found without reading everybody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0018_import_without_list")]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("paused_until__isnull", False)),
                fields=["account", "paused_until"],
                name="contacts_paused",
            ),
        ),
    ]
