"""The table of contacts: what it is searched in, views, bulk actions with what they changed, exports; welcome mails."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_second_factor_and_heads"),
        ("contacts", "0008_imports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("tag", "Tag"),
                            ("untag", "Take a tag off"),
                            ("subscribe", "Subscribe"),
                            ("unsubscribe", "Unsubscribe"),
                            ("delete", "Delete"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "query",
                    models.CharField(blank=True, help_text="Filters, as in the page's address.", max_length=2000),
                ),
                (
                    "selected",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        db_default=[],
                        default=list,
                        help_text="Instead of a query.",
                        size=None,
                    ),
                ),
                ("until_id", models.BigIntegerField(help_text="Who came in later is not in it.")),
                ("about", models.CharField(blank=True, help_text="The tag's or list's name then.", max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Stopped"),
                            ("undoing", "Being undone"),
                            ("undone", "Undone"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("total", models.BigIntegerField(help_text="How many matched when it was started.")),
                ("seen", models.BigIntegerField(db_default=0, default=0)),
                ("changed", models.BigIntegerField(db_default=0, default=0)),
                ("left_out", models.BigIntegerField(db_default=0, default=0, help_text="Opted out or restricted.")),
                ("put_back", models.BigIntegerField(db_default=0, default=0, help_text="Changes that undo took back.")),
                (
                    "position",
                    models.BigIntegerField(
                        db_default=0, default=0, help_text="The last contact (undoing: change) done."
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="Slices begun since a piece was committed last."
                    ),
                ),
                ("error", models.CharField(blank=True, db_default="", max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="BulkChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "before",
                    models.CharField(blank=True, db_default="", help_text="The subscription's state.", max_length=12),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="What is in it, in words.", max_length=100)),
                (
                    "query",
                    models.CharField(blank=True, help_text="Filters, as in the page's address.", max_length=2000),
                ),
                (
                    "selected",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        db_default=[],
                        default=list,
                        help_text="Instead of a query.",
                        size=None,
                    ),
                ),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50), db_default=[], default=list, size=None
                    ),
                ),
                (
                    "format",
                    models.CharField(choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], default="csv", max_length=4),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("running", "Running"),
                            ("done", "Ready"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("rows_total", models.BigIntegerField(null=True)),
                ("rows_done", models.BigIntegerField(db_default=0, default=0)),
                ("size", models.BigIntegerField(db_default=0, default=0)),
                ("path", models.CharField(blank=True, db_default="", help_text="Under MEDIA_DIR.", max_length=300)),
                ("sealed_key", models.BinaryField(help_text="The file's key; destroyed when it expires.", null=True)),
                ("downloads", models.PositiveIntegerField(db_default=0, default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="Runs begun: the last one counts."
                    ),
                ),
                ("error", models.CharField(blank=True, db_default="", max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(blank=True, help_text="As in the page's address.", max_length=2000)),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50), db_default=[], default=list, size=None
                    ),
                ),
                (
                    "is_default",
                    models.BooleanField(
                        db_default=False, default=False, help_text="What the page of contacts opens with."
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="TableColumns",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50), db_default=[], default=list, size=None
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="contact",
            name="search_key",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Lower(
                    django.db.models.functions.text.Trim(
                        django.db.models.functions.text.Concat(
                            "first_name", models.Value(" "), "last_name", models.Value(" "), "email"
                        )
                    )
                ),
                output_field=models.TextField(db_collation="C"),
            ),
        ),
        migrations.AddField(
            model_name="list",
            name="sender_id",
            field=models.BigIntegerField(
                help_text="Of delivery's senders; the account's first without one.", null=True
            ),
        ),
        migrations.AddField(
            model_name="list",
            name="welcome_subject",
            field=models.CharField(blank=True, db_default="", help_text="Without one, no mail.", max_length=150),
        ),
        migrations.AddField(
            model_name="list",
            name="welcome_text",
            field=models.TextField(blank=True, db_default="", max_length=5000),
        ),
        migrations.AddField(
            model_name="subscription",
            name="welcomed_at",
            field=models.DateTimeField(help_text="When the welcome mail was asked for.", null=True),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["account", "-updated_at", "-id"], name="contact_by_change"),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["account", "search_key", "id"], name="contact_by_name"),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["account", "source", "source_id"], name="contact_by_source"),
        ),
        migrations.AddField(
            model_name="bulkaction",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)s_set",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="bulkaction",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="bulkaction",
            name="list",
            field=emailconcert.lib.tenancy.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="contacts.list"
            ),
        ),
        migrations.AddField(
            model_name="bulkaction",
            name="tag",
            field=emailconcert.lib.tenancy.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="contacts.tag"
            ),
        ),
        migrations.AddField(
            model_name="bulkchange",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)s_set",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="bulkchange",
            name="action",
            field=emailconcert.lib.tenancy.models.TenantForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="changes",
                to="contacts.bulkaction",
            ),
        ),
        migrations.AddField(
            model_name="bulkchange",
            name="contact",
            field=emailconcert.lib.tenancy.models.TenantForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact"
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)s_set",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)s_set",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="tablecolumns",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)s_set",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="tablecolumns",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="bulkaction",
            index=models.Index(fields=["account", "-id"], name="bulk_actions_by_age"),
        ),
        migrations.AddIndex(
            model_name="bulkchange",
            index=models.Index(fields=["account", "action", "id"], name="changes_of_bulk_action"),
        ),
        migrations.AddIndex(
            model_name="bulkchange",
            index=models.Index(fields=["account", "contact"], name="bulk_changes_of_contact"),
        ),
        migrations.AddIndex(
            model_name="export",
            index=models.Index(fields=["account", "-id"], name="exports_by_age"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("account", "name"), name="one_view_per_name"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("account",), name="one_default_view_per_account"
            ),
        ),
        migrations.AddConstraint(
            model_name="tablecolumns",
            constraint=models.UniqueConstraint(fields=("account", "user"), name="one_choice_of_columns_per_member"),
        ),
        ProtectTables(["BulkAction", "BulkChange", "Export", "SavedView", "TableColumns"]),
        # Search by the beginning of last names.
        migrations.RunSQL(
            "CREATE INDEX contact_by_last_name ON contacts_contact (account_id, lower(last_name) text_pattern_ops)"
            " WHERE last_name <> ''",
            "DROP INDEX contact_by_last_name",
        ),
    ]
