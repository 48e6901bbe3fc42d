"""A mail as one person was sent it, for the page behind "View in browser"."""

from liquid.exceptions import LiquidError

from delivery.services import compiling
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope
from privacy.services import standing
from tracking.services.addressing import Addressed


class CannotShow(ExpectedError):
    """The mail, or the account that sent it, is not there any more."""


def mail_as_sent(*, addressed: Addressed, token: str) -> str:
    """Return the mail's HTML as it says it to this person.

    Only fields that the mail names are filled in, so a forwarded link shows what the forwarded mail showed. For people
    who were erased or whose data is restricted the fields stay empty. Raises `CannotShow`.
    """
    if addressed.account is None or addressed.mailing is None:
        raise CannotShow("This mail is not there any more.")
    with account_scope(addressed.account):
        values = {}
        contact = addressed.contact
        if contact is not None:
            digest = bytes(contact.email_hash)
            block = standing.blocked(account_id=addressed.account.pk, hashes=[digest]).get(digest)
            if block is None or block.kind == standing.Kind.SUPPRESSED:
                values = compiling.contact_values(contact)
        try:
            return compiling.mailing_as_seen(mailing=addressed.mailing, values=values, token=token)
        except (LiquidError, KeyError) as error:
            raise CannotShow("This mail cannot be shown.") from error
