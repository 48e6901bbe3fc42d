"""Create the database roles and their default grants."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from emailconcert.lib.tenancy.roles import role_statements


class Command(BaseCommand):
    """Connects as the owner of the database; running it again changes nothing but passwords."""

    help = "Create the roles ec_app, ec_edge, ec_segments and ec_platform, with passwords from the settings."
    requires_system_checks = ()
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing, in one transaction."""
        logins = {}
        for expected, url in (("ec_app", settings.DATABASE_URL), ("ec_edge", settings.EDGE_DATABASE_URL)):
            parts = urlsplit(url)
            if parts.username == expected:
                logins[expected] = unquote(parts.password or "")
        if "ec_app" not in logins:
            raise CommandError("DATABASE_URL must connect as ec_app; write postgresql://ec_app:PASSWORD@HOST/NAME.")
        create_roles(logins)
        if options["verbosity"]:
            self.stdout.write("Roles are in place.")


def create_roles(logins: dict[str, str]) -> None:
    """Create the roles over the default connection, which must be the owner's."""
    from django.db import transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7310)")
        cursor.execute("SELECT rolname FROM pg_roles")
        existing = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT current_user, current_database()")
        owner, database = cursor.fetchone()
        for statement in role_statements(owner=owner, database=database, logins=logins, existing=existing):
            cursor.execute(statement.as_string(cursor.connection))
