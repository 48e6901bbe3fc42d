import csv
import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from contacts.files.reading import CannotRead
from contacts.models import Contact, ContactEvent, ContactTag, CustomField, Import, ImportRefusal, List, Subscription
from contacts.services import people
from contacts.services.imports import import_runs, importing
from contacts.services.lists import subscribing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent, DomainSuppression, Restriction, Suppression
from privacy.services import standing
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db
COUNTS = ("added", "changed", "unchanged", "duplicate", "refused", "kept_out", "opted_out")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def account():
    return make_member().account


@pytest.fixture
def news(account):
    with account_scope(account):
        return List.objects.create(name="News")


def prepare(account, text, *, mapping=None, list=None, known="fill", wording=""):
    content = text if isinstance(text, bytes) else text.encode()
    with account_scope(account):
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(content), file_name="them.csv", user_id=None, now=NOW
        )
        importing.queue_import(
            run=run,
            mapping=mapping or importing.guessed_mapping(run),
            lists=[list] if list else [],
            known=known,
            consent_wording=wording,
            now=NOW,
        )
    return run


def run_all(account, run, *, piece=3):
    while import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=piece):
        pass
    with account_scope(account):
        run.refresh_from_db()
    return tuple(getattr(run, f"rows_{name}") for name in COUNTS)


def bring_in(account, text, **options):
    run = prepare(account, text, **options)
    counts = run_all(account, run)
    assert (run.state, sum(counts)) == ("done", run.rows_total)
    return counts


def stored(account, *fields):
    with account_scope(account):
        return list(Contact.objects.order_by("email").values_list("email", *fields))


FILE = """\
Email;First name;City
zoe@example.org;Zoe;Köln
ZOE@example.org;Zoë;
al@example.org;Al;"New
York"
not an address;X;Y

;Nobody;
kim@example.org;Kim;
"""


def test_import_adds_people_and_counts_every_row_once(account):
    counts = bring_in(account, FILE)

    assert counts == (3, 0, 0, 1, 2, 0, 0)
    assert stored(account, "first_name", "source") == [
        ("al@example.org", "Al", "import"),
        ("kim@example.org", "Kim", "import"),
        ("zoe@example.org", "Zoe", "import"),
    ]


def test_import_says_which_rows_were_refused_and_why(account):
    run = prepare(account, FILE)
    run_all(account, run)

    with account_scope(account):
        rows = list(importing.refusals(run))
    assert [(line, value) for line, value, _ in rows] == [(6, "not an address,X,Y"), (8, ",Nobody,")]
    assert rows[1][2] == "There is no email address in this row."


def test_import_keeps_the_source_of_each_contact(account):
    run = prepare(account, FILE)
    run_all(account, run)

    with account_scope(account):
        assert set(Contact.objects.values_list("source_id", flat=True)) == {run.pk}


def test_imported_hash_is_the_accounts_own(account):
    bring_in(account, FILE)

    with account_scope(account):
        for contact in Contact.objects.all():
            assert bytes(contact.email_hash) == address_hash(contact.email, account_id=account.pk)


def test_import_keeps_unknown_columns_as_new_fields(account):
    bring_in(account, FILE, mapping={"0": "email", "2": "new"})

    with account_scope(account):
        assert list(CustomField.objects.values_list("key", "label")) == [("city", "City")]
    assert stored(account, "values")[0] == ("al@example.org", {"city": "New York"})


@pytest.mark.parametrize(
    ("known", "first_name", "values", "counts"),
    [
        ("fill", "Zoe", {"city": "Köln", "job": "Baker"}, (0, 1, 0, 0, 0, 0, 0)),
        ("overwrite", "Zoë", {"city": "Bonn", "job": "Baker"}, (0, 1, 0, 0, 0, 0, 0)),
        ("skip", "Zoe", {"city": "Köln"}, (0, 0, 1, 0, 0, 0, 0)),
    ],
)
def test_import_treats_known_people_as_chosen(account, known, first_name, values, counts):
    with account_scope(account):
        people.add_contact(
            account_id=account.pk,
            email="zoe@example.org",
            first_name="Zoe",
            values={"city": "Köln"},
            source="member",
            now=NOW,
        )

    found = bring_in(
        account,
        "Email,First,City,Job\nzoe@example.org,Zoë,Bonn,Baker\n",
        mapping={"0": "email", "1": "first_name", "2": "new", "3": "new"},
        known=known,
    )

    assert found == counts
    assert stored(account, "first_name", "values", "source") == [("zoe@example.org", first_name, values, "member")]


