"""Files of contacts: what stands in them, who may fetch them, and when they are gone."""

import csv
import io
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

from accounts.models import AuditEvent, Role
from contacts import personal_data_table
from contacts.files import sealing
from contacts.models import BulkAction, Contact, CustomField, Export, List, SavedView, Segment
from contacts.services import people
from contacts.services.bulk_actions import bulk
from contacts.services.bulk_actions.bulk import Whom
from contacts.services.exports import export_runs, exporting
from contacts.services.lists import organising, subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.registry import Subject, SubjectKind
from privacy.services import erasing, scanning, standing
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"
    settings.LEDGER_DIR = tmp_path / "ledger"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def account(cast):
    return cast[0].account


@pytest.fixture
def alice(cast, client):
    client.force_login(cast[0].user)
    return cast[0]


def add(account, email, **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


def make(account, *, columns=(), format="csv", whom=None, now=NOW, piece=2):
    with account_scope(account):
        export = exporting.start(
            account_id=account.pk, name="All", whom=whom or Whom(), columns=columns, format=format, now=now
        )
    export_runs.run(account_id=account.pk, export_id=export.pk, clock=lambda: now, piece=piece)
    with account_scope(account):
        export.refresh_from_db()
    return export


def content(account, export):
    with account_scope(account):
        return b"".join(sealing.read(exporting.file_of(export), exporting.key_of(export)))


def rows(account, export):
    return list(csv.reader(io.StringIO(content(account, export).decode("utf-8-sig"), newline="")))


def subject(account, contact):
    return Subject(
        kind=SubjectKind.CONTACT, account_id=account.pk, address=contact.email,
        address_hash=bytes(contact.email_hash), contact_ids=(contact.pk,), names=(str(contact),),
    )  # fmt: skip


def full(account):
    """One contact with a value in every column."""
    with account_scope(account):
        for key, kind in (("note", "long_text"), ("score", "number"), ("vip", "boolean"), ("likes", "choices")):
            CustomField.objects.create(key=key, label=key.title(), type=kind, choices=["Rye", "Spelt"])
        CustomField.objects.create(key="secret", label="Secret", sensitive=True)
    contact = add(
        account, "zoe@example.org", first_name="Zoë", last_name='Berg, "Z"', country="IE", language="de",
        time_zone="Europe/Dublin",
        values={"note": "two\nlines", "score": -2.5, "vip": True, "likes": ["Rye", "Spelt"]},
    )  # fmt: skip
    with account_scope(account):
        Contact.objects.update(phone="+353861234567")
        for name in ("News", "Offers"):
            subscribing.subscribe(contact=contact, list=List.objects.create(name=name), source="member", now=NOW)
        tag = organising.create_tag(account_id=account.pk, name="regulars")
        organising.tag_contacts(contacts=[contact], tag=tag, now=NOW)
    return contact


COLUMNS = [
    "first_name", "last_name", "date_of_birth", "country", "language", "time_zone", "phone", "field:note", "field:score",
    "field:vip", "field:likes", "field:secret", "lists", "tags", "standing", "source", "added", "nonsense",
]  # fmt: skip
EXPECTED = [
    "zoe@example.org", "Zoë", 'Berg, "Z"', "", "IE", "de", "Europe/Dublin", "+353861234567", "two\nlines", "-2.5", "Yes",
    "Rye, Spelt", "News, Offers", "regulars", "Subscribed", "Added by a member", "2027-03-01T12:00:00Z",
]  # fmt: skip


def test_csv_holds_every_column_and_no_sensitive_field(account):
    full(account)

    export = make(account, columns=COLUMNS)

    head, row = rows(account, export)
    assert head[:3] == ["Email address", "First name", "Last name"]
    assert "Secret" not in head
    assert row == EXPECTED
    assert (export.state, export.rows_done, export.rows_total) == ("done", 1, 1)


def test_workbook_opens_with_the_same_cells(account):
    full(account)

    export = make(account, columns=COLUMNS, format="xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(content(account, export))).active
    head, row = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert head[0] == "Email address"
    assert [("" if cell is None else cell) for cell in row] == [-2.5 if cell == "-2.5" else cell for cell in EXPECTED]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_formulas_are_neutralised_in_every_text(account, format):
    with account_scope(account):
        CustomField.objects.create(key="note", label="=Note")
        tag = organising.create_tag(account_id=account.pk, name="@tag")
        news = List.objects.create(name="+list")
    contact = add(account, "a@example.org", first_name="=1+1", last_name="-cmd", values={"note": "@SUM(A1)"})
    with account_scope(account):
        organising.tag_contacts(contacts=[contact], tag=tag, now=NOW)
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)

    export = make(account, columns=["first_name", "last_name", "field:note", "tags", "lists"], format=format)

    if format == "csv":
        head, row = rows(account, export)
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content(account, export))).active
        head, row = [[cell.value for cell in line] for line in sheet.iter_rows()]
        assert all(
            cell.data_type == "s" or cell.data_type == "inlineStr" for line in sheet.iter_rows() for cell in line
        )
    assert head[3] == "'=Note"
    assert row == ["a@example.org", "'=1+1", "'-cmd", "'@SUM(A1)", "'@tag", "'+list"]


