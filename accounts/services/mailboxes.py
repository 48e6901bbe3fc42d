"""How many mails that strangers can cause reach one mailbox."""

from emailconcert.lib import limits

_AN_HOUR, _A_DAY = (3, 3600), (10, 24 * 3600)


def may_mail(purpose: str, address: str) -> bool:
    """Count one mail of `purpose` (a constant: "sign up") to a mailbox; tell whether it may still be sent.

    Who causes it is told the same either way.
    """
    an_hour = limits.hit(f"{purpose}: mailbox", address, *_AN_HOUR)
    return an_hour and limits.hit(f"{purpose}: mailbox a day", address, *_A_DAY)
