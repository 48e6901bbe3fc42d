"""One slot of a mailing, over SMTP or through a provider."""

from collections.abc import Callable

from delivery.models import Connection, Mailing
from delivery.services import providers, sending
from emailconcert.lib.tenancy import account_scope


def run_slot(
    *,
    account_id: int,
    mailing_id: int,
    seconds: float,
    should_yield: Callable[[], bool],
    should_cut: Callable[[], bool] = lambda: False,
) -> bool:
    """Send a mailing's batches for a while; True where there may be more to do."""
    with account_scope(account_id):
        kind = Mailing.objects.filter(pk=mailing_id).values_list("connection__kind", flat=True).first()
    run = providers.run_slot if kind == Connection.Kind.ANYMAIL else sending.run_slot
    return run(
        account_id=account_id, mailing_id=mailing_id, seconds=seconds, should_yield=should_yield, should_cut=should_cut
    )
