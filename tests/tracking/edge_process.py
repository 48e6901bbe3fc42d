"""The edge as a process of its own, and a gate before PostgreSQL that can be shut."""

import http.client
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import connection


class Gate:
    """Stands between the edge and PostgreSQL: open, shut (refuses) or silent (takes all and says nothing)."""

    def __init__(self, target):
        self.folder = Path(tempfile.mkdtemp(prefix="gate"))
        self._target = target
        self._pairs = []
        self._lock = threading.Lock()
        self.mode = "open"
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.folder / ".s.PGSQL.5432"))
        self._server.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, mode):
        self.mode = mode
        if mode == "shut":
            with self._lock:
                pairs, self._pairs = self._pairs, []
            for pair in pairs:
                _close(*pair)

    def close(self):
        self.set("shut")
        self._server.close()
        shutil.rmtree(self.folder)

    def _accept(self):
        while True:
            try:
                inner, _ = self._server.accept()
            except OSError:
                return
            if self.mode == "shut":
                inner.close()
                continue
            outer = socket.socket(socket.AF_UNIX)
            outer.connect(self._target)
            with self._lock:
                self._pairs.append((inner, outer))
            for a, b in ((inner, outer), (outer, inner)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                while self.mode == "silent":
                    time.sleep(0.02)
                sink.sendall(data)
        _close(source, sink)


def _close(*sockets):
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


class EdgeProcess:
    """One running edge and how tests talk to it."""

    def __init__(self, *, database_url, spool, full_disk=False, **environment):
        self.spool = spool
        self._environment = {
            **os.environ,
            "EDGE_DATABASE_URL": database_url,
            "DATABASE_URL": database_url,
            "SPOOL_DIR": str(spool),
            "CONTENT_URL": "http://content.test",
            "TRUSTED_PROXIES": "1",
            **environment,
        }
        self._full_disk = full_disk
        self.port = _free_port()
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "1", "--no-ws", "--log-level", "warning"]
        self.process = subprocess.Popen(
            [*command, "tracking.edge.app:app"],
            env=self._environment,
            cwd=settings.BASE_DIR,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_no_room if self._full_disk else None,  # noqa: PLW1509  # sets a limit, takes no lock
        )
        until = time.monotonic() + 120
        while True:
            assert time.monotonic() < until, "the edge did not start"
            assert self.process.poll() is None, "the edge ended"
            with suppress(OSError):
                assert self.get("/healthz").status == 200
                return
            time.sleep(0.05)

    def kill(self):
        """Kill every process of it, as the kernel would."""
        os.killpg(self.process.pid, 9)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def ask(self, method, path, body=None, headers=None):
        """Return the answer, read, redirects not followed."""
        http_connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            http_connection.request(
                method, path, body, {"User-Agent": "Mozilla/5.0 (X11) Firefox/140.0", **(headers or {})}
            )
            answer = http_connection.getresponse()
            answer.body = answer.read()
            return answer
        finally:
            http_connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers=headers)

    def one_click(self, token, encoding="urlencoded"):
        if encoding == "urlencoded":
            kind, body = "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"
        else:
            kind = "multipart/form-data; boundary=ab"
            body = '--ab\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--ab--\r\n'
        return self.ask("POST", f"/u/{token}", body, {"Content-Type": kind})

    def metric(self, name):
        lines = self.get("/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _no_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def edge_url(host=None):
    """Return the address of the test database for the edge's role."""
    parts = urlsplit(settings.EDGE_DATABASE_URL)
    name = connection.settings_dict["NAME"]
    host = host or parse_qs(parts.query)["host"][0]
    return f"postgresql://{parts.netloc.rpartition('@')[0]}@/{name}?host={host}"


@contextmanager
def gated():
    """Give a gate before the embedded PostgreSQL."""
    host = parse_qs(urlsplit(settings.EDGE_DATABASE_URL).query)["host"][0]
    gate = Gate(f"{host}/.s.PGSQL.5432")
    try:
        yield gate
    finally:
        gate.close()


@contextmanager
def running(**options):
    """Give a started edge."""
    edge = EdgeProcess(**options)
    edge.start()
    try:
        yield edge
    finally:
        edge.stop()
