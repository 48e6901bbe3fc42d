"""Policies and grants of the tables of privacy."""

from django.db import migrations

from emailconcert.lib.tenancy.operations import OWN_ROWS, ProtectTables, append_only, platform_only

# Owners see requests about their contacts from `with_controller` on.
_SHOWN = f"{OWN_ROWS} AND subject_kind = 'contact' AND controller_asked_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_initial"), ("accounts", "0002_walls")]

    operations = [
        ProtectTables(["Suppression", "DomainSuppression", "Restriction", "Wording", "Consent"]),
        migrations.RunSQL(
            [
                *platform_only("privacy_privacyrequest"),
                f"CREATE POLICY tenant_reads ON privacy_privacyrequest FOR SELECT TO ec_app USING ({_SHOWN})",
                *platform_only("privacy_requestevent"),
                *platform_only("privacy_requesttoken"),
                *platform_only("privacy_clockpause"),
                *platform_only("privacy_package"),
                *platform_only("privacy_erasureledger"),
                *append_only("privacy_erasureledger", "ec_app", "ec_platform"),
                *append_only("privacy_requestevent", "ec_app", "ec_platform"),
            ],
            migrations.RunSQL.noop,
        ),
    ]
