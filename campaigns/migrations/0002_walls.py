"""Policies and composite keys of the tables of campaigns."""

from django.db import migrations

from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial"), ("tracking", "0002_events_and_walls")]

    operations = [ProtectTables(["Campaign", "CampaignList", "Variant"])]
