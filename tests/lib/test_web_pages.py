import time

import pytest

from emailconcert.lib.web import CannotAsk
from emailconcert.lib.web_pages import Getter, Known, TooLarge
from tests.campaigns.feed_server import getter, serving


@pytest.fixture
def server():
    with serving() as server:
        yield server


def test_a_page_is_got_and_asked_for_again_only_if_it_changed(server):
    server.body, server.etag = b"hello", '"one"'
    page = getter(server.url).get(server.url)

    assert (page.body, page.known.etag, page.is_same) == (b"hello", '"one"', False)
    again = getter(server.url).get(server.url, page.known)
    assert (again.body, again.known, again.is_same) == (b"", page.known, True)
    asked = server.asked[-1]
    assert (asked["User-Agent"], asked["If-None-Match"], asked["Accept-Encoding"]) == ("Test/1.0", '"one"', "identity")


def test_lines_of_an_earlier_answer_make_no_header(server):
    getter(server.url).get(server.url, Known("a\r\nX-Evil: 1"))

    assert server.asked[-1]["X-Evil"] is None


def test_no_more_is_read_than_is_taken(server):
    few = getter(server.url, most_bytes=100_000)
    server.pieces = [b"x" * 10_000] * 11
    with pytest.raises(TooLarge):
        few.get(server.url)
    server.pieces, server.body, server.headers = None, b"x", {"Content-Length": "50000000"}
    with pytest.raises(TooLarge):
        few.get(server.url)
    server.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(CannotAsk, match="compressed"):
        few.get(server.url)


def test_trouble_is_said(server):
    get = getter(server.url, seconds=0.4).get
    server.status = 404
    with pytest.raises(CannotAsk, match="it answers 404 Not Found"):
        get(server.url)
    server.status, server.headers = 302, {"Location": server.url}
    with pytest.raises(CannotAsk, match="redirects again and again"):
        get(server.url)
    server.headers = {"Location": "http://10.0.0.1/"}
    with pytest.raises(CannotAsk, match="port 80 is not one"):
        get(server.url)
    with pytest.raises(CannotAsk, match="private network"):
        Getter("Test/1.0", resolve=lambda host, seconds: ["127.0.0.1"]).get("http://feeds.test/")
    server.trickles = True
    began = time.monotonic()
    with pytest.raises(CannotAsk, match=r"no answer within 0\.4 seconds"):
        get(server.url)
    assert time.monotonic() - began < 2
