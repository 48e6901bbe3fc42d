"""Start, share and stop the embedded servers of one VAR_DIR: `python -m dev.servers env|start|stop|reset`.

Any number of processes may want them at once: a lock lets one of them start or stop at a time, and each user
holds a share of another lock, so that only the last one to leave stops the servers. The kernel frees both locks when a
process dies, so nothing has to be repaired after `kill -9`.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from dev import keys, places
from dev.embedded_postgres import OWNER, EmbeddedPostgres
from dev.embedded_redis import EmbeddedRedis
from dev.locks import Shared, exclusive
from dev.problems import Problem

SECRET_SETTINGS = ("SECRET_KEY", "ENCRYPTION_KEYS", "TOKEN_KEYS", "ADDRESS_HASH_KEY")

# All that is ever written into a VAR_DIR, so that resetting one removes no file of anybody else's.
WRITTEN_NAMES = frozenset({
    "beat", "bench", "demo", "journal", "ledger", "log", "mailbox", "media", "postgres", "postgres.new",
    "postgres.password", "redis", "runner.lock", "screenshots", "secrets.env", "secrets.new", "servers.lock",
    "servers.users", "sockets", "spool", "stack.env", "static", "test",
})  # fmt: skip


class Servers:
    """The embedded servers under `var`, as one process uses them."""

    def __init__(self, *, var: Path, unsafe: bool = False, postgres: bool = True, redis: bool = True) -> None:
        self._lock_path = places.make_folder(var) / "servers.lock"
        self._users_path = var / "servers.users"
        with exclusive(self._lock_path):
            self.secrets = keys.read_or_make(var)
        self._postgres = EmbeddedPostgres(var=var, passwords=self.secrets, unsafe=unsafe) if postgres else None
        self._redis = EmbeddedRedis(var=var) if redis else None
        self._share: Shared | None = None

    def start(self, *, hold: bool = True) -> None:
        """Start what does not run yet; with `hold` they stay until this process stops using them or ends."""
        with exclusive(self._lock_path):
            if hold and self._share is None:
                self._share = Shared(self._users_path)
            for server in (self._postgres, self._redis):
                if server is not None:
                    server.start()

    def revive(self) -> list[str]:
        """Start again what has no process left, and return its names; a server that recovers by itself is left alone."""
        with exclusive(self._lock_path):
            gone = [server for server in (self._postgres, self._redis) if server is not None and server.is_gone()]
            for server in gone:
                server.start()
            return [server.name for server in gone]

    def stop(self) -> bool:
        """Stop using the servers, and stop them if nobody else uses them; return whether they were stopped."""
        with exclusive(self._lock_path):
            share, self._share = self._share or Shared(self._users_path), None
            if not share.release():
                return False
            for server in (self._redis, self._postgres):
                if server is not None:
                    server.stop()
            return True

    def env(self) -> dict[str, str]:
        """Return the settings that lead to these servers, and the secrets that go with their data."""
        found = {name: self.secrets[name] for name in SECRET_SETTINGS}
        if self._postgres is not None:
            url = self._postgres.url
            found |= {
                "DATABASE_URL": url(user="ec_app", password=self.secrets["APP_PASSWORD"]),
                "DATABASE_OWNER_URL": url(user=OWNER, password=self.secrets["OWNER_PASSWORD"]),
                "EDGE_DATABASE_URL": url(user="ec_edge", password=self.secrets["EDGE_PASSWORD"]),
            }
        if self._redis is not None:
            found["REDIS_URL"] = self._redis.url()
        return found


def for_environment(*, var: Path, unsafe: bool = False) -> Servers:
    """Return the servers under `var` that the environment does not already name by URL."""
    return Servers(
        var=var,
        unsafe=unsafe,
        postgres=not os.environ.get("DATABASE_URL"),
        redis=not os.environ.get("REDIS_URL"),
    )


def reset(var: Path) -> None:
    """Stop what runs under `var`, then remove what EmailConcert wrote there, and nothing else.

    Raises `Problem` when somebody still uses the servers.
    """
    if (var / keys.FILE_NAME).exists() and not Servers(var=var).stop():
        raise Problem(f"Something still runs in {var}: stop it (Ctrl-C in its window), then reset again.")
    if not var.exists():
        return
    shutil.rmtree(places.socket_dir(var), ignore_errors=True)
    for entry in list(var.iterdir()):
        if var != places.ROOT / "var" and entry.name not in WRITTEN_NAMES:
            continue  # somebody chose a folder that holds more than ours
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not any(var.iterdir()):
        var.rmdir()


def main(arguments: list[str]) -> None:
    """Carry out one command of `python -m dev.servers`."""
    parser = argparse.ArgumentParser(prog="python -m dev.servers", description="The embedded PostgreSQL and Redis.")
    parser.add_argument("command", choices=("env", "start", "stop", "reset"))
    command = parser.parse_args(arguments).command
    var = places.var_dir()
    if command == "reset":
        reset(var)
        return
    servers = Servers(var=var)
    if command == "start":
        servers.start(hold=False)
    elif command == "stop":
        if not servers.stop():
            raise Problem(f"Somebody still uses the servers in {var}, so they run on.")
    else:
        print("\n".join(f"export {name}='{value}'" for name, value in servers.env().items()))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Problem as problem:
        sys.exit(str(problem))
