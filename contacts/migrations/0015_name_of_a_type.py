"""Name a type of field as people would say it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0014_contact_by_country"),
    ]

    operations = [
        migrations.AlterField(
            model_name="customfield",
            name="type",
            field=models.CharField(
                choices=[
                    ("text", "Text"),
                    ("long_text", "Long text"),
                    ("number", "Number"),
                    ("date", "Date"),
                    ("datetime", "Date and time"),
                    ("boolean", "Yes or no"),
                    ("choice", "One of several"),
                    ("choices", "Any of several"),
                    ("url", "Web address"),
                ],
                default="text",
                max_length=10,
            ),
        ),
    ]