def test_a_text_of_before_its_fields_type_was_another_is_no_formula_either(account):
    contact = add(account, "a@example.org")
    with account_scope(account):
        CustomField.objects.create(key="price", label="Price", type="number")
        CustomField.objects.create(key="day", label="Day", type="date")
        Contact.objects.filter(pk=contact.pk).update(values={"price": "=1+1", "day": "@now"})

    assert rows(account, make(account, columns=["field:price", "field:day"]))[1][1:] == ["'=1+1", "'@now"]


def test_everybody_is_in_once_whatever_the_pieces_and_the_restricted_never(account):
    contacts = [add(account, f"p{number}@example.org") for number in range(7)]
    with account_scope(account):
        standing.restrict(account_id=account.pk, address_hash=bytes(contacts[3].email_hash), now=NOW)

    for piece in (1, 2, 6, 7, 100):
        export = make(account, piece=piece)
        assert [row[0] for row in rows(account, export)[1:]] == [
            f"p{number}@example.org" for number in (0, 1, 2, 4, 5, 6)
        ]


def test_view_segment_and_selection_can_be_exported(account):
    a, b = add(account, "ada@example.org", country="IE"), add(account, "bob@example.org")
    with account_scope(account):
        tag = organising.create_tag(account_id=account.pk, name="x")
        organising.tag_contacts(contacts=[b], tag=tag, now=NOW)
        tree = {
            "match": "all",
            "rules": [{"condition": "tags", "operator": "any_of", "values": {"tags": [str(tag.pk)]}}],
        }
        segment = Segment.objects.create(name="X", definition=tree)

    for whom, expected in (
        (Whom(query="is.country=IE"), a),
        (Whom(query="q=bo"), b),
        (Whom(query=f"segment={segment.pk}"), b),
        (Whom(selected=(a.pk,)), a),
    ):
        assert [row[0] for row in rows(account, make(account, whom=whom))[1:]] == [expected.email]


def test_nothing_lies_on_the_disk_in_the_clear(account, settings):
    contact = full(account)
    for kind in ("csv", "xlsx"):
        make(account, columns=COLUMNS, format=kind)

    scan = scanning.scan(address=contact.email, account_id=account.pk)

    assert not [found for found in scan.found if "media" in found.place]
    assert len([*settings.MEDIA_DIR.rglob("*.bin")]) == 2


def test_erasing_a_person_destroys_the_files_with_them_and_no_others(account, settings):
    zoe, bob = full(account), add(account, "bob@example.org")
    with_zoe = [make(account, format=kind) for kind in ("csv", "xlsx")]
    with_bob = [make(account, format=kind, whom=Whom(selected=(bob.pk,))) for kind in ("csv", "xlsx")]
    with account_scope(account):
        SavedView.objects.create(name="Zoe", query="q=zoe%40example.org")
        action = BulkAction.objects.create(kind="tag", query="q=zoe%40example.org", until_id=1, total=1)
        searched = Export.objects.create(name="Begins with “zoe@example.org”", state="expired", format="csv")
        rule = {"condition": "email", "operator": "is", "values": {"value": "Zoe@Example.org"}}
        segment = Segment.objects.create(name="Her", definition={"match": "none", "rules": [rule]})

    with account_scope(account):
        who = subject(account, zoe)
        assert len(personal_data_table.exports_with(who)) == 2
        erasing.erase_rows(who, NOW)

    with account_scope(account):
        states = dict(Export.objects.values_list("pk", "state"))
        assert {states[each.pk] for each in with_zoe} == {"withdrawn"}
        assert {states[each.pk] for each in with_bob} == {"done"}
        assert not SavedView.objects.exists()
        action.refresh_from_db()
        assert (action.query, action.state) == ("", "cancelled")
        searched.refresh_from_db()
        segment.refresh_from_db()
        assert searched.name == "Contacts"
        assert segment.definition["rules"] == [{**rule, "values": {"value": "(erased)"}}]
    assert len([*settings.MEDIA_DIR.rglob("*.bin")]) == 2
    assert scanning.scan(address=zoe.email, account_id=account.pk).found == ()