def test_import_of_the_same_file_again_rewrites_nothing(account, news):
    bring_in(account, FILE, list=news)
    with account_scope(account):
        before = list(
            Contact.objects.order_by("pk").extra(select={"version": "xmin::text"}).values_list("pk", "version")
        )

    counts = bring_in(account, FILE, list=news, known="overwrite")

    with account_scope(account):
        after = list(
            Contact.objects.order_by("pk").extra(select={"version": "xmin::text"}).values_list("pk", "version")
        )
    assert counts == (0, 0, 3, 1, 2, 0, 0)
    assert after == before


def test_import_subscribes_with_evidence_of_consent(account, news):
    bring_in(account, FILE, list=news, wording="I want the news by mail.")

    with account_scope(account):
        assert Subscription.objects.filter(list=news, state="subscribed", source="import").count() == 3
        evidence = Consent.objects.select_related("wording")
        assert {(each.wording.text, each.channel, each.list_id) for each in evidence} == {
            ("I want the news by mail.", "import", news.pk)
        }
        assert {bytes(each.address_hash) for each in evidence} == {
            bytes(each.email_hash) for each in Contact.objects.all()
        }


def test_import_tags_people(account):
    counts = bring_in(account, 'Email,Tags\nzoe@example.org,"vip, new"\nal@example.org,vip\nkim@example.org,\n')

    assert counts[0] == 3
    with account_scope(account):
        found = ContactTag.objects.order_by("contact__email", "tag__name").values_list("contact__email", "tag__name")
        assert list(found) == [("al@example.org", "vip"), ("zoe@example.org", "new"), ("zoe@example.org", "vip")]


def test_import_writes_the_timeline_of_those_it_changed(account, news):
    with account_scope(account):
        zoe = people.add_contact(account_id=account.pk, email="zoe@example.org", source="member", now=NOW)
    run = prepare(account, FILE, list=news)
    run_all(account, run)

    with account_scope(account):
        events = ContactEvent.objects.filter(kind="imported").values_list("contact", "details")
        assert list(events) == [(zoe.pk, {"import": run.pk})]


SAID_NO = (
    "unsubscribed@example.org", "left.all@example.org", "bounced@example.org", "complained@example.org",
    "manual@example.org", "restricted@example.org", "domain@example.net",
    "erased@example.org", "imported@example.org", "stranger@example.net",
)  # fmt: skip
PAUSED = "paused@example.org"


def _make_said_no(account, news):
    """One person of each standing that an import leaves alone, the last three no contacts, and one who paused."""
    made = {
        email: people.add_contact(account_id=account.pk, email=email, source="member", now=NOW)
        for email in (*SAID_NO[:-3], PAUSED)
    }
    ids = {email: contact.pk for email, contact in made.items()}
    leave = {"account_id": account.pk, "now": NOW}
    subscribing.unsubscribe(contact_id=ids["unsubscribed@example.org"], list_ids=[news.pk], **leave)
    subscribing.unsubscribe(contact_id=ids["left.all@example.org"], list_ids=None, **leave)
    for reason in ("bounced", "complained", "manual", "erased", "imported"):
        standing.suppress(account_id=account.pk, address=f"{reason}@example.org", reason=reason, now=NOW)
    digest = bytes(made["restricted@example.org"].email_hash)
    standing.restrict(account_id=account.pk, address_hash=digest, now=NOW)
    DomainSuppression.objects.create(domain="example.net")
    Contact.objects.filter(email=PAUSED).update(paused_until=NOW + timedelta(days=900))


def _as_they_stood():
    return (
        list(Contact.objects.exclude(email=PAUSED).order_by("pk").values()),
        list(Suppression.objects.order_by("pk").values_list("reason", "address_hash", "created_at")),
        list(Restriction.objects.values()),
        list(Subscription.objects.exclude(contact__email=PAUSED).order_by("pk").values()),
    )


def test_no_option_of_an_import_brings_anybody_back(client):
    member = make_member()
    account = member.account
    client.force_login(member.user)
    with account_scope(account):
        news = List.objects.create(name="News")
        _make_said_no(account, news)
        before = _as_they_stood()

    for known in Import.Known.values:
        text = "Email,First name\n" + "".join(f"{each},{known}\n" for each in (*SAID_NO, PAUSED))
        run = prepare(account, text, list=news, known=known, wording="Yes, write to me.")
        counts = dict(zip(COUNTS, run_all(account, run), strict=True))
        page = client.get(f"/contacts/import/{run.pk}/").content.decode()

        assert (run.state, counts["kept_out"], sum(counts.values())) == ("done", len(SAID_NO), len(SAID_NO) + 1), known
        assert not any(each in page for each in SAID_NO), known
        assert "erased" not in page.lower(), known
        with account_scope(account):
            assert _as_they_stood() == before, known
            assert Contact.objects.get(email=PAUSED).paused_until == NOW + timedelta(days=900)
            assert set(Consent.objects.values_list("address_hash", flat=True)) <= {
                address_hash(PAUSED, account_id=account.pk)
            }
            assert not ImportRefusal.objects.exists()


