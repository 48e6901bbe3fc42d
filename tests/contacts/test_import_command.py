"""`manage.py import_contacts`: its counts, its answers, and fields made on the way."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from contacts.models import Contact, CustomField, Import, Subscription
from emailconcert.lib.tenancy import account_scope
from tests.contacts.importing import COUNTS
from tests.contacts.importing import FILE as THEM
from tests.factories import make_cast

pytestmark = pytest.mark.django_db
FILE = (
    "Email,Bread a week,First visit,Notes,a=b\nzoe@example.org,3,2026-01-31,rye,blue\njo@example.org,4,2026-02-01,,\n"
)


@pytest.fixture
def account():
    return make_cast()[0].account


@pytest.fixture
def bring_in(account, tmp_path):
    path = tmp_path / "them.csv"
    path.write_text(FILE)

    def run(*more):
        call_command("import_contacts", str(path), "--account", account.slug, "--json", *more)
        with account_scope(account):
            fields = dict(CustomField.objects.values_list("key", "type"))
            return fields, Contact.objects.get(email="zoe@example.org").values

    return run


def test_columns_are_left_out_where_nothing_else_is_said(bring_in):
    assert bring_in() == ({}, {})


def test_columns_are_kept_as_new_fields_of_the_type_that_is_said_or_guessed(bring_in):
    fields, values = bring_in("--new", "bread a week=number", "--new", "First visit", "--new", "a=b")

    assert fields == {"bread_a_week": "number", "first_visit": "date", "ab": "text"}
    assert values == {"bread_a_week": 3, "first_visit": "2026-01-31", "ab": "blue"}


def test_a_column_that_is_not_there_is_told_with_those_that_are(account, bring_in):
    with pytest.raises(CommandError, match=r"no column “Shop=text”\. Its columns: Email, Bread a week"):
        bring_in("--new", "Shop=text")
    with account_scope(account):
        assert not CustomField.objects.exists()
        assert not Import.objects.filter(state="queued").exists()


def test_help_names_the_types(capsys):
    with pytest.raises(SystemExit):
        call_command("import_contacts", "--help")
    assert "Types: text, long_text, number, date" in " ".join(capsys.readouterr().out.split())


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
    path.write_text(THEM)

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
    path.write_text(THEM)

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
