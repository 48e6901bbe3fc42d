import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account, AuditEvent, AuditSeal
from accounts.services import auditing, own_data, sealing
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.accounts.helpers import ACTOR, now
from tests.conftest import as_owner
from tests.factories import make_member

MOMENT = now()


def write(account_id, number=3, **more):
    for index in range(number):
        auditing.record(
            action="test.done",
            actor=ACTOR,
            now=MOMENT,
            account_id=account_id,
            target=("thing", index),
            details={"n": index},
            **more,
        )


def as_owner_run(*statements):
    """Do what only somebody with the owner's password can: the application's roles may not."""
    with as_owner(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def owner(transactional_db):
    owner = make_member()
    write(owner.account_id)
    sealing.seal(now=MOMENT)
    return owner


def verify(owner):
    return sealing.verify(account_id=owner.account_id, now=now())


def ids(owner):
    with platform_scope("tests: read seals"):
        return list(
            AuditSeal.objects.filter(account_id=owner.account_id).order_by("position").values_list("pk", flat=True)
        )


def test_intact_chain_is_verified_after_each_sealing(owner):
    write(owner.account_id, 2)
    sealed = sealing.seal(now=MOMENT)

    found = verify(owner)

    assert (sealed, found.checked, found.waiting, found.broken) == (2, 5, 0, None)


def test_sealing_again_seals_nothing_twice(owner):
    assert sealing.seal(now=MOMENT) == 0
    assert verify(owner).checked == 3


def test_chains_of_accounts_and_platform_stand_apart(owner):
    other = make_member()
    write(other.account_id, 1)
    write(None, 2)
    sealing.seal(now=MOMENT)

    counts = [sealing.verify(account_id=pk, now=now()).checked for pk in (owner.account_id, other.account_id, None)]
    assert counts == [3, 1, 2]


def test_entry_not_sealed_yet_waits(owner):
    write(owner.account_id, 1)

    assert (verify(owner).waiting, verify(owner).broken) == (1, None)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE accounts_auditevent SET action = 'test.other' WHERE id = {second}",
        "UPDATE accounts_auditevent SET target_id = '99' WHERE id = {second}",
        "UPDATE accounts_auditevent SET at = at + interval '1 microsecond' WHERE id = {second}",
        "UPDATE accounts_auditactor SET name = 'Mallory' WHERE event_id = {second}",
        "UPDATE accounts_auditactor SET network = '203.0.113.0' WHERE event_id = {second}",
        "UPDATE accounts_auditactor SET details = '{{\"n\": 7}}' WHERE event_id = {second}",
        "DELETE FROM accounts_auditactor WHERE event_id = {second}",
        "UPDATE accounts_auditseal SET mac = decode(repeat('00', 32), 'hex') WHERE event_id = {second}",
    ],
)
def test_changed_entry_is_named(owner, change):
    _, second, _ = ids(owner)

    as_owner_run(change.format(second=second))

    broken = verify(owner).broken
    assert (broken.position, broken.event_id) == (2, second)
    assert broken.what.startswith("changed")


def test_removed_entry_is_named_by_its_place(owner):
    _, second, _ = ids(owner)

    as_owner_run(
        f"DELETE FROM accounts_auditseal WHERE event_id = {second}",
        f"DELETE FROM accounts_auditactor WHERE event_id = {second}",
        f"DELETE FROM accounts_auditevent WHERE id = {second}",
    )

    broken = verify(owner).broken
    assert (broken.position, broken.what) == (2, "removed")


def test_cut_off_end_is_noticed(owner):
    third = ids(owner)[2]

    as_owner_run(
        f"DELETE FROM accounts_auditseal WHERE event_id = {third}",
        f"DELETE FROM accounts_auditactor WHERE event_id = {third}",
        f"DELETE FROM accounts_auditevent WHERE id = {third}",
    )

    assert (verify(owner).broken.position, verify(owner).broken.what) == (3, "removed")


def test_cut_off_end_with_a_head_that_was_set_back_is_noticed(owner):
    third = ids(owner)[2]
    as_owner_run(
        f"DELETE FROM accounts_auditseal WHERE event_id = {third}",
        "UPDATE accounts_audithead SET position = 2,"
        f" last_mac = (SELECT mac FROM accounts_auditseal WHERE position = 2 AND account_id = {owner.account_id})",
    )

    assert verify(owner).broken.what == "changed: the end of the chain"


