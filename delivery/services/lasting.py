"""Commits that a crash of the database must not undo, however it is set: what is claimed here leaves the house."""

from django.db import connection

# Only ever to more than the server's default: a stricter one, as with replicas, stays.
_WAIT = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"


def must_last() -> None:
    """Let the commit of the open transaction wait until it is on disk.

    A claim that is forgotten would be sent twice; outcomes that are forgotten have no journal any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAIT)
