"""An opt-out that a member made for many can be undone; once the person has said so themselves, it is theirs and stays."""

from importlib import import_module

from django.db import migrations

_BEFORE = import_module("tracking.migrations.0005_opt_out_of_departed").OPT_OUT
_ONLY_IF = "WHERE s.state <> 'unsubscribed' AND (s.confirmed_at IS NULL OR s.confirmed_at <= p_moment)"
_ALSO_IF = """WHERE (s.state <> 'unsubscribed' OR s.unsubscribe_reason = 'By a member')
            AND (s.confirmed_at IS NULL OR s.confirmed_at <= p_moment)"""
OPT_OUT = _BEFORE.replace(_ONLY_IF, _ALSO_IF)


class Migration(migrations.Migration):
    dependencies = [("tracking", "0005_opt_out_of_departed")]

    operations = [migrations.RunSQL(OPT_OUT, _BEFORE)]
