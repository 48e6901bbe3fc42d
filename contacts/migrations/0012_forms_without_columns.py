"""Take out the columns that stand in the blueprints of forms now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0011_convert_forms")]

    operations = [
        migrations.RemoveField(model_name="form", name=name)
        for name in ("fields", "list", "title", "intro", "consent_wording", "button", "thanks")
    ]
