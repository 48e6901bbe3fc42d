"""Replaying this host's spool from a worker, so that no batch is claimed while an opt-out still waits in it."""

from pathlib import Path
from typing import Any, cast

import psycopg
from django.conf import settings
from django.db import connection

from tracking.edge import spool


def replay_spool() -> int:
    """Replay what edges on this host could not commit; return how many events there were."""
    folder = Path(settings.SPOOL_DIR)
    if not folder.is_dir() or next(folder.glob("*.spool"), None) is None:
        return 0
    connection.ensure_connection()
    return spool.replay_all(cast("psycopg.Connection[Any]", connection.connection), folder)
