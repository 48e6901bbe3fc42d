"""The drill: back up, erase, restore, refuse, replay."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from contacts.models import Contact
from contacts.services import people
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from privacy.registry import Subject, SubjectKind
from privacy.services import erasing, ledger
from tests.factories import NOW, AccountFactory

ADA = "ada@example.com"


def contacts_of(account):
    with account_scope(account):
        return sorted(Contact.objects.values_list("email", flat=True))


def erase(account):
    with account_scope(account):
        pk = Contact.objects.get(email=ADA).pk
    digest = address_hash(ADA, account_id=account.pk)
    subject = Subject(SubjectKind.CONTACT, account.pk, ADA, digest, contact_ids=(pk,))
    return erasing.erase(subject=subject, reference="PR-TEST", now=NOW)


def replay():
    out = StringIO()
    call_command("replay_erasures", json=True, stdout=out)
    return json.loads(out.getvalue())


def rights():
    """Return who but the owner may do what with every table and sequence, those to come included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, grantee::regrole::text, privilege_type FROM pg_class, aclexplode(relacl)"
            " WHERE relnamespace = 'public'::regnamespace AND grantee NOT IN (0, relowner)"
            " UNION ALL SELECT 'new ' || defaclobjtype::text, grantee::regrole::text, privilege_type"
            " FROM pg_default_acl, aclexplode(defaclacl) WHERE grantee <> 0"
        )
        return set(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_backup_erase_restore_refuse_replay(tmp_path, settings, client):
    account, before = AccountFactory(), rights()
    with account_scope(account):
        for email in (ADA, "grace@example.com"):
            people.add_contact(account_id=account.pk, email=email, source="member", now=NOW)
    picture = Path(settings.MEDIA_DIR, "pictures", "logo.png")
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"png")
    folder = tmp_path / "backup"
    call_command("backup", folder, stdout=StringIO())

    erase(account)
    picture.unlink()
    kept = ledger.file_path().read_bytes()
    assert contacts_of(account) == ["grace@example.com"]
    assert ledger.agrees()

    with pytest.raises(CommandError, match="--yes"):
        call_command("restore", folder)
    call_command("restore", folder, yes=True, stdout=StringIO())

    assert rights() == before
    assert contacts_of(account) == [ADA, "grace@example.com"]  # back, and therefore:
    assert not ledger.agrees()
    assert client.get("/readyz", headers={"host": "localhost:8000"}).status_code == 503
    assert picture.read_bytes() == b"png"
    with pytest.raises(ledger.LedgerDisagrees):
        erase(account)

    report = replay()

    assert (report["erased_again"], report["agrees"]) == (["PR-TEST"], True)
    assert contacts_of(account) == ["grace@example.com"]
    assert ledger.file_path().read_bytes() == kept
    with account_scope(account):
        assert Suppression.objects.get().reason == "erased"
    assert replay()["erased_again"] == []


@pytest.mark.django_db
def test_a_backup_wants_an_empty_folder(tmp_path):
    (tmp_path / "something").write_text("")

    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", tmp_path)


@pytest.mark.django_db
def test_replaying_mends_a_file_that_lost_its_end():
    account = AccountFactory()
    with account_scope(account):
        people.add_contact(account_id=account.pk, email=ADA, source="member", now=NOW)
    erase(account)
    whole = ledger.file_path().read_bytes()
    ledger.file_path().unlink()
    assert not ledger.agrees()

    assert replay()["written_to_file"] == 1
    assert ledger.file_path().read_bytes() == whole
    assert ledger.agrees()


@pytest.mark.django_db
def test_replaying_refuses_a_file_that_was_changed():
    account = AccountFactory()
    with account_scope(account):
        people.add_contact(account_id=account.pk, email=ADA, source="member", now=NOW)
    erase(account)
    line = json.loads(ledger.file_path().read_text())
    ledger.file_path().write_text(json.dumps({**line, "reference": "PR-OTHER"}) + "\n")

    with pytest.raises(CommandError, match="Line 1"):
        replay()
