"""One row of any tenant model, made by looking at its fields; for tests that walk all models."""

from datetime import date, time

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils import timezone

from emailconcert.lib.tenancy import TenantForeignKey, TenantModel
from tests.factories import UserFactory

PK = 700_001
"""The key of every row that `make_rows` makes, so that one number leads to a row of any kind."""


def tenant_models():
    from django.apps import apps

    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def make_rows(account):
    """Make one row of each tenant model in `account` (its scope must be entered), all with the key `PK`."""
    user = UserFactory()
    for model in tenant_models():
        make_row(model, account=account, user=user, pk=PK)
    with connection.cursor() as cursor:
        cursor.execute("SELECT delivery_make_partition(%s)", [PK])
        cursor.execute(
            "INSERT INTO delivery_message (account_id, mailing_id, sequence, contact_id) VALUES (%s, %s, 1, %s)",
            [account.pk, PK, PK],
        )


def make_row(model, *, account, user, pk, **given):
    values = {"id": pk, "account_id": account.pk}
    for field in model._meta.concrete_fields:
        if field.name in given:
            values[field.attname] = given[field.name]
        elif field.attname not in values and (needed := _value(field, pk=pk, user=user)) is not None:
            values[field.attname] = needed
    row = model(**values)
    models.Model.save_base(row, force_insert=True)
    return row


def _value(field, *, pk, user):
    if isinstance(field, TenantForeignKey):
        return pk
    if isinstance(field, models.ForeignKey):
        return user.pk if field.related_model is type(user) and not field.null else None
    if field.null or field.has_default() or field.has_db_default() or field.choices:
        return field.choices[0][0] if field.choices and not field.null else None
    for kind, make in _MAKERS:
        if isinstance(field, kind):
            return make(field, pk)
    return None


def _text(field, pk):
    return f"made-{pk}"[: field.max_length or None]


_MAKERS = (
    (models.DateTimeField, lambda field, pk: timezone.now()),
    (models.DateField, lambda field, pk: date(2027, 3, 1)),
    (models.TimeField, lambda field, pk: time(9)),
    (models.BinaryField, lambda field, pk: str(field).encode()[:32].ljust(32, b"_")),
    (ArrayField, lambda field, pk: []),
    (models.JSONField, lambda field, pk: {}),
    (models.IntegerField, lambda field, pk: 1),
    (models.BooleanField, lambda field, pk: False),
    (models.CharField, _text),
    (models.TextField, _text),
)
