"""What stands in a file is what stands in the account: values of every kind, and rows that were made ready before."""

import csv
import io
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, reject
from hypothesis import strategies as st

from contacts.fields import BadValue, kinds, show
from contacts.fields.kinds import Kind
from contacts.models import Contact, CustomField, ImportRefusal
from contacts.services.imports import import_files, import_runs, importing, statistics
from contacts.services.imports.import_files import How
from emailconcert.lib.tenancy import account_scope
from privacy.services.guard import SpecialCategory
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db
CHOICES = ("Red", "Blue, light", "Äpfel | Birnen")
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat)
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(
    lambda each: kinds.instant(each.replace(microsecond=0, tzinfo=UTC))
)
VALUES = {
    Kind.TEXT: TEXT.map(lambda each: " ".join(each.split())),
    Kind.LONG_TEXT: TEXT.map(lambda each: "\n".join(line.rstrip() for line in each.strip().splitlines())),
    Kind.NUMBER: st.one_of(st.integers(-(10**15), 10**15), st.floats(-1e6, 1e6).map(lambda each: round(each, 3))),
    Kind.DATE: DAYS,
    Kind.DATETIME: INSTANTS,
    Kind.BOOLEAN: st.booleans(),
    Kind.CHOICE: st.sampled_from(CHOICES),
    Kind.CHOICES: st.lists(st.sampled_from(CHOICES[::2]), unique=True).map(
        lambda picked: [each for each in CHOICES if each in picked]
    ),
    Kind.URL: st.from_regex(r"\Ahttps://[a-z]{1,8}\.example/[a-z0-9\-]{0,9}\Z"),
}
# In every cell a value as it is shown, or whatever anybody may have typed there.
CELLS = st.fixed_dictionaries({kind: st.one_of(values.map(show), TEXT) for kind, values in VALUES.items()})


@pytest.fixture
def account(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"
    return make_member().account


def make_fields(account):
    with account_scope(account):
        for kind in VALUES:
            choices = list(CHOICES) if kind in {Kind.CHOICE, Kind.CHOICES} else []
            CustomField.objects.get_or_create(
                account_id=account.pk, key=f"own_{kind}", defaults={"label": kind, "type": kind, "choices": choices}
            )


def checked(account, text, mapping):
    """Return an import whose file was checked, not started."""
    with account_scope(account):
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(text.encode()), file_name="x.csv", user_id=None, now=NOW
        )
        importing.choose_columns(run=run, mapping=mapping, how=How("utf-8", ",", 0, day_first=True), now=NOW)
        importing.set_terms(run=run, known="fill", consent_wording="", now=NOW)
    import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now)
    with account_scope(account):
        run.refresh_from_db()
    assert run.state == "checked"
    return run


def finish(account, run):
    with account_scope(account):
        importing.start_checked(run=run, now=NOW)
    import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=2)
    with account_scope(account):
        run.refresh_from_db()
    assert run.state == "done"
    return run.rows_added, run.rows_refused


def read(kind, text):
    return kinds.reader(kind, CHOICES, day_first=True)(text)


@given(kind=st.sampled_from(list(VALUES)), data=st.data())
def test_what_is_shown_is_read_again(kind, data):
    value = data.draw(VALUES[kind])

    assert read(kind, show(value)) == (None if value in ("", []) else value)


@given(rows=st.lists(CELLS, min_size=1, max_size=5))
def test_whatever_is_typed_is_stored_as_it_is_read_or_refused_with_its_line(account, rows):
    make_fields(account)
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["Email", *VALUES])
    mark, expected, refused = uuid4().hex, {}, set()
    for number, cells in enumerate(rows):
        line = len(list(io.StringIO(file.getvalue(), newline=""))) + 1
        writer.writerow([f"p{number}-{mark}@example.org", *(cells[kind] for kind in VALUES)])
        try:
            found = {f"own_{kind}": read(kind, text) for kind, text in cells.items()}
            expected[f"p{number}-{mark}@example.org"] = {k: v for k, v in found.items() if v not in (None, "")}
        except BadValue:
            refused.add(line)

    try:
        columns = {"0": "email"} | {str(n): f"field:own_{k}" for n, k in enumerate(VALUES, 1)}
        run = checked(account, file.getvalue(), columns)
    except SpecialCategory:  # "RK" may be a church
        reject()
    finish(account, run)

    with account_scope(account):
        assert dict(Contact.objects.filter(email__contains=mark).values_list("email", "values")) == expected
        assert set(ImportRefusal.objects.filter(import_run=run).values_list("line", flat=True)) == refused


COLOURS = "Email,Colour\na@example.org,Red\nb@example.org,Blue\nb@example.org,Red\n"


@pytest.fixture
def colour(account):
    with account_scope(account):
        return CustomField.objects.create(key="colour", label="Colour", type=Kind.CHOICE, choices=["Red", "Blue"])


def test_rows_are_read_again_where_a_field_was_changed_after_the_check(account, colour):
    run = checked(account, COLOURS, {"0": "email", "1": "field:colour"})
    with account_scope(account):
        CustomField.objects.filter(pk=colour.pk).update(choices=["Red"])

    assert finish(account, run) == (2, 1)

    with account_scope(account):
        assert list(Contact.objects.order_by("email").values_list("values__colour", flat=True)) == ["Red", "Red"]


def test_rows_are_read_again_where_what_was_made_ready_is_cut_short(account, colour):
    run = checked(account, COLOURS, {"0": "email", "1": "field:colour"})
    path = import_files.rows_path(run)
    path.write_bytes(path.read_bytes()[:40])

    assert finish(account, run) == (2, 0)


def test_new_fields_key_is_chosen_again_where_another_field_has_taken_it(account):
    run = checked(account, "Email,City\na@example.org,Cork\n", {"0": "email", "1": "new:text"})
    with account_scope(account):
        CustomField.objects.create(key="city", label="City", type=Kind.NUMBER)

    finish(account, run)

    with account_scope(account):
        assert Contact.objects.get().values == {"city_2": "Cork"}


def test_what_a_check_made_ready_goes_with_the_file(account):
    run = checked(account, "Email,City\na@example.org,Cork\n", {"0": "email"})
    with account_scope(account):
        importing.cancel_import(run=run, now=NOW)

    assert import_files.rows_path(run).parent.exists()
    assert list(importing.file_of(run).parent.iterdir()) == []


def test_planner_is_told_of_an_account_that_grew_unseen(account):
    other = make_member().account
    fill = (
        "INSERT INTO contacts_contact (account_id, email, email_hash, source, tracking_off)"
        " SELECT %(account)s, n || '@example.org', sha256(n::text::bytea), 'import', false"
        " FROM generate_series(1, %(rows)s) n"
    )
    for each, rows in ((other, 200), (account, 2_000)):
        with account_scope(each), connection.cursor() as cursor:
            cursor.execute(fill, {"account": each.pk, "rows": rows})
        if each is other:
            statistics.refresh()
    with account_scope(account), connection.cursor() as cursor:
        before = statistics._expected(cursor, account.pk)

    statistics.refresh_if_blind(account_id=account.pk)

    with account_scope(account), connection.cursor() as cursor:
        assert (before < 100, statistics._expected(cursor, account.pk) > 1_000) == (True, True)