def test_export_that_is_being_written_begins_again_without_who_is_erased(account, monkeypatch):
    zoe, _bob = add(account, "zoe@example.org"), add(account, "bob@example.org")
    with account_scope(account):
        export = exporting.start(account_id=account.pk, name="All", whom=Whom(), columns=[], format="csv", now=NOW)
    real, erased = export_runs._go_on, []

    def erase_first(running, **changes):
        if not erased:
            erased.append(1)
            erasing.erase_rows(subject(account, zoe), NOW)
        real(running, **changes)

    monkeypatch.setattr(export_runs, "_go_on", erase_first)

    assert not export_runs.run(account_id=account.pk, export_id=export.pk, clock=lambda: NOW, piece=5)


def test_lost_run_begins_again_and_the_lost_one_no_longer_counts(account, settings, monkeypatch):
    add(account, "a@example.org")
    with account_scope(account):
        export = exporting.start(account_id=account.pk, name="All", whom=Whom(), columns=[], format="csv", now=NOW)
    claimed = export_runs._claim(account.pk, export.pk, now=NOW)
    assert not export_runs.run(account_id=account.pk, export_id=export.pk, clock=lambda: NOW)  # the lease is held

    assert exporting.due(now=NOW + timedelta(hours=1)) == [(account.pk, export.pk)]
    assert export_runs.run(account_id=account.pk, export_id=export.pk, clock=lambda: NOW + timedelta(hours=1))
    with account_scope(account), pytest.raises(export_runs._Superseded):
        export_runs._go_on(claimed, rows_done=1)
    assert len([*settings.MEDIA_DIR.rglob("*.bin")]) == 1


