"""HTML is split in one pass, into no more stretches than it has."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.content.scan import scan

PIECES = (
    "<",
    "</",
    "<!--",
    "-->",
    "<!",
    "<?",
    ">",
    '"',
    "'",
    "=",
    " ",
    "x",
    "<a ",
    "</b>",
    "<style>",
    "</STYLE",
    '<i"j>',
)


@pytest.mark.parametrize(
    ("repeated", "stretches"),
    [("<", 1), ("</", 1), ("< ", 1), ("<<1>", 1), ("<a ", 1), ('<a"', 1), ("<a ''", 1), ("<!--", 1), ("<style>", 2)],
)
def test_what_begins_nothing_or_never_ends_is_one_stretch(repeated, stretches):
    html = repeated * 40_000
    found = list(scan(html))
    assert len(found) <= stretches
    assert "".join(token.text for token in found) == html


@given(html=st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_stretches_are_the_whole_text_in_order(html):
    found = list(scan(html))
    assert "".join(token.text for token in found) == html
    assert all(html.startswith(token.text, token.start) and token.text for token in found)
    assert not any(each.kind == other.kind == "text" for each, other in pairwise(found))
    assert not any(re.search(r"<(?:[!?a-zA-Z]|/[a-zA-Z])", token.text) for token in found if token.kind == "text")