def test_import_leaves_a_pending_person_pending(account, news):
    with account_scope(account):
        zoe = people.add_contact(account_id=account.pk, email="zoe@example.org", source="form", now=NOW)
        subscribing.subscribe(contact=zoe, list=news, source="form", now=NOW, state="pending")

    bring_in(account, "Email\nzoe@example.org\n", list=news)

    with account_scope(account):
        assert Subscription.objects.get().state == "pending"


@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_counts_do_not_depend_on_the_size_of_pieces(account, piece):
    run = prepare(account, FILE)

    assert run_all(account, run, piece=piece) == (3, 0, 0, 1, 2, 0, 0)


class Stopped(Exception):
    """A worker that is taken away between two pieces."""


def stop_after(pieces, monkeypatch):
    load = import_runs._load
    left = [None] * pieces

    def maybe(*args, **values):
        if not left:
            raise Stopped
        left.pop()
        return load(*args, **values)

    monkeypatch.setattr(import_runs, "_load", maybe)


@pytest.mark.parametrize("after", [1, 2, 3, 7, 100])
def test_an_import_goes_on_with_pieces_of_another_size(account, monkeypatch, after):
    run = prepare(account, "email\n" + "".join(f"p{number % 9}@example.org\n" for number in range(11)))
    with monkeypatch.context() as patched:
        stop_after(2, patched)
        with pytest.raises(Stopped):
            import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=2)

    import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=after, leased=True)

    with account_scope(account):
        run.refresh_from_db()
        assert (run.state, run.position, run.rows_added, run.rows_duplicate) == ("done", 11, 9, 2)
        assert Contact.objects.count() == 9


def test_an_import_that_always_breaks_off_fails_with_a_sentence_and_keeps_what_is_in(account, monkeypatch):
    run = prepare(account, "email\n" + "".join(f"p{number}@example.org\n" for number in range(6)))
    stop_after(1, monkeypatch)
    for _ in range(import_runs.ATTEMPTS + 1):
        with pytest.raises(Stopped):
            import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=2, leased=True)

    again = import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=2, leased=True)

    with account_scope(account):
        run.refresh_from_db()
        assert (again, run.state, run.lease_until) == (False, "failed", None)
        assert "What came in until then stays" in run.error
        assert Contact.objects.count() == run.rows_added == 2
    assert import_runs.due_imports(now=timezone.now()) == []


def test_two_workers_do_not_work_on_one_import(account):
    run = prepare(account, FILE)
    with account_scope(account):
        Import.objects.filter(pk=run.pk).update(state="running", lease_until=timezone.now() + timedelta(minutes=1))

    assert run_all(account, run) == (0, 0, 0, 0, 0, 0, 0)


def test_due_imports_are_those_without_a_living_worker(account):
    waiting, living, lost = (prepare(account, FILE) for _ in range(3))
    with account_scope(account):
        Import.objects.filter(pk=living.pk).update(state="running", lease_until=NOW + timedelta(minutes=1))
        Import.objects.filter(pk=lost.pk).update(state="running", lease_until=NOW - timedelta(minutes=1))

    assert import_runs.due_imports(now=NOW) == [(account.pk, waiting.pk), (account.pk, lost.pk)]


def test_file_is_removed_when_the_import_ends(account):
    run = prepare(account, FILE)
    assert importing.file_of(run).exists()

    run_all(account, run)

    assert not importing.file_of(run).exists()


def test_abandoned_upload_goes_with_its_file(account):
    with account_scope(account):
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(FILE.encode()), file_name="x.csv", user_id=None, now=NOW
        )

    assert importing.drop_abandoned(now=NOW + timedelta(hours=23)) == 0
    assert importing.drop_abandoned(now=NOW + timedelta(hours=25)) == 1

    with account_scope(account):
        run.refresh_from_db()
    assert (run.state, importing.file_of(run).exists()) == ("cancelled", False)


def test_cancelled_import_stops_and_keeps_what_is_in(account):
    run = prepare(account, FILE)
    with account_scope(account):
        importing.cancel_import(run=run, now=NOW)

    assert run_all(account, run) == (0, 0, 0, 0, 0, 0, 0)
    with account_scope(account), pytest.raises(importing.NotWaiting):
        importing.cancel_import(run=run, now=NOW)


def test_file_that_breaks_midway_fails_with_a_sentence(account):
    run = prepare(
        account, "Email,Note\n" + "a@example.org,ok\n" * 300 + 'b@example.org,"open\n' + "x@example.org,y\n" * 90_000
    )
    run_all(account, run)

    assert run.state == "failed"
    assert "line 302" in run.error


