"""Typed fields with help, choices and defaults; sealed values; where each value came from."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0006_departed_contacts"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="date_of_birth",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="contact",
            name="gender",
            field=models.CharField(blank=True, db_default="", max_length=30),
        ),
        migrations.AddField(
            model_name="contact",
            name="phone",
            field=models.CharField(blank=True, db_default="", help_text="E.164: +353861234567.", max_length=20),
        ),
        migrations.AddField(
            model_name="contact",
            name="sealed_values",
            field=models.BinaryField(help_text="Values of sensitive fields: sealed JSON by field key.", null=True),
        ),
        migrations.AddField(
            model_name="contact",
            name="value_sources",
            field=models.JSONField(
                db_default={},
                default=dict,
                help_text="Field → [source, its id, when]; what is not named came in with the contact.",
            ),
        ),
        migrations.AddField(
            model_name="customfield",
            name="choices",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="customfield",
            name="default",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="customfield",
            name="help",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="customfield",
            name="position",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="customfield",
            name="required",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="customfield",
            name="sensitive",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Kept sealed: not to be filtered by, shown on demand."
            ),
        ),
        migrations.AlterField(
            model_name="contact",
            name="source",
            field=models.CharField(
                choices=[
                    ("member", "Added by a member"),
                    ("import", "Import"),
                    ("form", "Form"),
                    ("api", "API"),
                    ("preferences", "Preference centre"),
                    ("automation", "Automation"),
                    ("demo", "Sample data"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="contact",
            name="values",
            field=models.JSONField(
                db_default={}, default=dict, help_text="Custom values by field key, as `contacts.fields`."
            ),
        ),
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
                    ("choices", "Several of several"),
                    ("url", "Web address"),
                ],
                default="text",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="subscription",
            name="source",
            field=models.CharField(
                choices=[
                    ("member", "Added by a member"),
                    ("import", "Import"),
                    ("form", "Form"),
                    ("api", "API"),
                    ("preferences", "Preference centre"),
                    ("automation", "Automation"),
                    ("demo", "Sample data"),
                ],
                max_length=12,
            ),
        ),
    ]