def test_file_that_breaks_off_leaves_nothing_and_fails_in_the_end(account, settings, monkeypatch):
    add(account, "a@example.org")
    with account_scope(account):
        export = exporting.start(account_id=account.pk, name="All", whom=Whom(), columns=[], format="csv", now=NOW)
    monkeypatch.setattr(export_runs, "_query", lambda *more: 1 / 0)
    for hour in range(export_runs.ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            export_runs.run(
                account_id=account.pk, export_id=export.pk, clock=lambda hour=hour: NOW + timedelta(hours=hour)
            )

    assert not export_runs.run(account_id=account.pk, export_id=export.pk, clock=lambda: NOW + timedelta(days=1))

    with account_scope(account):
        export.refresh_from_db()
        assert export.state == "failed"
    assert not [*settings.MEDIA_DIR.rglob("*.bin")]


def test_file_goes_after_a_week(account, settings):
    add(account, "a@example.org")
    export = make(account)

    assert exporting.expire(now=NOW + timedelta(days=6)) == 0
    with account_scope(account), pytest.raises(exporting.Gone):
        exporting.fetch(export=export, now=NOW + timedelta(days=8))
    assert exporting.expire(now=NOW + timedelta(days=8)) == 1

    with account_scope(account):
        export.refresh_from_db()
        assert (export.state, export.sealed_key, export.path) == ("expired", None, "")
    assert not [*settings.MEDIA_DIR.rglob("*.bin")]


@pytest.mark.parametrize("size", [0, 1, sealing.PIECE - 1, sealing.PIECE, sealing.PIECE + 1, 3 * sealing.PIECE])
def test_sealed_file_is_read_as_it_was_written(tmp_path, size):
    key, path = sealing.new_key(), tmp_path / "x.bin"
    data = bytes(range(256)) * (size // 256 + 1)
    with sealing.Writer(path, key) as file:
        file.write(data[:size])

    assert b"".join(sealing.read(path, key)) == data[:size]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", ["cut", "changed", "renamed", "swapped", "key"])
def test_damaged_file_is_refused(tmp_path, how):
    key, path = sealing.new_key(), tmp_path / "x.bin"
    with sealing.Writer(path, key) as file:
        file.write(b"x" * (2 * sealing.PIECE + 5))
    raw = bytearray(path.read_bytes())
    piece = 4 + 12 + sealing.PIECE + 16
    if how == "cut":
        raw = raw[: 2 * piece]
    elif how == "changed":
        raw[100] ^= 1
    elif how == "renamed":
        path = path.rename(tmp_path / "y.bin")
    elif how == "swapped":
        raw = raw[piece : 2 * piece] + raw[:piece] + raw[2 * piece :]
    else:
        key = sealing.new_key()
    path.write_bytes(bytes(raw))

    with pytest.raises(sealing.Damaged):
        b"".join(sealing.read(path, key))


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_export_is_asked_for_watched_and_fetched(client, alice, account, django_capture_on_commit_callbacks):
    add(account, "zoe@example.org", country="IE")
    page = client.get("/contacts/exports/new/?is.country=IE").content.decode()
    assert "Country: Ireland" in page
    assert "1</span> person</strong>" in page

    response = client.post(
        "/contacts/exports/start/", {"query": "is.country=IE", "format": "csv", "columns": ["country"]}
    )
    with account_scope(account):
        export = Export.objects.get()
    assert response["Location"] == f"/contacts/exports/{export.pk}/"
    assert 'max="1"' in client.get(response["Location"]).content.decode()
    export_runs.run(account_id=account.pk, export_id=export.pk, clock=lambda: datetime.now(UTC))

    assert f"/contacts/exports/{export.pk}/file/" in client.get(response["Location"]).content.decode()
    answer = client.get(f"/contacts/exports/{export.pk}/file/")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert body.splitlines() == ["Email address,Country", "zoe@example.org,IE"]
    assert answer["Content-Disposition"] == f'attachment; filename="contacts-country-ireland-{export.pk}.csv"'
    with account_scope(account):
        export.refresh_from_db()
        assert export.downloads == 1
        assert {"export.started", "export.downloaded"} <= set(AuditEvent.objects.values_list("action", flat=True))
    client.post(f"/contacts/exports/{export.pk}/withdraw/")
    assert client.get(f"/contacts/exports/{export.pk}/file/").status_code == 302
    assert "All contacts" not in client.get("/contacts/exports/").content.decode()


def test_selection_is_exported_from_the_bulk_bar(client, alice, account):
    contact = add(account, "zoe@example.org")
    add(account, "bob@example.org")

    page = client.post("/contacts/bulk/", {"action": "export", "selected": [contact.pk]}).content.decode()
    assert f'name="selected" value="{contact.pk}"' in page
    client.post("/contacts/exports/start/", {"selected": [contact.pk], "format": "xlsx"})

    with account_scope(account):
        assert (Export.objects.get().selected, Export.objects.get().name) == ([contact.pk], "1 selected contacts")


@pytest.mark.parametrize("path", ["", "file/", "withdraw/"])
def test_exports_of_other_accounts_are_404(client, cast, account, path):
    add(account, "a@example.org")
    export = make(account)
    client.force_login(cast[2].user)

    send = client.post if path == "withdraw/" else client.get
    assert send(f"/contacts/exports/{export.pk}/{path}").status_code == 404


def test_viewers_see_exports_and_fetch_none(client, account):
    add(account, "a@example.org")
    export = make(account)
    client.force_login(make_member(account=account, role=Role.VIEWER).user)

    assert client.get("/contacts/exports/").status_code == 200
    assert client.get(f"/contacts/exports/{export.pk}/").status_code == 200
    assert client.get(f"/contacts/exports/{export.pk}/file/").status_code == 403
    assert client.get("/contacts/exports/new/").status_code == 403


def test_nobody_to_export_is_said(client, alice, account):
    add(account, "a@example.org")

    page = client.post("/contacts/exports/start/", {"query": "q=nobody", "format": "csv"}, follow=True)

    assert "Nobody matches" in page.content.decode()
    assert bulk.NobodyThere
