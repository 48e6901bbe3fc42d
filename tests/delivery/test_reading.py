"""Text that is read quickly is the text that inscriptis reads by itself."""

from hypothesis import given
from hypothesis import strategies as st
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from delivery.content.reading import as_text

PIECES = (
    *("<p>", "</p>", "<table>", "<tr>", "<td>", '<td valign="top">', "</td>", "<th>", "</tr>", "</table>", "<br>"),
    *("<ul>", "<ol>", "<li>", '<li value="5">', "</ul>", "</ol>", "<pre>", "</pre>", "<q>", "</q>", "<blockquote>"),
    *('<div style="MARGIN-TOP: 2em; white-space: pre; color: red">', "</div>", '<b style="display:none">', "</b>"),
    *('<div style="-webkit-margin-before:3em;padding-left: 16px; margin-bottom: auto; horizontal-align: right">',),
    *('<a href="https://x.example">', "</a>", "<!-- c -->", "<title>t</title>", "<style>p{}</style>", "<body>"),
    *("one  two ", "three", " ", "\n", "\xa0", "\u2003", "&amp;lt; ", "&nbsp;", "a\tb", "\x1c"),
)


@given(html=st.lists(st.sampled_from(PIECES), max_size=16).map("".join))
def test_text_is_that_of_inscriptis(html):
    config = ParserConfig(css=CSS_PROFILES["strict"], display_links=True)
    assert as_text(html) == get_text(html, config)


def test_words_in_cells_begin_at_the_left():
    table = "<table><tr><td>a long one</td><td>x</td></tr><tr><td{}>b</td><td>y</td></tr></table>"
    assert as_text(table.format(' align="right"')) == as_text(table.format("")) == "a long one  x\nb           y\n"


def test_what_all_readings_share_is_left_alone():
    body = CSS_PROFILES["strict"]["body"]
    before = body.canvas
    assert as_text("<body>x") == "x"
    assert body.canvas is before


def test_a_style_is_looked_through_once(monkeypatch):
    looked = []
    monkeypatch.setattr("delivery.content.reading._shows", looked.append)
    as_text('<p style="color: red">x</p>' * 50)
    assert looked == ["color: red"]
