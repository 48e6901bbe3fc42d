"""The walls as PostgreSQL keeps them, whatever Python does."""

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.db.utils import IntegrityError, ProgrammingError

from accounts.models import Membership
from contacts.models import Contact, Tag
from emailconcert.lib.tenancy import NoScope, ScopeConflict, TenantForeignKey, account_scope, platform_scope
from tests.factories import make_cast
from tests.tenancy.rows import PK, make_row, make_rows, tenant_models

pytestmark = pytest.mark.django_db

OURS = {"accounts", "privacy", "contacts", "delivery", "tracking", "campaigns"}

# Tables of the platform: rows that belong to nobody or to a login profile. A new one is written down here with its reason.
PLATFORM_TABLES = {
    "accounts_account": "the tenants themselves",
    "accounts_user": "login profiles belong to no account",
    "accounts_user_groups": "Django's",
    "accounts_user_user_permissions": "Django's",
    "accounts_directory": "asked before a scope is known",
    "accounts_signupinvitation": "before there is an account",
    "accounts_acceptedterms": "of a login profile",
    "accounts_emailchange": "of a login profile",
    "accounts_totpdevice": "of a login profile",
    "accounts_recoverycode": "of a login profile",
    "accounts_remembereddevice": "of a login profile",
    "accounts_session": "of a login profile",
    "privacy_noticeversion": "public texts",
    "privacy_retentionrun": "counts only",
}


