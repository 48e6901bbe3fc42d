"""Pictures in a bucket, at a server that speaks as much of S3 as they need."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest

from accounts.services.media import keeping, storing
from emailconcert.lib.storages import storage_from_url
from emailconcert.lib.tenancy import account_scope
from tests.accounts.pictures import picture
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db


def unchunked(body):
    """Return what came in pieces with their lengths (aws-chunked)."""
    found = b""
    while True:
        head, _, body = body.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if not size:
            return found
        found, body = found + body[:size], body[size + 2 :]


@pytest.fixture
def bucket():
    """The objects of a bucket, and the address that MEDIA_STORAGE would have."""
    objects = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_chunked = "aws-chunked" in self.headers.get("Content-Encoding", "")
            objects[self.path] = unchunked(body) if is_chunked else body
            self.answer(200, b"")

        def do_GET(self):
            body = objects.get(self.path)
            self.answer(404 if body is None else 200, body or b"")

        def do_HEAD(self):
            self.do_GET()

        def do_DELETE(self):
            objects.pop(self.path, None)
            self.answer(204, b"")

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Mon, 01 Mar 2027 12:00:00 GMT")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield objects, f"s3://key:secret@127.0.0.1:{server.server_port}/pictures?region=eu-central-1&tls=no"
    server.shutdown()
    server.server_close()


def test_pictures_are_kept_read_and_removed_in_a_bucket(bucket, settings):
    objects, url = bucket
    settings.STORAGES = {**settings.STORAGES, "media": storage_from_url(url)}
    account = make_member().account
    with account_scope(account):
        raw = picture("JPEG", size=(900, 600))
        media = keeping.keep(account=account, file=BytesIO(raw), name="Loaf", now=NOW).media

        folder = f"/pictures/library/{account.public_id}/"
        assert sorted(objects) == sorted(folder + name for name in media.file_names())
        read = {name: storing.read(account_key=account.public_id, file_name=name) for name in media.file_names()}
        assert {folder + name: body for name, body in read.items()} == objects
        assert all(body.startswith(b"\xff\xd8\xff") for body in read.values())
        assert storing.read(account_key=account.public_id, file_name="missing.jpg") is None
        del objects[folder + media.file_name()]
        assert not keeping.keep(account=account, file=BytesIO(raw), name="Loaf", now=NOW).is_new
        assert len(objects) == 3
        keeping.remove(media=media, now=NOW)
    assert objects == {}
