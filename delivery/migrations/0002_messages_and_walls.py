"""The partitioned table of messages, and the policies of delivery's tables."""

from django.db import migrations

from emailconcert.lib.tenancy.operations import ProtectTables, policies

# Lean rows: no index on outcome, fillfactor 50 on the partitions, so that outcomes are HOT updates (docs/performance.md).
TABLE = """
CREATE TABLE delivery_message (
    account_id bigint NOT NULL,
    mailing_id bigint NOT NULL,
    sequence integer NOT NULL,
    contact_id bigint,
    outcome smallint NOT NULL DEFAULT 0,
    reason smallint NOT NULL DEFAULT 0,
    signal smallint NOT NULL DEFAULT 0,
    reply_code smallint,
    settled_at timestamptz,
    PRIMARY KEY (account_id, mailing_id, sequence)
) PARTITION BY RANGE (mailing_id)
"""

# A partition holds the messages of 1,000 mailings. Application roles have no grant on a partition itself.
FUNCTION = """
CREATE FUNCTION delivery_make_partition(mailing bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first bigint := (mailing / 1000) * 1000;
    name text := format('delivery_message_%s', first);
BEGIN
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7311, (first / 1000)::integer);
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.delivery_message FOR VALUES FROM (%s) TO (%s) WITH (fillfactor = 50)',
        name, first, first + 1000);
    EXECUTE format('REVOKE ALL ON public.%I FROM ec_app, ec_platform, ec_segments, ec_edge', name);
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial"), ("contacts", "0002_walls")]

    operations = [
        ProtectTables(["SendingDomain", "Sender", "Connection", "Mailing", "Link", "Batch"]),
        migrations.RunSQL(
            [
                TABLE,
                "CREATE INDEX delivery_message_of_contact ON delivery_message (account_id, contact_id)",
                *policies("delivery_message"),
                FUNCTION,
                "REVOKE ALL ON FUNCTION delivery_make_partition(bigint) FROM PUBLIC",
                "GRANT EXECUTE ON FUNCTION delivery_make_partition(bigint) TO ec_app, ec_platform",
            ],
            ["DROP FUNCTION delivery_make_partition(bigint)", "DROP TABLE delivery_message"],
        ),
        migrations.RunSQL(
            [
                "GRANT SELECT (account_id, mailing_id, number, url) ON delivery_link TO ec_edge",
                "CREATE POLICY edge ON delivery_link FOR SELECT TO ec_edge USING (true)",
            ],
            ["DROP POLICY edge ON delivery_link", "REVOKE ALL ON delivery_link FROM ec_edge"],
        ),
    ]
