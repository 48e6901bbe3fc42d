"""Nothing that mail programs must not get is made by leaving something else out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.content.html import _DROPPED, _DROPPED_WITH_CONTENT, clean
from delivery.content.scan import scan

PIECES = (
    *("<", "<<", ">", "/", "</", "<!--", "-->", "<!", '"', "'", " ", "x", "a<b", "onload=x ", 'href="javascript:x"'),
    *("<form>", "</form>", "<svg>", "</svg>", "<script>", "</script>", "script>", "/script>", "iframe src=x>", "svg>"),
    *("<p>", "</p>", "<a ", "<style>", "</style>", "style>", "<title>", "</title>", "<input", "<b title=>"),
)


def cleaned(html):
    return clean(html, link=str, has_piece=lambda text: False)


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<<form>script>alert(1)<<form>/script>", "&lt;script>alert(1)&lt;/script>"),
        ("<p><<input>iframe src=x>", "<p>&lt;iframe src=x>"),
        ("<<svg></svg>style>p{}", "&lt;style>p{}"),
        ("2 < 3", "2 &lt; 3"),
        ("<b onload=x>" * 2, "<b>" * 2),
        ('<img src="javascript:x">' * 2, "<img>" * 2),
        ("<b><svg><b></svg><b>", "<b><b>"),
        ("</form<form>script>", "</form<form>script>"),  # closes a “form<form”, which there is none of
        ("<" * 9 + "<form>" * 9 + "script>", "&lt;" * 9 + "script>"),
    ],
)
def test_what_stands_beside_something_left_out_becomes_no_tag(html, left):
    assert cleaned(html).html == left


def test_what_comes_again_is_noted_and_counted_again():
    found = cleaned('<img src="javascript:x"><a href="https://a.example"></a>' * 2)
    assert len(found.notes) == 2
    assert found.html.count('href="1"') == 2
    assert cleaned("<i>" * 201).problems


@given(html=st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_cleaned_html_has_no_more_to_clean(html):
    found = cleaned(html)
    tags = {token.name for token in scan(found.html) if token.kind == "open"}
    assert not tags & (_DROPPED | _DROPPED_WITH_CONTENT)
    again = cleaned(found.html)
    assert again.html == found.html
    assert not any("left out" in note.message for note in again.notes)