def rows(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def our_tables():
    return {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OURS and not model._meta.proxy
    }


def test_every_table_has_policies_or_is_the_platforms():
    protected = {
        table for (table,) in rows("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')")
    }

    assert set(our_tables()) - protected == set(PLATFORM_TABLES)


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_every_tenants_policy_compares_the_account_and_nothing_else(model):
    policies = dict(rows("SELECT policyname, qual FROM pg_policies WHERE tablename = %s", model._meta.db_table))

    assert policies["tenant"].replace("(", "").replace(")", "") == (
        "account_id = NULLIFcurrent_setting'ec.account'::text, true, ''::text::bigint"
    )
    assert {"tenant", "platform", "segments"} <= set(policies)


def test_the_application_is_neither_owner_nor_superuser():
    [(role, is_super, bypasses)] = rows(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    owners = {owner for (owner,) in rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")}

    assert (role, is_super, bypasses, role in owners) == ("ec_app", False, False, False)


def test_every_foreign_key_between_tenants_carries_the_account():
    expected = {
        (model._meta.db_table, field.column)
        for model in tenant_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
    }
    found = rows(
        "SELECT conrelid::regclass::text, (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[2])"
        " FROM pg_constraint WHERE contype = 'f' AND cardinality(conkey) = 2"
    )

    assert expected == set(found)


def test_keys_to_tenants_are_tenant_keys():
    tenants = set(tenant_models())
    plain = [
        str(field)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and not isinstance(field, TenantForeignKey)
        and field.related_model in tenants
    ]

    assert plain == []


def test_account_leads_every_unique_constraint():
    late = [
        (model._meta.label, constraint.name)
        for model in tenant_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields[0] != "account"
    ]

    assert late == []


def test_raw_sql_sees_nothing_of_another_account_and_nothing_without_scope():
    alice, _, charlie = make_cast()
    with account_scope(alice.account):
        make_rows(alice.account)
    tables = [model._meta.db_table for model in tenant_models()] + ["delivery_message"]
    ours = {table: _count(table, alice.account_id) for table in tables}

    theirs = {table: _count(table, charlie.account_id) for table in tables if table != "accounts_membership"}
    nobodys = {table: _count(table, None) for table in tables}

    assert all(ours.values()), ours
    assert not any(theirs.values()), theirs
    assert not any(nobodys.values()), nobodys


def _count(table, account_id):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ec.account', %s, true)", [str(account_id or "")])
        cursor.execute(f"SELECT count(*) FROM {table}")
        count = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('ec.account', '', true)")
    return count


def test_raw_sql_writes_nothing_for_another_account():
    alice, _, charlie = make_cast()

    with pytest.raises(ProgrammingError, match="row-level security"), account_scope(charlie.account):
        rows("INSERT INTO contacts_tag (account_id, name) VALUES (%s, 'stolen') RETURNING id", alice.account_id)


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_key_into_another_account():
    alice, _, charlie = make_cast()
    with account_scope(alice.account):
        contact = make_row(Contact, account=alice.account, user=alice.user, pk=PK)

    with account_scope(charlie.account):
        tag = Tag.objects.create(name="mine")

    with pytest.raises(IntegrityError, match="contact_id_same"), account_scope(charlie.account):
        rows(
            "INSERT INTO contacts_contacttag (account_id, contact_id, tag_id) VALUES (%s, %s, %s) RETURNING id",
            charlie.account_id,
            contact.pk,
            tag.pk,
        )


def test_orm_without_scope_raises():
    with pytest.raises(NoScope):
        Membership.objects.count()


def test_entering_another_accounts_scope_raises():
    alice, _, charlie = make_cast()

    with account_scope(alice.account), pytest.raises(ScopeConflict), account_scope(charlie.account):
        pytest.fail("the scope of a second account was entered")


def test_scope_is_restored_after_leaving_also_after_an_error():
    alice, _, _ = make_cast()

    with account_scope(alice.account):
        with account_scope(alice.account), platform_scope("test"):
            pass
        with pytest.raises(ProgrammingError), account_scope(alice.account):
            rows("SELECT nothing FROM nowhere")
        with pytest.raises(ProgrammingError), platform_scope("test"):
            rows("SELECT nothing FROM nowhere")
        inside = rows("SELECT current_setting('ec.account'), current_user")
    outside = rows("SELECT current_setting('ec.account', true), current_user")

    assert inside == [(str(alice.account_id), "ec_app")]
    assert outside == [("", "ec_app")]


@pytest.mark.django_db(transaction=True)
def test_nothing_leaks_on_a_kept_connection_after_a_rollback():
    alice, _, _ = make_cast()

    with pytest.raises(RuntimeError), account_scope(alice.account):
        raise RuntimeError
    with pytest.raises(RuntimeError), platform_scope("test"):
        raise RuntimeError

    assert rows("SELECT current_setting('ec.account', true), current_user") == [("", "ec_app")]
    assert rows("SELECT count(*) FROM accounts_membership") == [(0,)]


def test_a_scope_inside_a_transaction_is_two_journeys_and_ends_with_its_savepoint(django_assert_num_queries):
    def now():
        return rows("SELECT current_setting('ec.account', true), current_user")

    account = make_cast()[0].account
    with django_assert_num_queries(2), account_scope(account):
        pass
    with account_scope(account):
        with django_assert_num_queries(2), platform_scope("tests"):
            pass
        with platform_scope("tests"):
            assert now() == [(str(account.pk), "ec_platform")]
            transaction.set_rollback(True)
        assert now() == [(str(account.pk), "ec_app")]
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError), platform_scope("tests"):
            pytest.fail("A scope was entered in a broken transaction.")
    assert now() == [("", "ec_app")]


def test_platform_scope_sees_all_accounts_and_gives_the_role_back():
    alice, bob, charlie = make_cast()

    with platform_scope("test"):
        found = set(Membership.objects.values_list("pk", flat=True))

    assert found == {alice.pk, bob.pk, charlie.pk}
    assert rows("SELECT current_user") == [("ec_app",)]


@pytest.mark.parametrize("table", ["delivery_message_700000", "tracking_event_202701"])
def test_application_roles_have_no_grant_on_a_partition(table):
    rows("SELECT 1 FROM (SELECT delivery_make_partition(700001)) made")
    rows("SELECT 1 FROM (SELECT tracking_make_partition('2027-01-15')) made")

    for role in ("ec_app", "ec_platform", "ec_segments", "ec_edge"):
        [(may,)] = rows("SELECT has_table_privilege(%s, %s, 'SELECT, INSERT, UPDATE, DELETE')", role, table)
        assert not may, role


@pytest.mark.parametrize(
    "table", ["accounts_auditevent", "accounts_auditseal", "privacy_erasureledger", "privacy_requestevent"]
)
@pytest.mark.parametrize("role", ["ec_app", "ec_platform"])
def test_append_only_tables_cannot_be_changed(table, role):
    [(may,)] = rows("SELECT has_table_privilege(%s, %s, 'UPDATE, DELETE, TRUNCATE')", role, table)

    assert not may


def test_the_edge_may_insert_events_and_read_links_and_nothing_else():
    may = {
        (table, right)
        for (table,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
        if rows("SELECT has_table_privilege('ec_edge', %s, %s)", table, right)[0][0]
        or (
            right in ("SELECT", "UPDATE")
            and rows("SELECT has_any_column_privilege('ec_edge', %s, %s)", table, right)[0][0]
        )
    }

    assert may == {("tracking_inbox", "INSERT"), ("delivery_link", "SELECT")}


def test_definer_functions_have_a_fixed_search_path():
    loose = rows(
        "SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE n.nspname = 'public' AND prosecdef"
        " AND NOT coalesce(array_to_string(proconfig, ',') LIKE '%%search_path=%%', false)"
    )

    assert loose == []


@pytest.fixture
def pooled(monkeypatch):
    """Let the default connection be borrowed from a pool of one, as under a pooler in transaction mode."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", False)
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "pool", {"min_size": 1, "max_size": 1})
    yield
    connection.close()
    connection.close_pool()


@pytest.mark.django_db(transaction=True)
def test_nothing_leaks_on_a_pooled_connection(pooled):
    alice, _, _ = make_cast()
    with account_scope(alice.account), platform_scope("test"):
        [(first,)] = rows("SELECT pg_backend_pid()")
    with pytest.raises(RuntimeError), account_scope(alice.account):
        raise RuntimeError
    connection.close()  # gives it back to the pool

    [(second, account, role)] = rows("SELECT pg_backend_pid(), current_setting('ec.account', true), current_user")

    assert (second, account, role) == (first, "", "ec_app")
    assert rows("SELECT count(*) FROM accounts_membership") == [(0,)]
