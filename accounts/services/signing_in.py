"""What is written down when somebody signs in, or fails to."""

from datetime import datetime, timedelta

from accounts.models import User
from accounts.services import auditing
from emailconcert.lib import addresses, limits
from emailconcert.lib.errors import ExpectedError

PASSWORD_AGE = timedelta(days=365)


class TooManyAttempts(ExpectedError):
    """Too many attempts from this network or at this address."""

    def __init__(self) -> None:
        super().__init__("Too many attempts. Wait a few minutes, then try again.")


def check_rate(*, email: str, address: str) -> None:
    """Count an attempt by network address and by email address. Raises `TooManyAttempts`."""
    by_network = limits.hit("sign in: network", address, 60, 300)
    by_email = limits.hit("sign in: address", addresses.as_looked_up(email), 100, 3600)
    if not (by_network and by_email):
        raise TooManyAttempts


def record_failure(*, email: str, network: str, now: datetime) -> None:
    """Write a failed sign-in down, in a transaction of its own: in the audit log of the profile's account if any.

    Known and unknown addresses cost the same: one look-up and one entry. The typed address is not kept.
    """
    user = User.objects.filter(email=addresses.as_looked_up(email)).first()
    auditing.record(
        action="sign_in.failed",
        actor=auditing.Actor(user_id=user.pk if user else None, name=user.name if user else "", network=network),
        now=now,
        account_id=user.last_account_id if user else None,
        target=("profile", user.pk) if user else None,
    )


def record_success(*, user: User, network: str, with_second_factor: bool, now: datetime) -> None:
    """Write a sign-in down."""
    auditing.record(
        action="sign_in.succeeded",
        actor=auditing.actor_for(user, network=network),
        now=now,
        account_id=user.last_account_id,
        target=("profile", user.pk),
        details={"second_factor": with_second_factor},
    )


def should_change_password(user: User, *, now: datetime) -> bool:
    """Tell whether the password is older than a year."""
    return user.password_changed_at is not None and user.password_changed_at < now - PASSWORD_AGE
