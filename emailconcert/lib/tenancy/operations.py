"""Migration operations that build the walls: policies, composite keys, grants.

They read the model as the migration knows it, so a model's walls are made with its table and can't be forgotten; the
test that walks all models finds one that was.
"""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from emailconcert.lib.tenancy.models import TenantForeignKey

OWN_ROWS = "account_id = NULLIF(current_setting('ec.account', true), '')::bigint"


def policies(table: str) -> list[str]:
    """Return the statements that put row-level security on a table with `account_id`."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} TO ec_app USING ({OWN_ROWS}) WITH CHECK ({OWN_ROWS})",
        f"CREATE POLICY platform ON {table} TO ec_platform USING (true) WITH CHECK (true)",
        f"CREATE POLICY segments ON {table} FOR SELECT TO ec_segments USING (true)",
        f"GRANT SELECT ON {table} TO ec_segments",
    ]


def platform_only(table: str) -> list[str]:
    """Return the statements that let nobody but the platform role touch a table."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY platform ON {table} TO ec_platform USING (true) WITH CHECK (true)",
    ]


def append_only(table: str, *roles: str) -> list[str]:
    """Return the statement that takes the right to change rows from the roles."""
    return [f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {', '.join(roles)}"]


def composite_key(table: str, column: str, target: str) -> str:
    """Return the statement that binds (account_id, column) to (account_id, id) of the target."""
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table[:40]}_{column[:16]}_same FOREIGN KEY (account_id, {column})"
        f" REFERENCES {target} (account_id, id) DEFERRABLE INITIALLY DEFERRED"
    )


class ProtectTables(Operation):
    """Put policies, UNIQUE (account_id, id) and composite foreign keys on the tables of these models."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, models: Sequence[str]) -> None:
        self.models = list(models)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return what writes it into a migration file."""
        return (self.__class__.__name__, [self.models], {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: the walls are the database's."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Build the walls: unique keys of all first, so that the models may point at each other."""
        found = [to_state.apps.get_model(app_label, name) for name in self.models]
        for model in found:
            table = model._meta.db_table
            schema_editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table[:50]}_own UNIQUE (account_id, id)")
            for statement in policies(table):
                schema_editor.execute(statement)
        for model in found:
            for statement in composite_keys(model):
                schema_editor.execute(statement)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Take the walls down again."""
        for name in self.models:
            model = from_state.apps.get_model(app_label, name)
            table = model._meta.db_table
            for field in tenant_keys(model):
                schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table[:40]}_{field.column[:16]}_same")
            for policy in ("tenant", "platform", "segments"):
                schema_editor.execute(f"DROP POLICY {policy} ON {table}")
            schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table[:50]}_own")

    def describe(self) -> str:
        """Say what it does in `migrate`'s output."""
        return f"Keep tenants apart in {', '.join(self.models)}"


def tenant_keys(model: type[models.Model]) -> list[TenantForeignKey]:
    """Return the foreign keys of a model that point at other tables of tenants."""
    return [field for field in model._meta.local_fields if isinstance(field, TenantForeignKey)]


def composite_keys(model: type[models.Model]) -> list[str]:
    """Return the statements that add a model's composite foreign keys."""
    statements = []
    for field in tenant_keys(model):
        target = field.remote_field.model._meta.db_table
        statements.append(composite_key(model._meta.db_table, field.column or "", target))
    return statements