def test_entries_that_changed_places_are_named(owner):
    first, second, _ = ids(owner)
    as_owner_run(
        f"UPDATE accounts_auditseal SET position = -1 WHERE event_id = {first}",
        f"UPDATE accounts_auditseal SET position = 1 WHERE event_id = {second}",
        f"UPDATE accounts_auditseal SET position = 2 WHERE event_id = {first}",
    )

    broken = verify(owner).broken
    assert (broken.position, broken.event_id, broken.what) == (1, second, "changed or out of order")


def test_application_may_not_change_the_log(owner):
    for statement in (
        "UPDATE accounts_auditevent SET action = 'x'",
        "DELETE FROM accounts_auditevent",
        "UPDATE accounts_auditactor SET name = 'x'",
        "DELETE FROM accounts_auditseal",
        "INSERT INTO accounts_auditseal (event_id, account_id, position, mac) SELECT 1, 1, 9, '\\x00'",
    ):
        with pytest.raises(DatabaseError), account_scope(owner.account_id), connection.cursor() as cursor:
            cursor.execute(statement)


def test_members_of_another_account_see_nothing_of_it(owner):
    with account_scope(make_member().account):
        assert not AuditEvent.objects.filter(account_id=owner.account_id).exists()


def test_erasing_who_acted_leaves_the_chain_whole(owner):
    member = make_member(account=owner.account, role="editor")
    auditing.record(
        action="test.done",
        actor=auditing.actor_for(member.user, network="192.0.2.0"),
        now=MOMENT,
        account_id=owner.account_id,
    )
    sealing.seal(now=MOMENT)

    own_data.erase_profile(member.user, now=MOMENT)

    found = verify(owner)
    assert (found.checked, found.erased, found.broken) == (4, 1, None)


def test_second_sealer_leaves_at_once(owner):
    write(owner.account_id, 1)
    import psycopg
    from django.conf import settings

    target = settings.DATABASES["default"]
    with psycopg.connect(
        host=target["HOST"],
        port=target["PORT"] or None,
        user=target["USER"],
        password=target["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
    ) as other:
        other.execute("SELECT pg_advisory_xact_lock(7311)")
        assert sealing.seal(now=MOMENT) == 0
    assert sealing.seal(now=MOMENT) == 1


def test_late_commit_with_an_earlier_number_is_sealed_behind(owner):
    import threading

    began, may_end = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            write(owner.account_id, 1)
            began.set()
            may_end.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    began.wait(10)
    write(owner.account_id, 1)
    first = sealing.seal(now=MOMENT)
    may_end.set()
    thread.join()
    second = sealing.seal(now=MOMENT)

    assert (first, second, verify(owner).checked, verify(owner).broken) == (1, 1, 5, None)


def test_command_says_intact_and_exits_zero(owner, capsys):
    call_command("verify_audit", account=owner.account.slug)

    assert f"{owner.account.slug}: intact (3 entries checked" in capsys.readouterr().out


def test_command_names_the_break_and_exits_one(owner, capsys):
    second = ids(owner)[1]
    as_owner_run(f"UPDATE accounts_auditevent SET action = 'x' WHERE id = {second}")

    with pytest.raises(SystemExit) as end:
        call_command("verify_audit", json=True)

    report = {each["account"]: each["broken"] for each in json.loads(capsys.readouterr().out)}
    assert end.value.code == 1
    assert report[owner.account.slug] == {"position": 2, "event_id": second, "what": "changed or out of order"}
    assert report["(platform)"] is None


def test_command_knows_only_accounts_there_are(transactional_db):
    from django.core.management import CommandError

    with pytest.raises(CommandError, match="no account"):
        call_command("verify_audit", account="nobody")


@given(
    st.dictionaries(
        st.text(max_size=10).filter(lambda text: "\x00" not in text),
        st.one_of(
            st.text(max_size=20).filter(lambda text: "\x00" not in text and text.isprintable()),
            st.integers(-(2**53), 2**53),
            st.booleans(),
            st.none(),
        ),
        max_size=4,
    )
)
def test_digest_is_the_same_after_a_round_trip_through_json(details):
    facts = {"user": 1, "name": "A", "network": "", "details": details}

    assert auditing.digest(facts, b"salt") == auditing.digest(json.loads(json.dumps(facts)), b"salt")


def test_unused_account_has_an_empty_chain(transactional_db):
    account = Account.objects.create(name="Empty", slug="empty", sending_quota=1)

    assert sealing.verify(account_id=account.pk, now=now()) == sealing.Verification(account.pk, 0, 0, 0, None)
