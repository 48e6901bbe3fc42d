"""What delivery does for lower apps: sends the mails they put into the outbox."""

from accounts.models import Outbox
from accounts.services import outbox
from delivery.services import single


@outbox.handles(Outbox.Kind.MAIL)
def send_mail(entry: outbox.Entry) -> None:
    """Send one service mail."""
    single.send_service_mail(entry)
