"""What workers do for contacts. State is in PostgreSQL: a task that is lost or doubled does no harm."""

from celery import shared_task
from django.utils import timezone

from contacts.services import import_runs, importing


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
