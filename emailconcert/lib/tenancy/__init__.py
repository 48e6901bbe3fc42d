"""Keeping tenants apart: the scope in Python, the policies in PostgreSQL.

`scope` says whose rows may be touched, `models` makes models that need a scope, `operations` are the migration
operations that put policies, composite keys and grants on their tables.
"""

from emailconcert.lib.tenancy.models import TenantForeignKey, TenantManager, TenantModel
from emailconcert.lib.tenancy.scope import (
    NoScope,
    ScopeConflict,
    account_scope,
    current_account_id,
    in_platform_scope,
    platform_scope,
    segment_scope,
    user_scope,
)

__all__ = [
    "NoScope",
    "ScopeConflict",
    "TenantForeignKey",
    "TenantManager",
    "TenantModel",
    "account_scope",
    "current_account_id",
    "in_platform_scope",
    "platform_scope",
    "segment_scope",
    "user_scope",
]
