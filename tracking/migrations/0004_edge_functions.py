"""What the edge may do besides inserting into the inbox: commit an opt-out, and move a spool's position."""

from django.db import migrations

from emailconcert.lib.tenancy.operations import ProtectTables, platform_only

# The person's own act on one message, committed before the edge answers (RFC 8058). Opts out of the mailing's lists,
# or of all mail where it went to none (or is gone). Tells whether the message is known. Doing it again changes nothing,
# and an opt-in that the person confirmed after `p_moment` stands (a spool may be replayed late).
OPT_OUT = """
CREATE FUNCTION tracking_opt_out(
    p_mailing bigint, p_sequence integer, p_moment timestamptz, p_network text, p_agent text, p_spool_key bytea
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_account bigint;
    v_contact bigint;
    v_lists bigint[] := '{}';
    v_hash bytea;
    v_names text;
    v_rows integer := 0;
BEGIN
    SELECT m.account_id, m.list_ids INTO v_account, v_lists FROM public.delivery_mailing m WHERE m.id = p_mailing;
    IF FOUND THEN
        SELECT m.contact_id INTO v_contact FROM public.delivery_message m
        WHERE m.account_id = v_account AND m.mailing_id = p_mailing AND m.sequence = p_sequence;
    ELSE
        SELECT m.account_id, m.contact_id INTO v_account, v_contact FROM public.delivery_message m
        WHERE m.mailing_id = p_mailing AND m.sequence = p_sequence LIMIT 1;
    END IF;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT c.email_hash INTO v_hash FROM public.contacts_contact c
    WHERE c.account_id = v_account AND c.id = v_contact FOR SHARE;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    SELECT array_agg(l.id), string_agg(l.name, ', ') INTO v_lists, v_names FROM public.contacts_list l
    WHERE l.account_id = v_account AND l.id = ANY (v_lists);
    IF v_lists IS NOT NULL THEN
        INSERT INTO public.contacts_subscription AS s
            (account_id, list_id, contact_id, state, source, created_at, unsubscribed_at, unsubscribe_reason)
        SELECT v_account, list_id, v_contact, 'unsubscribed', 'form', p_moment, p_moment, 'One click in a mail'
        FROM unnest(v_lists) AS list_id
        ON CONFLICT (account_id, list_id, contact_id) DO UPDATE
        SET state = 'unsubscribed', unsubscribed_at = p_moment, unsubscribe_reason = EXCLUDED.unsubscribe_reason
        WHERE s.state <> 'unsubscribed' AND (s.confirmed_at IS NULL OR s.confirmed_at <= p_moment);
        GET DIAGNOSTICS v_rows = ROW_COUNT;
    ELSE
        INSERT INTO public.privacy_suppression AS s (account_id, address_hash, reason, created_at)
        VALUES (v_account, v_hash, 'unsubscribed', p_moment)
        ON CONFLICT (account_id, address_hash) DO UPDATE SET reason = 'unsubscribed', created_at = p_moment
        WHERE s.reason IN ('imported', 'manual', 'bounced');
        GET DIAGNOSTICS v_rows = ROW_COUNT;
    END IF;
    UPDATE public.privacy_consent SET withdrawn_at = p_moment
    WHERE account_id = v_account AND address_hash = v_hash AND withdrawn_at IS NULL
        AND given_at <= p_moment AND (confirmed_at IS NULL OR confirmed_at <= p_moment)
        AND (v_lists IS NULL OR list_id = ANY (v_lists));
    IF v_rows > 0 THEN
        INSERT INTO public.contacts_contactevent (account_id, contact_id, at, kind, details)
        VALUES (v_account, v_contact, p_moment, 'unsubscribed', pg_catalog.jsonb_build_object(
            'list', COALESCE(v_names, 'all mail'), 'reason', 'One click in a mail'));
        INSERT INTO public.tracking_inbox (kind, mailing_id, sequence, at, network, agent, method, spool_key)
        VALUES (3, p_mailing, p_sequence, p_moment, p_network, p_agent, 'POST', p_spool_key);
    END IF;
    RETURN true;
END
$$
"""

# Takes the lock on a file's position until the transaction's end, moves it, and returns what it was.
MOVE_SPOOL = """
CREATE FUNCTION tracking_move_spool(p_name text, p_position bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_before bigint;
BEGIN
    INSERT INTO public.tracking_spoolposition (name, position) VALUES (p_name, 0) ON CONFLICT DO NOTHING;
    SELECT s.position INTO v_before FROM public.tracking_spoolposition s WHERE s.name = p_name FOR UPDATE;
    UPDATE public.tracking_spoolposition SET position = greatest(v_before, p_position), moved_at = now()
    WHERE name = p_name;
    RETURN v_before;
END
$$
"""

_OPT_OUT = "tracking_opt_out(bigint, integer, timestamptz, text, text, bytea)"
_MOVE = "tracking_move_spool(text, bigint)"


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0003_intake"),
        ("delivery", "0002_messages_and_walls"),
        ("contacts", "0002_walls"),
        ("privacy", "0002_walls"),
    ]

    operations = [
        ProtectTables(["Notice"]),
        migrations.RunSQL(
            [
                *platform_only("tracking_spoolposition"),
                OPT_OUT,
                MOVE_SPOOL,
                f"REVOKE ALL ON FUNCTION {_OPT_OUT} FROM PUBLIC",
                f"REVOKE ALL ON FUNCTION {_MOVE} FROM PUBLIC",
                f"GRANT EXECUTE ON FUNCTION {_OPT_OUT} TO ec_edge, ec_app, ec_platform",
                f"GRANT EXECUTE ON FUNCTION {_MOVE} TO ec_edge, ec_app, ec_platform",
            ],
            [f"DROP FUNCTION {_MOVE}", f"DROP FUNCTION {_OPT_OUT}"],
        ),
    ]
