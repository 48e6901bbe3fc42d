"""Models whose rows belong to one account."""

from typing import Any, ClassVar, Self, TypeVar

from django.db import models

from emailconcert.lib.tenancy.scope import current_account_id, require_scope

M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet[M]):
    """A queryset that may only be made inside a scope."""

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        """Insert many, each given the account in scope where it has none."""
        objs = list(objs)
        for obj in objs:
            give_account(obj)
        return super().bulk_create(objs, *args, **kwargs)


class TenantManager(models.Manager[M]):
    """The manager of tenants' tables: raises `NoScope` outside an account's or the platform's scope."""

    def get_queryset(self) -> TenantQuerySet[M]:
        """Return the rows that the policy shows; the scope is checked when the query is made."""
        require_scope(self.model._meta.label)
        return TenantQuerySet(self.model, using=self._db)


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key between tables of tenants.

    Django makes no constraint for it: `ProtectTables` adds a composite one, (account_id, x_id) → (account_id, id), so
    that the database refuses a row that points into another account.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the constant out of migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


class TenantModel(models.Model):
    """A row of one account: bigint `id`, `account`, and UNIQUE (account_id, id) added by `ProtectTables`."""

    account = models.ForeignKey(
        "accounts.Account", on_delete=models.CASCADE, related_name="%(class)s_set", db_index=False
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save in the account in scope."""
        give_account(self)
        super().save(*args, **kwargs)


def give_account(obj: models.Model) -> None:
    """Set the account in scope on a new object that has none."""
    if getattr(obj, "account_id", None) is None:
        setattr(obj, "account_id", current_account_id())  # noqa: B010  # django-stubs knows no tenant here
