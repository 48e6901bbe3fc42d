import csv
import time
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.fields import STANDARD, Field
from contacts.fields.kinds import Kind
from contacts.files import columns, reading, rows, writing
from emailconcert.lib.addresses import BadAddress

TABLE = [
    ["E-Mail", "Vorname", "Notiz"],
    ["zoe@example.org", "Zoë", "sagt „hallo“"],
    ["jo@example.org", "Jörg", "Straße, Hof; Ecke"],
    ["al@example.org", "Ål", "zwei\nZeilen"],
]


def written(table, **options):
    buffer = StringIO(newline="")
    csv.writer(buffer, **options).writerows(table)
    return buffer.getvalue()


def read(path):
    return [record.cells for record in reading.records(path, reading.detect(path))]


@pytest.mark.parametrize("delimiter", list(reading.DELIMITERS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("lineterminator", ["\n", "\r\n"])
def test_table_is_read_back_in_every_dialect(tmp_path, delimiter, encoding, lineterminator):
    path = tmp_path / "contacts.csv"
    text = written(TABLE, delimiter=delimiter, lineterminator=lineterminator)
    path.write_bytes(text.encode(encoding))

    assert read(path) == TABLE


@pytest.mark.parametrize(
    ("code_page", "cells"),
    [
        ("cp1251", ["Наталья Сергеевна", "Нижний Новгород"]),
        ("cp1250", ["Bożena Dąbrowska-Kozłowska", "Gdańsk, Dąbrówka Wielka, Kraków"]),
        ("cp1252", ["Günther Weiß", "Köln"]),
        ("cp932", ["山田太郎さん", "東京都"]),
    ],
)
def test_national_code_page_is_detected(tmp_path, code_page, cells):
    path = tmp_path / "contacts.csv"
    table = [["Email", "Name", "City"], *[[f"p{n}@example.org", *cells] for n in range(20)]]
    path.write_bytes(written(table, delimiter=";").encode(code_page))

    assert read(path) == table


def test_line_that_names_the_separator_is_skipped_and_counted(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text("sep=|\nEmail|Name\n\nzoe@example.org|Zoe\n")

    dialect = reading.detect(path)

    assert [(record.line, record.cells) for record in reading.records(path, dialect)] == [
        (2, ["Email", "Name"]),
        (4, ["zoe@example.org", "Zoe"]),
    ]


def test_lines_are_those_on_which_records_begin(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text('Email,Note\na@example.org,"one\ntwo"\n,\nb@example.org,x\n')

    assert [record.line for record in reading.records(path, reading.detect(path))] == [1, 2, 5]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\xd0\xcf\x11\xe0rest", "old format"),
        (b"\x00\x01\x02abc" * 20 + b"text" * 100, "not a text file"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, content, sentence):
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)

    with pytest.raises(reading.CannotRead, match=sentence):
        reading.detect(path)


def test_cell_that_nearly_is_an_address_takes_no_time():
    started = time.process_time()

    assert not reading.ADDRESS.match("a@" + "." * 200_000 + "@")
    assert not reading.ADDRESS.match("a@" + "b." * 100_000 + "@")
    assert not reading.ADDRESS.match("a@b.c" + " " * 200_000 + "x")
    assert time.process_time() - started < 1


def test_row_of_too_many_columns_is_refused_in_words(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text("Email,Name\nzoe@example.org,Zoe\n" + "," * 500 + "\n")

    with pytest.raises(reading.CannotRead, match="Line 3 has more than 500 columns"):
        read(path)

    path.write_text("Email" + ",Name" * 499 + "\nzoe@example.org\n")
    assert len(read(path)[0]) == 500


@pytest.mark.parametrize("row", ["x," * 1_100_000, ("x" * 1000 + ",") * 2100, '"' + ("x" * 1000 + '","\n') * 2200])
def test_row_over_2_mb_is_refused_in_words_before_it_is_joined(tmp_path, row):
    path = tmp_path / "contacts.csv"
    small = "zoe@example.org," + "x" * 900_000 + "\n"
    path.write_text("Email,Name\n" + small * 3 + row)

    with pytest.raises(reading.CannotRead, match="row that begins on line 5 is larger than 2 MB"):
        read(path)


def test_quote_that_is_never_closed_is_named(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text('Email,Note\na@example.org,ok\nb@example.org,"never closed\n' + "x@example.org,y\n" * 100_000)

    with pytest.raises(reading.CannotRead, match="line 3"):
        list(reading.records(path, reading.detect(path)))


_cell = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\x00"), max_size=12)
_row = st.tuples(st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.org", fullmatch=True), _cell, _cell)


@given(
    table=st.lists(_row, min_size=3, max_size=12),
    delimiter=st.sampled_from(list(reading.DELIMITERS)),
    lineterminator=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_with_addresses_is_read_back(tmp_path_factory, table, delimiter, lineterminator, quoting, encoding):
    path = tmp_path_factory.getbasetemp() / "dialects.csv"
    rows = [["Email", "First", "Note"], *(list(row) for row in table)]
    text = written(rows, delimiter=delimiter, lineterminator=lineterminator, quoting=quoting)
    path.write_bytes(text.encode(encoding))

    assert read(path) == rows


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        (
            ["Correo electrónico", "Fecha de nacimiento", "Teléfono", "País"],
            ["email", "date_of_birth", "phone", "country"],
        ),
        (["Email Address", "First Name", "Last Name", "TAGS"], ["email", "first_name", "last_name", "tags"]),
        (["E-Mail-Adresse", "Vorname", "Nachname", "Ort"], ["email", "first_name", "last_name", ""]),
        (["Prénom", "Nom de famille", "Adresse e-mail"], ["first_name", "last_name", "email"]),
        (["Correo electrónico", "Nombre", "Apellidos"], ["email", "first_name", "last_name"]),
        (["Name", "Full name", "e_mail"], ["name", "", "email"]),
        (["Lieblingskuchen", "Mail"], ["field:cake", "email"]),
    ],
)
def test_columns_are_guessed_from_their_heads(heads, expected):
    found = columns.guess(heads, [], own={"cake": "Lieblingskuchen"})

    assert [column.guess for column in found] == expected


def test_columns_without_a_telling_head_are_guessed_from_cells():
    found = columns.guess(
        ["A", "Land", "", "B"],
        [["xy", "DE", "a@example.org", "+353 86 123 4567"], ["y", "Deutschland", "b@example.org", "0049 30 123456"]],
        own={},
    )

    assert [(column.head, column.guess) for column in found] == [
        ("A", "new:text"), ("Land", "country"), ("Column 3", "email"), ("B", "phone"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12", "1,234.5", "-3"], "new:number"),
        (["01069", "10115"], "new:text"),
        (["1234567890123456"], "new:text"),
        (["yes", "No", "ja"], "new:boolean"),
        (["2026-11-30", "30.11.2026"], "new:date"),
        (["2026-11-30 14:00", "2026-12-01T08:30:00Z"], "new:datetime"),
        (["https://example.org/a", "www.example.org"], "new:url"),
        (["one\ntwo"], "new:long_text"),
        (["2026-11-30", "soon"], "new:text"),
        ([], ""),
    ],
)
def test_new_field_has_the_type_of_its_cells(cells, expected):
    assert columns.new_field(cells) == expected


@pytest.mark.parametrize(
    ("head", "cells", "expected"),
    [
        ("Sprache", ["Deutsch", "fr"], "language"),
        ("Languages", ["JavaScript, PHP", "Python"], "new:text"),
        ("Geburtstag", ["01.02.1980", "1999-12-31"], "date_of_birth"),
        ("Birthday", ["02/01", "12/31"], "new:text"),
        ("Status", ["subscribed", "Cleaned", "abgemeldet"], "status"),
        ("Status", ["gold", "silver"], "new:text"),
        ("E-Mail Opt Out", ["0", "1"], "opted_out"),
    ],
)
def test_head_is_believed_only_where_the_cells_bear_it_out(head, cells, expected):
    found = columns.guess(["Email", head], [[f"p{n}@example.org", cell] for n, cell in enumerate(cells)], own={})

    assert found[1].guess == expected


@pytest.mark.parametrize(
    ("dates", "default", "expected"),
    [
        (["11/30/2026"], True, False),
        (["30/11/2026"], False, True),
        (["03/04/2026"], True, True),
        (["03/04/2026"], False, False),
    ],
)
def test_order_of_day_and_month_is_told_by_the_dates_that_can(dates, default, expected):
    assert columns.says_day_first([[each] for each in dates], default=default) is expected


FIELDS = {field.name: field for field in STANDARD} | {
    "field:city": Field("field:city", "City", Kind.TEXT),
    "field:size": Field("field:size", "Size", Kind.NUMBER),
    "field:since": Field("field:since", "Since", Kind.DATE),
}


def read_row(mapping, cells, **more):
    return rows.reader(mapping, FIELDS, **more)(cells)


def test_row_is_read_by_its_mapping():
    mapping = {
        "0": "name",
        "1": "email",
        "2": "tags",
        "3": "field:city",
        "4": "country",
        "5": "field:size",
        "6": "phone",
    }
    cells = ["Berg,  Zoe", " ZOE@Example.org", "vip; new,vip", " New\nYork ", "Germany", "1.234,5", "086 123 4567"]

    copied = read_row(mapping, cells, region="IE").copied

    assert copied.split("\t") == [
        "zoe@example.org",
        "Zoe",
        "Berg",
        "DE",
        "+353861234567",
        '{"city":"New York","size":1234.5}',
        '{"vip","new"}',
    ]


@pytest.mark.parametrize(("day_first", "expected"), [(True, "2026-04-03"), (False, "2026-03-04")])
def test_dates_are_read_in_the_order_that_was_chosen(day_first, expected):
    row = read_row({"0": "email", "1": "field:since"}, ["zoe@example.org", "3/4/2026"], day_first=day_first)

    assert row.copied == f'zoe@example.org\t{{"since":"{expected}"}}'


@pytest.mark.parametrize(
    ("target", "text", "standing"),
    [
        ("status", "subscribed", "subscribed"),
        ("status", "Cleaned", "bounced"),
        ("status", "blocklisted", "unsubscribed"),
        ("status", "désabonné", "unsubscribed"),
        ("status", "Marked as spam", "complained"),
        ("status", "unconfirmed", "aside"),
        ("status", "Non-marketing contact", "aside"),
        ("opted_out", "2024-02-01 09:00:00", "unsubscribed"),
        ("opted_out", "true", "unsubscribed"),
        ("opted_out", "No", "subscribed"),
        ("bounced", "UNKNOWN_USER", "bounced"),
        ("bounced", "false", "subscribed"),
    ],
)
def test_what_the_file_says_of_a_persons_standing_is_understood(target, text, standing):
    person = read_row({"0": "email", "1": target, "2": "first_name"}, ["zoe@example.org", text, "Z" * 200][:2])

    assert person.standing == standing


def test_the_worst_of_several_columns_counts():
    mapping = {"0": "email", "1": "status", "2": "opted_out", "3": "bounced"}

    assert read_row(mapping, ["zoe@example.org", "subscribed", "yes", "yes"]).standing == "unsubscribed"


@pytest.mark.parametrize(
    ("cells", "error", "sentence"),
    [
        (["", "Zoe"], rows.BadRow, "no email address"),
        ([], rows.BadRow, "no email address"),
        (["zoe at home", "Zoe"], BadAddress, "zoe at home"),
        (["zoe@example.org", "Z" * 101], rows.BadRow, "Vorname: This is longer than 100"),
        (["zoe@example.org", "Zoe", "many"], rows.BadRow, "Column 3: “many” is not a number"),
        (["zoe@example.org", "Zoe", "", "hmm"], rows.BadRow, "“hmm” is not a status"),
    ],
)
def test_row_that_cannot_be_taken_says_why(cells, error, sentence):
    mapping = {"0": "email", "1": "first_name", "2": "field:size", "3": "status"}
    with pytest.raises(error, match=sentence):
        read_row(mapping, cells, heads=["Mail", "Vorname"])


@given(st.text(max_size=20))
def test_no_written_cell_begins_a_formula(text):
    assert not writing.neutral(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