def test_upload_over_the_limit_is_refused_and_not_kept(account, settings, tmp_path):
    settings.UPLOAD_LIMIT_MB = 1
    with account_scope(account), pytest.raises(importing.TooLarge):
        importing.start_import(
            account_id=account.pk, file=io.BytesIO(b"a" * 1_048_577), file_name="x.csv", user_id=None, now=NOW
        )

    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_spreadsheet_is_refused_and_not_kept(account, tmp_path):
    with account_scope(account), pytest.raises(CannotRead):
        importing.start_import(
            account_id=account.pk, file=io.BytesIO(b"\xd0\xcf\x11\xe0"), file_name="x.xls", user_id=None, now=NOW
        )

    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_upload_is_not_kept_where_something_unexpected_happens(account, tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk")

    monkeypatch.setattr("contacts.files.reading.detect", fail)
    with account_scope(account), pytest.raises(OSError, match="disk"):
        importing.start_import(
            account_id=account.pk, file=io.BytesIO(b"Email\na@example.org\n"), file_name="x.csv", user_id=None, now=NOW
        )

    assert not list((tmp_path / "media").rglob("*.*"))


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [({"1": "first_name"}, "which column holds"), ({"0": "email", "1": "email"}, "Two columns")],
)
def test_mapping_that_makes_no_sense_is_refused(account, mapping, sentence):
    with pytest.raises(importing.BadMapping, match=sentence):
        prepare(account, FILE, mapping=mapping)


def test_import_stays_in_its_account():
    alice, _, charlie = make_cast()
    bring_in(alice.account, FILE)
    bring_in(charlie.account, "Email,First name\nzoe@example.org,Other\n")

    assert stored(alice.account, "first_name")[2] == ("zoe@example.org", "Zoe")
    assert stored(charlie.account, "first_name") == [("zoe@example.org", "Other")]


def command(*args):
    out = io.StringIO()
    code = 0
    try:
        call_command("import_contacts", *args, stdout=out)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue()


def test_command_imports_and_prints_counts(account, tmp_path):
    path = tmp_path / "them.csv"
    path.write_text(FILE)

    code, out = command(str(path), "--account", account.slug, "--list", "Friends", "--json", "--strict")

    counts = json.loads(out)
    assert code == 2
    assert {name: counts[name] for name in ("total", *COUNTS)} == {
        "total": 6, "added": 3, "changed": 0, "unchanged": 0, "duplicate": 1, "refused": 2, "kept_out": 0, "opted_out": 0
    }  # fmt: skip
    with account_scope(account):
        assert Subscription.objects.filter(list__name="Friends", state="subscribed").count() == 3


def test_command_answers_0_when_it_ran_to_its_end(account, tmp_path):
    path = tmp_path / "them.csv"
    path.write_text(FILE)

    assert command(str(path), "--account", account.slug)[0] == 0


def test_command_answers_0_when_every_row_was_taken(account, tmp_path):
    path = tmp_path / "them.csv"
    path.write_text("a@example.org\nb@example.org\n")

    code, out = command(str(path), "--account", account.slug)

    assert code == 0
    assert out.splitlines()[:2] == ["total                 2", "added                 2"]


@pytest.mark.parametrize(
    ("slug", "content"), [("nobody", "a@example.org"), (None, ""), (None, "no,address\nhere,either")]
)
def test_command_says_what_is_wrong(account, tmp_path, slug, content):
    path = tmp_path / "them.csv"
    path.write_text(content)

    with pytest.raises(CommandError):
        command(str(path), "--account", slug or account.slug)


def test_the_application_may_refresh_the_planners_statistics():
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'MAINTAIN')", ["contacts_contact"])
        assert cursor.fetchone() == (True,)


def test_whatever_stands_in_a_cell_is_stored_as_it_is(account):
    cells = ["a\\b", 'say "hi"', "tab\there", "\\N", "\\.", "two\nlines", "{x,y}", "ü\x1fz", "null", "'"]
    rows = [[f"p{n}@example.org", cell, cell, cell, cell] for n, cell in enumerate(cells)]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["Email", "First", "Long", "Text", "Tags"], *rows])
    mapping = {"0": "email", "1": "first_name", "2": "new:long_text", "3": "new:text", "4": "tags"}

    bring_in(account, buffer.getvalue(), mapping=mapping)

    with account_scope(account):
        for number, cell in enumerate(cells):
            contact = Contact.objects.get(email=f"p{number}@example.org")
            plain = " ".join(cell.split())
            assert (contact.first_name, contact.values["text"]) == (plain, plain)
            assert contact.values["long"] == cell
            wanted = [" ".join(name.split()).strip(' "') for name in cell.replace("|", ",").split(",")]
            assert sorted(link.tag.name for link in contact.tag_links.all()) == sorted(wanted)
