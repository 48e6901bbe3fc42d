"""So that segments of a country are counted from the index alone (docs/adr/0010)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0013_segment_counts")]

    operations = [
        migrations.AddIndex("contact", models.Index(fields=["account", "country", "id"], name="contact_by_country")),
    ]
