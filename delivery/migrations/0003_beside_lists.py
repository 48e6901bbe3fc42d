"""Mailings that go to segments remember which lists were chosen beside them."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_messages_and_walls")]

    operations = [
        migrations.AddField(
            model_name="mailing",
            name="beside_lists",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                help_text="Set where it goes to segments: the lists chosen beside them. `list_ids` is empty then, so that an "
                "opt-out is one from all mail.",
                null=True,
                size=None,
            ),
        ),
    ]
