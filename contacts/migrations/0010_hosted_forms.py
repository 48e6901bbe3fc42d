"""Forms as blueprints with versions, logos, counts by day, and codes for preference pages."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


def account():
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="%(class)s_set",
        to="accounts.account",
    )


def own_id():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def of_form(related_name):
    return emailconcert.lib.tenancy.models.TenantForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="contacts.form",
    )


class Migration(migrations.Migration):
    dependencies = [("contacts", "0009_table"), ("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="form",
            name="draft",
            field=models.JSONField(db_default={}, default=dict, help_text="The blueprint as it is being edited."),
        ),
        migrations.AlterField(
            model_name="form",
            name="version",
            field=models.PositiveIntegerField(default=0, help_text="The one that people see; 0 before the first."),
        ),
        migrations.AddField(
            model_name="formsubmission",
            name="language",
            field=models.CharField(blank=True, db_default="", max_length=10),
        ),
        migrations.CreateModel(
            name="FormVersion",
            fields=[
                ("id", own_id()),
                ("number", models.PositiveIntegerField()),
                ("blueprint", models.JSONField(help_text="As `contacts.hosted.blueprint`.")),
                ("wordings", models.JSONField(help_text="Language → consent → id of its archived wording.")),
                ("published_at", models.DateTimeField(db_default=Now())),
                ("account", account()),
                ("form", of_form("versions")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "form", "number"), name="one_form_version")],
            },
        ),
        migrations.CreateModel(
            name="FormLogo",
            fields=[
                ("id", own_id()),
                ("digest", models.CharField(max_length=32)),
                ("png", models.BinaryField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("account", account()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "digest"), name="one_logo_per_digest")],
            },
        ),
        migrations.CreateModel(
            name="FormDay",
            fields=[
                ("id", own_id()),
                ("day", models.DateField()),
                ("views", models.PositiveIntegerField(db_default=0, default=0)),
                ("submissions", models.PositiveIntegerField(db_default=0, default=0)),
                ("confirmations", models.PositiveIntegerField(db_default=0, default=0)),
                ("account", account()),
                ("form", of_form("days")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "form", "day"), name="one_count_per_form_and_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="MailedCode",
            fields=[
                ("id", own_id()),
                ("code_hash", models.BinaryField(max_length=32)),
                ("tries", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("made_at", models.DateTimeField(db_default=Now())),
                ("expires_at", models.DateTimeField()),
                ("account", account()),
                (
                    "contact",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="codes",
                        to="contacts.contact",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "contact"), name="one_code_per_contact")],
            },
        ),
        ProtectTables(["FormVersion", "FormLogo", "FormDay", "MailedCode"]),
    ]
