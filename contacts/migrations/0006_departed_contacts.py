"""Remember whose a deleted contact was, so that an opt-out, a bounce or a request that comes later still finds the person."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [("contacts", "0005_import_attempts"), ("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DepartedContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contact_id", models.BigIntegerField()),
                ("email_hash", models.BinaryField(max_length=32)),
                ("departed_at", models.DateTimeField(db_default=Now())),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s_set",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "contact_id"), name="one_departure_per_contact")
                ],
                "indexes": [models.Index(fields=["email_hash"], name="departures_of_address")],
            },
        ),
        ProtectTables(["DepartedContact"]),
    ]
