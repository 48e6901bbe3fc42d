"""Imports from workbooks, with a dry run, several lists, the basis as evidence, opt-outs of the file, and undo."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


def _numbers(help_text: str = "") -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.BigIntegerField(), db_default=[], default=list, help_text=help_text, size=None
    )


def _count(help_text: str) -> models.BigIntegerField:
    return models.BigIntegerField(db_default=0, default=0, help_text=help_text)


class Migration(migrations.Migration):
    dependencies = [("contacts", "0007_fields_and_sources"), ("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            "import",
            "checked",
            models.JSONField(db_default={}, default=dict, help_text="The dry run: its position and its counts."),
        ),
        migrations.AddField(
            "import",
            "consent_on",
            models.DateField(null=True, help_text="When they agreed; null where only the import's day is known."),
        ),
        migrations.AddField(
            "import",
            "consent_source",
            models.CharField(blank=True, db_default="", max_length=200, help_text="Where they agreed."),
        ),
        migrations.AddField(
            "import",
            "day_first",
            models.BooleanField(db_default=True, default=True, help_text="3/4 is the third of April."),
        ),
        migrations.AddField("import", "list_ids", _numbers("Lists they are put on.")),
        migrations.AddField("import", "rows_left", _count("What others changed since: left as it is.")),
        migrations.AddField(
            "import",
            "rows_opted_out",
            _count("The file says that they unsubscribed, complained or bounced: suppressed."),
        ),
        migrations.AddField("import", "rows_removed", _count("Added contacts that undoing took out.")),
        migrations.AddField("import", "rows_restored", _count("Known contacts that got back what was.")),
        migrations.AddField(
            "import",
            "sheet",
            models.PositiveSmallIntegerField(db_default=0, default=0, help_text="Which of them, from 0."),
        ),
        migrations.AddField(
            "import",
            "sheets",
            models.JSONField(db_default=[], default=list, help_text="Names of a workbook's sheets; empty for text."),
        ),
        migrations.AddField(
            "import",
            "tags",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60),
                db_default=[],
                default=list,
                help_text="Tags that all get.",
                size=None,
            ),
        ),
        migrations.AddField(
            "import",
            "undo_before_at",
            models.DateTimeField(null=True, help_text="Of added contacts: where undoing goes on (made at)."),
        ),
        migrations.AddField(
            "import",
            "undo_before_id",
            models.BigIntegerField(null=True, help_text="The contact of that moment that was looked at last."),
        ),
        migrations.AddField("import", "undone_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "import",
            "mapping",
            models.JSONField(
                default=dict, help_text="Column number → field, or `new:` and a type until it is started."
            ),
        ),
        migrations.AlterField(
            "import",
            "state",
            models.CharField(
                choices=[
                    ("uploaded", "Waiting for its columns to be matched"),
                    ("checking", "Being checked"),
                    ("checked", "Checked, not started"),
                    ("queued", "Waiting"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("undoing", "Being undone"),
                    ("undone", "Undone"),
                ],
                default="uploaded",
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="ImportChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "values",
                    models.JSONField(
                        db_default={},
                        default=dict,
                        help_text="Field → [value before, value written, its source before].",
                    ),
                ),
                ("list_ids", _numbers("Lists it was put on.")),
                ("tag_ids", _numbers("Tags it was given.")),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s_set",
                        to="accounts.account",
                    ),
                ),
                (
                    "contact",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="import_changes",
                        to="contacts.contact",
                    ),
                ),
                (
                    "import_run",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="contacts.import",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account", "import_run", "id"], name="changes_of_import"),
                    models.Index(fields=["account", "contact"], name="import_changes_of_contact"),
                ],
            },
        ),
        ProtectTables(["ImportChange"]),
    ]
