"""DKIM keys get rows of their own; domains remember how often a needed record was missing."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [("delivery", "0005_limits")]

    operations = [
        migrations.AddField(
            "sendingdomain",
            "zone",
            models.CharField(
                blank=True,
                default="",
                help_text="What its DNS console is called; empty: not known yet.",
                max_length=253,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "sendingdomain",
            "broken_at",
            models.DateTimeField(help_text="When it was verified no longer, and the owners were told.", null=True),
        ),
        migrations.AddField(
            "sendingdomain",
            "misses",
            models.PositiveSmallIntegerField(
                default=0, help_text="Checks of ours in a row that missed a needed record."
            ),
        ),
        migrations.AddField(
            "sendingdomain",
            "asked_at",
            models.DateTimeField(help_text="When somebody last asked for a check.", null=True),
        ),
        migrations.AddField(
            "sendingdomain",
            "next_check_at",
            models.DateTimeField(db_default=Now(), help_text="When we look by ourselves; also the lease of a check."),
        ),
        migrations.AddIndex("sendingdomain", models.Index(fields=["next_check_at"], name="domains_to_check")),
        migrations.AlterField(
            "sendingdomain",
            "verified_at",
            models.DateTimeField(help_text="Since when mail is sent in its name; empty: it is not.", null=True),
        ),
        migrations.AlterField(
            "sendingdomain",
            "findings",
            models.JSONField(default=dict, help_text="Per record: how it stands, what was found, what to do."),
        ),
        migrations.CreateModel(
            name="DkimKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("selector", models.CharField(max_length=40)),
                ("algorithm", models.CharField(choices=[("rsa", "RSA"), ("ed25519", "Ed25519")], max_length=7)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "To be published"),
                            ("published", "Published"),
                            ("signing", "Signs"),
                            ("retired", "Retired"),
                        ],
                        default="new",
                        max_length=9,
                    ),
                ),
                ("sealed_private_key", models.BinaryField(help_text="PKCS#8, sealed with the account's key.")),
                ("public_key", models.TextField(help_text="The DNS record's value.")),
                ("found_at", models.DateTimeField(help_text="Since when its record is seen.", null=True)),
                ("signing_at", models.DateTimeField(null=True)),
                ("retired_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                    "domain",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="delivery.sendingdomain"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "domain", "selector"), name="one_key_per_selector")
                ]
            },
        ),
        ProtectTables(["DkimKey"]),
    ]
