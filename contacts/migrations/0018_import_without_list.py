"""Take out the one list of an import: they have any number (`list_ids`) since lists can be chosen."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0017_no_form_logo")]

    operations = [migrations.RemoveField(model_name="import", name="list")]
