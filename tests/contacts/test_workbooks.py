import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.files import workbooks
from contacts.files.reading import CannotRead, Dialect, records


@pytest.fixture
def path(tmp_path):
    return tmp_path / "them.upload"


def save(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    book.save(path)


def everything(path, sheet=0):
    return list(workbooks.rows(path, sheet))


def test_cells_become_text(path):
    save(
        path,
        [
            ["Email", "Born", "Seen", "At", "Orders", "Half", "Post code", "Member", "Big"],
            [
                "zoe@example.org",
                date(1980, 2, 1),
                datetime(2026, 1, 2, 3, 4, 5),
                time(9, 30),
                12,
                1.5,
                "01069",
                True,
                10**11,
            ],
        ],
    )

    assert everything(path)[1] == [
        "zoe@example.org", "1980-02-01", "2026-01-02 03:04:05", "09:30:00", "12", "1.5", "01069", "yes", "100000000000",
    ]  # fmt: skip


def test_empty_rows_and_cells_keep_their_places(path):
    save(path, [["Email", None, "City"], [], [None, None, "Cork"], ["a@example.org"]])

    assert everything(path) == [["Email", "", "City"], [], ["", "", "Cork"], ["a@example.org"]]
    assert workbooks.first_rows(path, 0, count=2) == [["Email", "", "City"], ["", "", "Cork"]]


def test_sheets_are_named_and_chosen(path):
    save(path, [["a"]], [["b"]])

    assert workbooks.sheet_names(path) == ["Sheet 0", "Sheet 1"]
    assert everything(path, 1) == [["b"]]
    with pytest.raises(CannotRead, match="no such sheet"):
        everything(path, 2)


def test_sheet_as_csv_has_a_line_for_each_row(path, tmp_path):
    save(path, [["Email", "Note"], [], ["a@example.org", 'two\nlines, "quoted"']])

    assert workbooks.write_csv(path, 0, tmp_path / "x.csv") == 3
    found = [(record.line, record.cells) for record in records(tmp_path / "x.csv", Dialect("utf-8", ","))]
    assert found == [(1, ["Email", "Note"]), (3, ["a@example.org", 'two lines, "quoted"'])]


def test_formulas_are_taken_by_their_last_result_only(path):
    save(path, [["Email", "Sum"], ["a@example.org", "=1+1"]])

    assert everything(path)[1] == ["a@example.org"]


def change(path, name, old, new):
    """Change one part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    assert old in parts[name]
    parts[name] = parts[name].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in parts.items():
            archive.writestr(each, content)


def test_row_number_far_away_is_refused_before_the_rows_between(path):
    save(path, [["a"], ["b"]])
    change(path, "xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="999999999999"')

    with pytest.raises(CannotRead, match="more than 1,048,576 rows"):
        everything(path)


def test_too_many_columns_are_refused(path):
    save(path, [["x"] * 501])

    with pytest.raises(CannotRead, match="more than 500 columns"):
        everything(path)


def test_declared_entities_are_refused(path):
    save(path, [["a"]])
    change(path, "xl/worksheets/sheet1.xml", b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet')

    with pytest.raises(CannotRead, match="cannot be read"):
        everything(path)


def test_bomb_is_refused_before_it_is_unpacked(path):
    save(path, [["a"]])
    change(path, "xl/worksheets/sheet1.xml", b"</sheetData>", b" " * 64 * 1024 * 1024 + b"</sheetData>")

    with pytest.raises(CannotRead, match="unpacks to far more"):
        everything(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 1000, b""])
def test_what_is_no_workbook_is_refused_in_words(path, content):
    path.write_bytes(content)

    with pytest.raises(CannotRead, match="cannot be read"):
        workbooks.sheet_names(path)


def test_archive_of_something_else_is_refused_in_words(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")

    with pytest.raises(CannotRead, match="cannot be read"):
        workbooks.sheet_names(path)


ERRORS = {"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"}
_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=15
).filter(lambda text: not text.startswith("=") and "_x" not in text and text.strip() and text not in ERRORS)
_cell = (
    st.none() | _text | st.integers(-(10**12), 10**12) | st.booleans() | st.dates(date(1950, 1, 1), date(2100, 1, 1))
)


def shown(cell):
    if cell is None:
        return ""
    return ("yes" if cell else "no") if isinstance(cell, bool) else str(cell)


@given(rows=st.lists(st.lists(_cell, min_size=1, max_size=5), min_size=1, max_size=6))
def test_any_workbook_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.xlsx"
    save(path, rows)

    found = [row + [""] * 5 for row in everything(path)]
    wanted = [[shown(cell) for cell in row] + [""] * 5 for row in rows]
    while wanted and not any(wanted[-1]):
        wanted.pop()
    assert [row[:5] for row in found[: len(wanted)]] == [row[:5] for row in wanted]
