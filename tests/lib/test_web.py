import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from emailconcert.lib.network import is_public
from emailconcert.lib.web import Answer, Asker


class Handler(BaseHTTPRequestHandler):
    def _answer(self):
        self.server.asked.append((self.command, self.path, self.headers["Host"], self.headers["User-Agent"]))
        where = self.path.strip("/")
        if where == "slow":
            time.sleep(1)
        if where == "no-head" and self.command == "HEAD":
            where = "405"
        if where.startswith("to/"):
            self.send_response(302)
            self.send_header("Location", self.server.targets[where[3:]])
        else:
            self.send_response(int(where) if where.isdecimal() else 200)
        self.end_headers()

    do_HEAD = do_GET = _answer  # noqa: N815

    def log_message(self, *args):
        pass


@contextmanager
def serving(context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.targets, server.port = [], {}, server.server_address[1]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


def asker(server, *, resolve=lambda host, seconds: ["127.0.0.1"], allowed=("127.0.0.1",), **given):
    ports = frozenset({80, 443, server.port})
    return Asker("Test/1.0", resolve=resolve, is_allowed=allowed.__contains__, ports=ports, **given)


def test_addresses_answer_or_do_not(server):
    base, ask = f"http://shop.test:{server.port}", asker(server).ask
    server.targets |= {"good": "/fine", "round": "/to/round", "broken": "http://["}
    expected = {
        "/fine": Answer("answers"),
        "/no-head": Answer("answers"),
        "/to/good": Answer("answers"),
        "/404": Answer("dead", "404 Not Found"),
        "/500": Answer("dead", "500 Internal Server Error"),
        "/403": Answer("unclear", "403 Forbidden"),
        "/to/round": Answer("dead", "it redirects again and again"),
        "/to/broken": Answer("dead", "it redirects to what is no address"),
    }

    assert {path: ask(base + path) for path in expected} == expected
    methods = [method for method, path, *_ in server.asked if path == "/no-head"]
    assert methods == ["HEAD", "GET"]
    assert server.asked[0] == ("HEAD", "/fine", f"shop.test:{server.port}", "Test/1.0")
    assert sum(path == "/to/round" for _, path, *_ in server.asked) == 6


def test_nothing_private_is_connected_to(server):
    server.asked.clear()
    server.targets |= {
        "name": "http://inside.test/",
        "address": "http://10.0.0.1/",
        "port": "http://shop.test:25/",
        "file": "file:///etc/passwd",
        "mapped": "http://[::ffff:127.0.0.1]/",
    }
    names = {"shop.test": ["127.0.0.1"], "inside.test": ["192.168.1.1"], "both.test": ["127.0.0.1", "10.0.0.1"]}
    ask = asker(server, resolve=lambda host, seconds: names.get(host, [])).ask
    private = Answer("dead", "it leads into a private network")
    base = f"http://shop.test:{server.port}/to/"

    assert ask(base + "name") == private
    assert ask(base + "address") == private
    assert ask(base + "mapped") == private
    assert ask(base + "port") == Answer("dead", "port 25 is not one of the web")
    assert ask(base + "file") == Answer("dead", "the address can't be read")
    assert ask("http://both.test/") == private
    assert ask("http://nobody.test/") == Answer("dead", "there is no such host")
    assert ask("http://user:pass@/x") == Answer("dead", "the address can't be read")
    real = Asker("Test/1.0", resolve=lambda host, seconds: ["127.0.0.1"], ports=frozenset({server.port}))
    server.asked.clear()
    assert real.ask(f"http://shop.test:{server.port}/fine") == private
    assert server.asked == []


def test_a_name_that_changes_its_address_is_asked_at_the_one_that_was_judged(server):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    found = asker(server, resolve=lambda host, seconds: next(answers)).ask(f"http://shop.test:{server.port}/fine")

    assert found == Answer("answers")


def test_who_does_not_answer_in_time_is_not_waited_for(server):
    found = asker(server, seconds=0.3).ask(f"http://shop.test:{server.port}/slow")

    assert found == Answer("dead", "no answer within 0.3 seconds")


def test_a_certificate_is_checked_against_the_name(tmp_path):
    context, trusting, names = _certified(tmp_path, "shop.test")
    with serving(context) as server:
        ask = asker(server, context=trusting).ask
        assert ask(f"https://shop.test:{server.port}/fine") == Answer("answers")
        assert ask(f"https://other.test:{server.port}/fine") == Answer("dead", "its certificate is not valid")
    assert names == ["shop.test", "other.test"]


def _certified(folder, host):
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(certificate + private)
    context, names = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(path)
    context.sni_callback = lambda _socket, asked, _context: names.append(asked)
    return context, ssl.create_default_context(cadata=certificate.decode()), names


def test_only_addresses_of_the_internet_are_public():
    private = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3 224.0.0.1 240.0.0.1
        255.255.255.255 192.0.0.8 198.18.0.1 192.0.2.1 203.0.113.9 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 ff02::1
        fec0::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::a00:1 2002:7f00:1:: 2001:0:1::1 2001:db8::1 localhost x"""

    assert [each for each in private.split() if is_public(each)] == []
    assert all(map(is_public, ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]))
