"""The database roles, as statements that the owner runs (`manage.py create_roles`); safe to run again.

ec_app      what web and workers connect as: row-level security applies, neither owner nor superuser
ec_edge     what the tracking edge connects as: inserts into the inbox, reads links
ec_platform entered with SET LOCAL ROLE for the platform's own named work
ec_segments entered with SET LOCAL ROLE for reading segments

Works on managed PostgreSQL: the owner needs CREATEROLE, nothing more.
"""

from psycopg import sql

_GROUP_ROLES = ("ec_platform", "ec_segments")


def role_statements(*, owner: str, database: str, logins: dict[str, str], existing: set[str]) -> list[sql.Composable]:
    """Return the statements; `logins` gives the password of ec_app and ec_edge, `existing` the roles there are."""
    statements: list[sql.Composable] = []
    for name, password in logins.items():
        verb = "ALTER" if name in existing else "CREATE"
        statements.append(
            sql.SQL("{} ROLE {} LOGIN NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                sql.SQL(verb), sql.Identifier(name), sql.Literal(password)
            )
        )
    for name in _GROUP_ROLES:
        if name not in existing:
            statements.append(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        statements.append(sql.SQL("GRANT {} TO ec_app WITH INHERIT FALSE, SET TRUE").format(sql.Identifier(name)))
    everyone = sql.SQL("ec_app, ec_platform")
    mine = sql.Identifier(owner)
    statements += [
        sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO ec_app, ec_edge").format(sql.Identifier(database)),
        sql.SQL("GRANT USAGE ON SCHEMA public TO ec_app, ec_edge, ec_platform, ec_segments"),
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
        ).format(mine, everyone),
        sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}").format(
            mine, everyone
        ),
    ]
    return statements
