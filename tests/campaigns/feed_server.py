"""A server of feeds on this machine, and a getter that may reach it."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from emailconcert.lib.web_pages import Getter

ITEM = """<item><guid isPermaLink="false">{key}</guid><title>{title}</title><link>https://blog.test/{key}</link>
<description>{summary}</description><pubDate>{date}</pubDate></item>"""


def rss(*items, title="The oven"):
    """Return a feed; each item is a key, or (key, title, summary)."""
    told = [(each, f"News {each}", f"About {each}") if isinstance(each, str) else each for each in items]
    made = [
        ITEM.format(key=key, title=name, summary=summary, date=f"Mon, 01 Mar 2027 09:{number:02}:00 GMT")
        for number, (key, name, summary) in zip(range(59, 0, -1), told, strict=False)
    ]
    head = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><link>https://blog.test/</link>'
    return f"{head}{''.join(made)}</channel></rss>".encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.headers)
        if server.trickles:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            server.released.wait(5)
            return
        if server.etag and self.headers["If-None-Match"] == server.etag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(server.status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        if server.etag:
            self.send_header("ETag", server.etag)
        self.end_headers()
        try:
            for piece in server.pieces or [server.body]:
                self.wfile.write(piece)
        except OSError:
            pass  # who asks hangs up on what is too large

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.status, server.body, server.etag, server.headers = [], 200, rss(), "", {}
    server.pieces, server.trickles, server.released = None, False, threading.Event()
    server.url = f"http://feeds.test:{server.server_address[1]}/news.xml"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def getter(url_or_port, **more):
    port = int(str(url_or_port).rpartition(":")[2].partition("/")[0])
    return Getter(
        "Test/1.0",
        resolve=lambda host, seconds: ["127.0.0.1"],
        is_allowed={"127.0.0.1"}.__contains__,
        ports=frozenset({port}),
        **more,
    )
