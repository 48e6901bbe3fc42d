"""An opt-out from a mail to a contact that was deleted since holds: the address they had gets no more mail."""

from importlib import import_module

from django.db import migrations

_BEFORE = import_module("tracking.migrations.0004_edge_functions").OPT_OUT

# The person's own act on one message, committed before the edge answers (RFC 8058). Opts out of the mailing's lists,
# or of all mail where it went to none (or is gone), or where the contact was deleted: they may be in again as another, or
# come in tomorrow. Tells whether the message is known. Doing it again changes nothing, a worse reason for a suppression
# stays, and an opt-in that the person confirmed after `p_moment` stands (a spool may be replayed late).
OPT_OUT = """
CREATE OR REPLACE FUNCTION tracking_opt_out(
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
    IF FOUND THEN
        SELECT array_agg(l.id), string_agg(l.name, ', ') INTO v_lists, v_names FROM public.contacts_list l
        WHERE l.account_id = v_account AND l.id = ANY (v_lists);
    ELSE
        v_lists := NULL;
        SELECT d.email_hash INTO v_hash FROM public.contacts_departedcontact d
        WHERE d.account_id = v_account AND d.contact_id = v_contact;
        IF NOT FOUND THEN
            RETURN true;
        END IF;
    END IF;
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
        SELECT v_account, v_hash, 'unsubscribed', p_moment
        WHERE NOT EXISTS (
            SELECT 1 FROM public.privacy_consent a
            WHERE a.account_id = v_account AND a.address_hash = v_hash AND a.channel IN ('form', 'preferences')
                AND a.confirmed_at > p_moment AND a.withdrawn_at IS NULL
        )
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
        SELECT v_account, c.id, p_moment, 'unsubscribed', pg_catalog.jsonb_build_object(
            'list', COALESCE(v_names, 'all mail'), 'reason', 'One click in a mail')
        FROM public.contacts_contact c WHERE c.account_id = v_account AND c.email_hash = v_hash FOR SHARE;
        INSERT INTO public.tracking_inbox (kind, mailing_id, sequence, at, network, agent, method, spool_key)
        VALUES (3, p_mailing, p_sequence, p_moment, p_network, p_agent, 'POST', p_spool_key);
    END IF;
    RETURN true;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_edge_functions"), ("contacts", "0006_departed_contacts")]

    operations = [migrations.RunSQL(OPT_OUT, _BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))]
