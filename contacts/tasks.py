"""What workers do for contacts. State is in PostgreSQL: a task that is lost or doubled does no harm."""

from celery import shared_task
from django.utils import timezone

from contacts.services.bulk_actions import bulk, bulk_runs
from contacts.services.exports import export_runs, exporting
from contacts.services.imports import import_runs, importing


@shared_task(acks_late=True, ignore_result=True)
def run_import(*, account_id: int, import_id: int) -> None:
    """Work on one import for at most a minute and wake the next slice; a duplicate repeats nothing."""
    if import_runs.run_slice(account_id=account_id, import_id=import_id, clock=timezone.now):
        run_import.delay(account_id=account_id, import_id=import_id)


@shared_task(ignore_result=True)
def wake_imports() -> None:
    """Wake what waits: queued imports, and those whose worker was lost."""
    now = timezone.now()
    importing.drop_abandoned(now=now)
    for account_id, import_id in import_runs.due_imports(now=now):
        run_import.delay(account_id=account_id, import_id=import_id)


@shared_task(acks_late=True, ignore_result=True)
def run_bulk_action(*, account_id: int, action_id: int) -> None:
    """Work on one action for at most a minute and wake the next slice; a duplicate repeats nothing."""
    if bulk_runs.run_slice(account_id=account_id, action_id=action_id, clock=timezone.now):
        run_bulk_action.delay(account_id=account_id, action_id=action_id)


@shared_task(ignore_result=True)
def wake_bulk_actions() -> None:
    """Wake what waits: actions that are queued, and those whose worker was lost."""
    for account_id, action_id in bulk.due(now=timezone.now()):
        run_bulk_action.delay(account_id=account_id, action_id=action_id)


@shared_task(acks_late=True, ignore_result=True)
def run_export(*, account_id: int, export_id: int) -> None:
    """Write one export's file; a duplicate writes nothing."""
    export_runs.run(account_id=account_id, export_id=export_id, clock=timezone.now)


@shared_task(ignore_result=True)
def wake_exports() -> None:
    """Wake what waits, and destroy the files whose week is over."""
    now = timezone.now()
    exporting.expire(now=now)
    for account_id, export_id in exporting.due(now=now):
        run_export.delay(account_id=account_id, export_id=export_id)
